"""Scores and times of a walk through real history, to compare before and after a change.

`scripts/bench backtest MATCHES.parquet [--competitions E0 D1 SP1 I1 F1] [--from 2021-07-01] [--to 2024-07-01]`
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from touchline.learning.fitting import FitOptions
from touchline.learning.walkforward import WalkOptions, backtest
from touchline.ports import Payload
from touchline.sources import tidy


def main(argv: Sequence[str]) -> int:
    """Print one line of JSON for each forecaster, and one with the times."""
    parser = argparse.ArgumentParser(prog="bench backtest", description=__doc__)
    parser.add_argument("matches", type=Path, help="table of matches, as `touchline ingest` reads it")
    parser.add_argument("--competitions", nargs="*", default=["E0", "D1", "SP1", "I1", "F1"])
    parser.add_argument("--from", dest="start", type=date.fromisoformat, default=date(2021, 7, 1))
    parser.add_argument(
        "--to", dest="end", type=date.fromisoformat, default=date(2024, 7, 1), help="day after the last"
    )
    parser.add_argument("--refit-models", type=int, default=WalkOptions().refit_models_days, help="days")
    parser.add_argument("--trials", type=int, default=FitOptions().trials)
    parser.add_argument("--families", nargs="*", default=FitOptions().families)
    asked = parser.parse_args(argv)
    table = tidy.parse(Payload("benchmark", asked.matches.name, asked.matches.read_bytes(), datetime.now(UTC))).rows
    options = WalkOptions(
        refit_models_days=asked.refit_models,
        competitions=tuple(asked.competitions),
        fit=FitOptions(trials=asked.trials, families=tuple(asked.families)),
    )
    chosen = table[table["competition"].isin(asked.competitions)].reset_index(drop=True)
    found = backtest(chosen, asked.start, asked.end, options, lambda message: print(message, file=sys.stderr))
    for row in found.table().round(4).to_dict("records") + found.paired().round(4).to_dict("records"):
        print(json.dumps(row))
    print(json.dumps({"seconds": found.seconds}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
