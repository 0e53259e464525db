"""A season from the replica site through headless Chromium into PostgreSQL, compared with the truth cell by cell.

`scripts/bench scrape --teams 20` collects 380 matches at no pace; `--faults 0.1` lets that share of the requests fail,
in every way, and `--kills 20` kills the collection at so many random moments. Whatever happens, the same has to stand
in the database in the end. `--embedded` stores in SQLite.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "replica")]

import postgres  # noqa: E402
import replica_server  # noqa: E402
import replica_stored  # noqa: E402
import replica_walk  # noqa: E402
from replica_faults import KINDS  # noqa: E402
from touchline.adapters.database import connect  # noqa: E402

OVER = datetime(2026, 6, 30, tzinfo=UTC)
AGAIN = 200
"""Collections at most until nothing is left."""
SEASON = "2025-26"
COMMAND = ("scrape", "--source", "whoscored", "--competition", "England Premier League", "--season", SEASON)


@contextmanager
def a_database(embedded: bool, folder: Path) -> Iterator[str]:
    """Address of an empty database."""
    if embedded:
        yield f"sqlite:///{folder / 'touchline.db'}"
        return
    with postgres.server() as server:
        yield server.format(database="postgres")


def collect(environ: dict[str, str], kill_after: float = 0.0) -> dict[str, Any]:
    """One run of the command; what it says, empty if it was killed."""
    command = [sys.executable, "-m", "touchline.cli.main", *COMMAND, "--no-chain", "--json"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            out, complaint = process.communicate(timeout=kill_after or None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return {}
    if not out:
        raise SystemExit(f"exit code {process.returncode}: {complaint}")
    found: dict[str, Any] = json.loads(out)["collected"]
    return found | {"exit code": process.returncode}


def main() -> None:
    """Collect, disturb, compare, print."""
    options = _options()
    with (
        tempfile.TemporaryDirectory(prefix="touchline-scrape-") as name,
        a_database(options.embedded, Path(name)) as address,
    ):
        shares = dict.fromkeys(KINDS, options.faults / len(KINDS)) if options.faults else {}
        with replica_server.running(teams=options.teams, now=OVER) as replica:
            replica.faults.set(shares, slow_seconds=3.0, retry_after=0)
            environ = {
                **os.environ,
                "TOUCHLINE_HOME": f"{name}/home",
                "TOUCHLINE_DATABASE": address,
                "TOUCHLINE_SCRAPE_WHOSCORED_URL": replica.url,
                "TOUCHLINE_SCRAPE_WHOSCORED_TERMS": "acknowledged",
                "TOUCHLINE_SCRAPE_PACE_SECONDS": "0",
                "TOUCHLINE_SCRAPE_BACKOFF_SECONDS": "0.05",
                "TOUCHLINE_SCRAPE_COOL_DOWN_SECONDS": "0",
                "TOUCHLINE_SCRAPE_PAGES_PER_DAY": "100000",
            }
            found = _until_done(environ, options)
            found |= _compared(address, replica)
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


def _until_done(environ: dict[str, str], options: argparse.Namespace) -> dict[str, Any]:
    """Collect until the source has no more to give; what that took."""
    dice = random.Random(options.seed)  # noqa: S311 - moments of death are no secrets
    begun, told = time.perf_counter(), list[dict[str, Any]]()
    for attempt in range(AGAIN):
        kill = dice.uniform(1.0, options.longest) if attempt < options.kills else 0.0
        told.append(collect(environ, kill))
        if told[-1].get("exit code") == 0 and not told[-1].get("pages_failed"):
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    sums = Counter({name: sum(one.get(name, 0) for one in told) for name in ("pages_fetched", "retries", "rows")})
    blocks = Counter(kind for one in told for kind in (one.get("blocked") or {}).values())
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "processor seconds": round(used.ru_utime + used.ru_stime, 1),
        "runs": len(told), "killed": sum(not one for one in told), **sums, "blocked": dict(blocks), "last": told[-1],
    }  # fmt: skip


def _compared(address: str, replica: replica_server.Running) -> dict[str, Any]:
    engine = connect(address)
    try:
        found = replica_stored.tables(engine)
    finally:
        engine.dispose()
    keys = {"schedule": ["source_id"], **replica_walk.KEYS}
    wanted = {name: replica.truth.table(name, "E0", SEASON) for name in keys}
    differing = {name: replica_walk.differences(found[name], wanted[name], key) for name, key in keys.items()}
    return {
        "cells": sum(table.size for table in wanted.values()),
        "differences": {name: what for name, what in differing.items() if what},
        "requests by kind": dict(Counter(hit.kind for hit in replica.hits.all)),
        "faults by kind": dict(Counter(hit.fault for hit in replica.hits.all if hit.fault)),
    }


if __name__ == "__main__":
    main()
