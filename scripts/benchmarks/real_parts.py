"""Time the chain and the answers on embedded and on real parts, and compare the states that they end in.

`scripts/bench real-parts` starts PostgreSQL, a strict S3 server, Redis and an MLflow server of its own, plays the small
league once on embedded parts and once on these, then asks predict the same question without a cache, with one in the
process and with Redis. Everything is stopped and removed afterwards.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from touchline import bootstrap, settings, wiring
from touchline.adapters.clock import VirtualClock
from touchline.platform.runner import Platform
from touchline.testing.digests import digest
from touchline.testing.league import START, environment, phases
from touchline.web.core import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from touchline.telemetry import RunRecord

ASKED = 300


class Forgetful:
    """A cache that keeps nothing."""

    def get(self, key: str) -> bytes | None:
        """A miss."""
        return None

    def set(self, key: str, data: bytes, ttl_seconds: float) -> None:
        """Nothing."""

    def check(self) -> str:
        """Where things are kept."""
        return "nowhere"


def play(environ: Mapping[str, str]) -> tuple[float, list["RunRecord"], str]:
    """Seconds, records of all runs, and the digest of the state."""
    clock, records, begun = VirtualClock(START), [], time.perf_counter()
    with Platform(environ, clock=clock) as platform:
        for phase in phases():
            clock.move(phase.now)
            for key, data in phase.objects.items():
                platform.ports.store.create(key, data)
            records += [platform.deliver(name, platform.tick(name)) for name in phase.ticks]
            records += platform.drain()
    return time.perf_counter() - begun, records, digest(bootstrap.ports(environ, clock=clock)).sha256


def by_function(case: str, records: list["RunRecord"]) -> list[dict[str, Any]]:
    """Runs and seconds of each function."""
    names = dict.fromkeys(record.function for record in records)
    spent = {name: [record.duration_s for record in records if record.function == name] for name in names}
    return [
        {"case": case, "what": name, "runs": len(taken), "seconds": round(sum(taken), 2)}
        for name, taken in spent.items()
    ]


def ask(environ: Mapping[str, str], cache: Any = None) -> dict[str, Any]:
    """Milliseconds of a what-if, and of the list of forecasts, asked again and again."""
    ports = bootstrap.ports(environ, clock=VirtualClock(START))
    if cache is not None:
        ports.cache = cache
    app = create_app(ports, settings.Predict(access="open"), wiring.root() / "predict")

    async def measure() -> dict[str, float]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            match = (await client.get("/predict/predictions")).json()["matches"][0]
            question = {
                "home_team": match["home_team"], "away_team": match["away_team"], "competition": match["competition"],
                "date": match["kickoff"][:10],
            }  # fmt: skip
            return {
                "match": await median(lambda: client.post("/predict/match", json=question)),
                "list": await median(lambda: client.get("/predict/predictions")),
            }

    return asyncio.run(measure())


async def median(request: Any) -> float:
    """Median milliseconds of a request."""
    taken = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        (await request()).raise_for_status()
        taken.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(taken), 2)


@contextmanager
def on_real_parts(folder: Path) -> "Iterator[dict[str, str]]":
    """Environment of a platform on real parts, which run meanwhile."""
    import real_parts

    with real_parts.started() as parts:
        named = parts.settings(folder / "home")
        os.environ.update({name: value for name, value in named.items() if name.startswith("AWS_")})
        environ = environment(folder) | named
        del environ["TOUCHLINE_REGISTRY"]
        yield environ


def measure(folder: Path) -> list[dict[str, Any]]:
    """Rows of the table."""
    for name in ("embedded", "real"):
        (folder / name).mkdir()
    seconds, records, first = play(environment(folder / "embedded"))
    rows = [*by_function("embedded", records), {"case": "embedded", "what": "all", "seconds": round(seconds, 2)}]
    begun = time.perf_counter()
    with on_real_parts(folder / "real") as environ:
        rows.append({"case": "real", "what": "start", "seconds": round(time.perf_counter() - begun, 2)})
        seconds, records, second = play(environ)
        rows += [*by_function("real", records), {"case": "real", "what": "all", "seconds": round(seconds, 2)}]
        plain = {name: value for name, value in environ.items() if name != "TOUCHLINE_CACHE"}
        for cache, found in (
            ("none", ask(plain, Forgetful())), ("in process", ask(plain)), ("redis", ask(environ)),
        ):  # fmt: skip
            rows += [{"case": f"cache {cache}", "what": what, "milliseconds": taken} for what, taken in found.items()]
    rows += [{"case": name, "what": f"digest {found}"} for name, found in (("embedded", first), ("real", second))]
    return rows


def main() -> int:
    """Print the table, or JSON; exit code 1 where the states differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")
    wanted = parser.parse_args()
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder:
        rows = measure(Path(folder))
    if wanted.json:
        print(json.dumps(rows))
    else:
        for row in rows:
            print("  ".join(f"{value!s:<12}" for value in row.values()))
    return len({row["what"] for row in rows if row["what"].startswith("digest")}) - 1


if __name__ == "__main__":
    raise SystemExit(main())
