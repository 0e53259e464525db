"""Measure what watches: `scripts/bench watch`, or some of its parts, `scripts/bench watch --only gap drift`.

gap      alarm of the calibration gap: false ones under looking after every match, matches until a sick model is seen
trials   trials of models: false promotions and rollbacks under looking every day, power, matches needed
drift    the drift report: alarms where nothing moved, and where features were shifted by 0.3 standard deviations

Every row is one figure with its goal, as JSON. A part is a function of `parts/watch_<name>.py` and a line here.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "parts"))

import watch_drift
import watch_gap
import watch_trials
from figures import Figure, tell

PARTS: dict[str, Callable[[int], Iterator[Figure]]] = {
    "gap": watch_gap.figures,
    "drift": watch_drift.figures,
    "trials": watch_trials.figures,
}


def main() -> None:
    """Measure, print each row as it is known."""
    parser = argparse.ArgumentParser(
        prog="bench watch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", choices=[*PARTS], help="what to measure; everything by default")
    parser.add_argument("--runs", type=int, default=0, help="simulated runs of each figure; 0 = what its goal asks for")
    options = parser.parse_args()
    for name in options.only or PARTS:
        for figure in PARTS[name](options.runs):
            tell(figure)


if __name__ == "__main__":
    main()
