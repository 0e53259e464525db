"""A season from the replica site through headless Chromium into PostgreSQL, compared with the truth cell by cell.

`scripts/bench scrape --teams 20` collects 380 matches at no pace; `--faults 0.1` lets that share of the requests fail,
in every way, and `--kills 20` kills the collection at so many random moments. Whatever happens, the same has to stand
in the database in the end. `--embedded` stores in SQLite.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "replica")]

import postgres  # noqa: E402
import replica_server  # noqa: E402
import season  # noqa: E402

OVER = datetime(2026, 6, 30, tzinfo=UTC)


@contextmanager
def a_database(embedded: bool, folder: Path) -> Iterator[str]:
    """Address of an empty database."""
    if embedded:
        yield f"sqlite:///{folder / 'touchline.db'}"
        return
    with postgres.server() as server:
        yield server.format(database="postgres")


def main() -> None:
    """Collect, disturb, compare, print."""
    options = _options()
    with (
        tempfile.TemporaryDirectory(prefix="touchline-scrape-") as name,
        a_database(options.embedded, Path(name)) as address,
        replica_server.running(teams=options.teams, now=OVER) as replica,
    ):
        season.disturb(replica, options.faults)
        begun = time.perf_counter()
        environ = season.environment(Path(name) / "home", address, replica.url)
        found = season.until_done(environ, options.kills, options.longest, options.seed)
        found["seconds"] = round(time.perf_counter() - begun, 1)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        found["processor seconds"] = round(used.ru_utime + used.ru_stime, 1)
        found |= season.compared(address, replica)
    print(json.dumps(found, indent=1))
    if found["differences"]:
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teams", type=int, default=20, help="20 play 380 matches, 6 play 30")
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that fail, of every kind alike")
    parser.add_argument("--kills", type=int, default=0, help="how often the collection is killed")
    parser.add_argument("--longest", type=float, default=20.0, help="seconds until the latest death")
    parser.add_argument("--seed", type=int, default=7, help="of the moments of death")
    parser.add_argument("--embedded", action="store_true", help="SQLite in place of PostgreSQL")
    return parser.parse_args()


if __name__ == "__main__":
    main()
