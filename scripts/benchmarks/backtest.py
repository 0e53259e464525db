"""Walk forward through the five large leagues and print the scores, beside priors, Elo and the bookmakers' prices.

`scripts/bench backtest --data matches.parquet --first 2021-07-01 --last 2024-06-30`. With --all every competition of
the data is learnt from and forecast. Without --data the simulated league is walked.
"""

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from touchline.domain.simulation import simulate
from touchline.learning.fitting import FitOptions
from touchline.learning.walkforward import WalkOptions, backtest
from touchline.sources import files, registry

LARGE = ("E0", "D1", "I1", "SP1", "F1")
DAY = pd.Timedelta(days=1)


def table_of(paths: Sequence[Path]) -> pd.DataFrame:
    """Tidy table of files, or of the simulated league where none is given."""
    now = datetime.now(UTC)
    if not paths:
        return simulate(7, now, seasons=10)
    payloads = [payload for path in paths for payload in files.read(path, now)]
    return pd.concat([registry.parse(payload).rows for payload in payloads], ignore_index=True)


def main() -> None:
    """Walk, print the tables, then the same as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", default=[], help="file or folder with matches")
    parser.add_argument("--first", type=date.fromisoformat, help="first day; by default a year before the last")
    parser.add_argument("--last", type=date.fromisoformat, help="last day; by default that of the newest result")
    parser.add_argument("--all", action="store_true", help="all competitions instead of the five large leagues")
    parser.add_argument("--trials", type=int, default=FitOptions().trials, help="trials of each family")
    options = parser.parse_args()
    table = table_of(options.data)
    newest = table.loc[table["status"] == "finished", "kickoff"].max().normalize()
    last = pd.Timestamp(options.last or newest.date())
    first = pd.Timestamp(options.first) if options.first else last - 365 * DAY
    chosen = () if options.all or not options.data else LARGE
    walk = WalkOptions(competitions=chosen, fit=FitOptions(trials=options.trials))
    found = backtest(table, first.date(), (last + DAY).date(), walk, print)
    with pd.option_context("display.width", 200, "display.max_columns", 20, "display.float_format", "{:.4f}".format):
        columns = ["model", "n", "rps", "rps_low", "rps_high", "log_loss", "ece", "accuracy"]
        print(f"\n{first.date()} to {last.date()}\n{found.table()[columns].to_string(index=False)}")
        print(f"\nours minus the others\n{found.paired().to_string(index=False)}")
    total = round(sum(found.seconds.values()), 1)
    print("\nseconds: " + ", ".join(f"{name} {value}" for name, value in found.seconds.items()) + f", all {total}")
    print(json.dumps({"scores": found.table()[columns].to_dict("records"), "seconds": total}))


if __name__ == "__main__":
    main()
