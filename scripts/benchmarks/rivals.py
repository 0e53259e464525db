"""Our Elo, pi-ratings and Dixon-Coles beside those of penaltyblog, on the same matches: seconds and scores.

`scripts/bench rivals [--data MATCHES.parquet] --python PATH` needs an environment of its own for penaltyblog, which is
no part of this project:

    python3 -m venv /tmp/rivals && /tmp/rivals/bin/pip install penaltyblog==1.13.1 pandas pyarrow
    scripts/bench rivals --python /tmp/rivals/bin/python

Ratings learn from all matches of the file and are read at the start of every day; over each stands the same logistic
regression, fitted every year on what was known. Dixon-Coles is fitted every week for each of the top five leagues on
the last three years, older matches fading alike. Prints one line of JSON for each comparison.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from forecast import DATA, TOP, matches
from sklearn.linear_model import LogisticRegression

from touchline.domain import encoding, ratings, rows
from touchline.domain.competitions import competition
from touchline.domain.history import nothing
from touchline.learning import judging
from touchline.learning.timeline import Timeline
from touchline.learning.walkforward import WalkOptions, lined_up, midnight

PLAN = {"ratings_days": 1, "fit_days": 7, "window_days": 1095, "xi": 0.0018}
FEATURES = {"elo": "elo_difference", "pi": "pi_difference"}
FASTER = 10.0
YEAR = np.timedelta64(365, "D")
SCRIPT = Path(__file__).parent / "elsewhere" / "penaltyblog_walk.py"


def theirs(table: pd.DataFrame, wanted: np.ndarray, python: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """What penaltyblog says of each match, and how long it took (wall, processor), libraries held to one thread."""
    country = table["competition"].map({code: competition(code).country for code in table["competition"].unique()})
    told = pd.DataFrame(
        {
            "home": country + " " + table["home_team"],
            "away": country + " " + table["away_team"],
            "league": table["competition"],
            "day": table["kickoff"].dt.tz_localize(None).to_numpy("datetime64[D]").astype(np.int64),
            "home_goals": table["home_goals"].astype(np.int64),
            "away_goals": table["away_goals"].astype(np.int64),
            "wanted": wanted,
        }
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told.to_parquet(folder / "matches.parquet")
        (folder / "plan.json").write_text(json.dumps(PLAN))
        environ = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        subprocess.run([str(python), str(SCRIPT), str(folder)], check=True, env=environ)
        return pd.read_parquet(folder / "forecasts.parquet"), json.loads((folder / "seconds.json").read_text())


def replay(table: pd.DataFrame) -> tuple[float, float]:
    """Seconds (wall, processor) of all our ratings over all matches: Elo, pi, attack and defence, prices."""
    from touchline.domain.rating_kernels import replay as learn

    coded, names = encoding.fixtures(table)
    played = encoding.played(table, coded)
    match, count, unknown = played.fixtures, len(played.fixtures.home), nothing()

    def once() -> None:
        learn(
            match.home, match.away, match.competition, match.season, played.level_start,
            np.ascontiguousarray(played.statistics[:, 1:]), played.supremacy,
            np.zeros((len(names.teams), rows.RATINGS)),
            np.repeat(ratings.LEAGUE_START[np.newaxis], len(names.competitions), axis=0), ratings.PACE,
            ratings.Columns(), np.empty((2 * count, rows.RATINGS)), np.empty((count, unknown.leagues.shape[1])),
        )  # fmt: skip

    once()  # compiled, or read from disk
    return timed(once)


def timed(work: Any) -> tuple[float, float]:
    """Seconds on the wall and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def logistic(line: Timeline, difference: np.ndarray, asked: np.ndarray, first: np.datetime64) -> np.ndarray:
    """Chances (n, 3) from one difference each, learnt anew every year from what was known."""
    found = np.empty((len(asked), 3))
    x = (difference / difference.std())[:, None]
    period = (line.kickoff[asked] - first) // YEAR
    for number in np.unique(period):
        known, now = line.known(first + number * YEAR), period == number
        found[now] = LogisticRegression().fit(x[known], line.outcome[known]).predict_proba(x[asked[now]])
    return found


def compare(what: str, p: dict[str, np.ndarray], outcome: np.ndarray, seconds: dict[str, Any]) -> None:
    """Print scores and seconds of both on the matches that both forecast."""
    both = judging.common(p)
    verdict = judging.judge({name: each[both] for name, each in p.items()}, outcome[both])
    gap, ratio = verdict.differences["penaltyblog"], seconds["penaltyblog"][1] / max(seconds["ours"][1], 1e-9)
    scores = {
        f"{metric}_{name}": round(getattr(one, metric).value, 5)
        for metric in ("rps", "log_loss")
        for name, one in verdict.scores.items()
    }
    told = {
        "what": what,
        "n": verdict.n,
        **scores,
        "difference_rps": [round(each, 5) for each in (gap.rps.value, gap.rps.low, gap.rps.high)],
        "seconds": {name: [round(each, 3) for each in taken] for name, taken in seconds.items()},
        "times_faster": round(ratio, 1),
        "reached": bool(ratio >= FASTER and gap.rps.value <= 0 and gap.log_loss.value <= 0),
    }
    print(json.dumps(told), flush=True)


def main(argv: Sequence[str]) -> int:
    """Print one line for each comparison."""
    parser = argparse.ArgumentParser(prog="bench rivals", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA / "football_data_uk.parquet", help="table of matches")
    parser.add_argument("--python", type=Path, default=Path("/tmp/rivals/bin/python"), help="one that has penaltyblog")  # noqa: S108
    parser.add_argument("--from", dest="start", type=date.fromisoformat, default=date(2022, 7, 1))
    parser.add_argument(
        "--to", dest="end", type=date.fromisoformat, default=date(2024, 7, 1), help="day after the last"
    )
    asked = parser.parse_args(argv)
    if not asked.python.exists():
        print(
            f"no Python at {asked.python}; make one with penaltyblog:\n{__doc__.split(chr(10) * 2)[2]}", file=sys.stderr
        )
        return 2
    return run(matches(asked.data), asked.start, asked.end, asked.python)


def run(table: pd.DataFrame, start: date, end: date, python: Path) -> int:
    """Compare on the matches of a table from `start` up to, not including, `end`."""
    finished = table[(table["status"] == "finished") & table[["home_goals", "away_goals"]].notna().all(axis=1)]
    line = lined_up(finished, start, WalkOptions())
    first, last = midnight(start), midnight(end)
    rows_asked = np.flatnonzero((line.kickoff >= first) & (line.kickoff < last))
    top = line.table["competition"].isin(TOP).to_numpy()
    wanted = np.zeros(len(line.table), bool)
    wanted[rows_asked] = top[rows_asked]
    said, seconds = theirs(line.table, wanted, python)
    taken = replay(line.table)
    for name, feature in FEATURES.items():
        difference = line.features.values[:, line.features.names.index(feature)]
        p = {
            who: logistic(line, each, rows_asked, first)
            for who, each in (("ours", difference), ("penaltyblog", said[name].to_numpy()))
        }
        compare(f"{name}: ours with all other ratings in one pass", p, line.outcome[rows_asked],
                {"ours": taken, "penaltyblog": seconds[name]})  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
