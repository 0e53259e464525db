"""How fast features, fits, the search of parameters, a walk and our ratings are on real matches, beside their goals.

`scripts/bench forecast-speed [--data MATCHES.parquet] [--python PATH]` runs the benchmarks features, train, tune and,
with a Python that has penaltyblog, rivals; and one walk through 2021-22 to 2023-24 with weekly ratings, models fitted
every year, parameters as found before. `scripts/bench forecast` ends with these figures. Run it on a quiet machine.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent / "parts"))

from figures import DATA, REPORT, Figure, matches, tell

from touchline.learning.fitting import FitOptions
from touchline.learning.walkforward import WalkOptions, backtest


def other(name: str, *arguments: str) -> list[dict[str, Any]]:
    """What another benchmark tells, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name(f"{name}.py")), *arguments]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in found.splitlines()]


def features(data: Path) -> Figure:
    """Of all matches in one process."""
    whole = other("features", str(data))[-1]
    return Figure(
        figure=f"features of {whole['matches']:,} matches: seconds, MiB", measured=whole, reference="180 s",
        goal="<= 5 s, <= 1536 MiB", reached=whole["seconds"] <= 5 and whole["peak_mib"] <= 1536,
    )  # fmt: skip


def many(data: Path) -> Figure:
    """Of two million matches, streamed country by country."""
    told = other("features", str(data), "--matches", "2000000")[-1]
    return Figure(
        figure="features of 2,000,000 matches, streamed", measured=told, goal="runs in 4096 MiB",
        reached=told["peak_mib"] <= 4096,
    )  # fmt: skip


def fit(data: Path) -> Figure:
    """All families and the pool, without a search."""
    told = next(line for line in other("train", str(data), "--rows", "120000") if line["part"] == "fit")
    return Figure(
        figure="fit of all families and the pool, 120,000 matches", measured=told, reference="51-74 s", goal="<= 20 s",
        reached=told["seconds"] <= 20,
    )  # fmt: skip


def tune(data: Path) -> Figure:
    """Forty trials of each family."""
    told = other("tune", str(data))
    early = {line["part"]: line.get("given_up_early") for line in told if "given_up_early" in line}
    return Figure(
        figure="40 trials per family, 4 folds, 60,000 matches", measured={**told[-1], "given_up_early": early},
        goal="<= 300 s, some given up early", reached=told[-1]["seconds"] <= 300 and any(early.values()),
    )  # fmt: skip


def walk(table: pd.DataFrame) -> Figure:
    """A whole backtest, verdicts included."""
    begun, busy = time.perf_counter(), time.process_time()
    options = WalkOptions(refit_models_days=365, refit_ratings_days=7, fit=FitOptions(trials=1))
    found = backtest(table, *REPORT, options)
    seconds, processor = time.perf_counter() - begun, time.process_time() - busy
    return Figure(
        figure="backtest of three seasons, weekly ratings, yearly models",
        measured={"seconds": round(seconds, 1), "processor_seconds": round(processor, 1)} | found.seconds,
        reference="600 s", goal="<= 100 s", reached=seconds <= 100, n=len(found.rows),
    )  # fmt: skip


def rivals(data: Path, python: Path) -> Iterator[Figure]:
    """Ours and penaltyblog's."""
    for told in other("rivals", "--data", str(data), "--python", str(python)):
        goal = "10 times faster, scores equal or better"
        yield Figure(figure=f"beside penaltyblog: {told['what']}", measured=told, goal=goal, reached=told["reached"])


def speed(data: Path, python: Path | None) -> Iterator[Figure]:
    """All figures, one after the other."""
    yield features(data)
    yield many(data)
    yield fit(data)
    yield walk(matches(data))
    yield tune(data)
    if python:
        yield from rivals(data, python)


def main(argv: Sequence[str]) -> int:
    """Print every figure."""
    parser = argparse.ArgumentParser(prog="bench forecast-speed", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA / "football_data_uk.parquet", help="table of matches")
    parser.add_argument("--python", type=Path, help="one that has penaltyblog, see `scripts/bench rivals`")
    asked = parser.parse_args(argv)
    for figure in speed(asked.data, asked.python):
        tell(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
