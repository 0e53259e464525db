"""Our Elo, pi-ratings and Dixon-Coles beside those of penaltyblog, on the same matches: seconds and scores.

`scripts/bench rivals [--data MATCHES.parquet] --python PATH` needs an environment of its own for penaltyblog, which is
no part of this project:

    python3 -m venv /tmp/rivals && /tmp/rivals/bin/pip install penaltyblog==1.13.1 pandas pyarrow
    scripts/bench rivals --python /tmp/rivals/bin/python

Ratings learn from all matches of the file and are read at the start of every day; over each stands the same logistic
regression, fitted every year on what was known. penaltyblog fits Dixon-Coles every week for each of the top five
leagues on the last three years; ours is fitted every week on all that is known of the country, and timed on the same
leagues and years. Seconds are those of the processor. Prints one line of JSON for each comparison.
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
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).parent / "parts"))

from figures import DATA, TOP, matches

from touchline.domain import dixon_coles, encoding, ratings, rows
from touchline.domain.batch_fits import fits
from touchline.domain.batch_kinds import KINDS, counts
from touchline.domain.competitions import competition
from touchline.domain.rating_kernels import learn_elo, learn_pi
from touchline.domain.vocabulary import OUTCOMES
from touchline.learning import judging
from touchline.learning.timeline import Timeline
from touchline.learning.walkforward import WalkOptions, lined_up, midnight

PLAN = {"ratings_days": 1, "fit_days": 7, "window_days": 1095, "xi": 0.0018}
FEATURES = {"elo": "elo_difference", "pi": "pi_difference"}
FASTER = 10.0
YEAR = np.timedelta64(365, "D")
SCRIPT = Path(__file__).parent / "parts" / "penaltyblog_walk.py"


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


class Alone(NamedTuple):
    """The constants of these two, without the arrays of the other ratings."""

    elo_k: float = ratings.PACE.elo_k
    elo_home: float = ratings.PACE.elo_home
    elo_scale: float = ratings.PACE.elo_scale
    elo_margin: float = ratings.PACE.elo_margin
    pi_rate: float = ratings.PACE.pi_rate
    pi_carry: float = ratings.PACE.pi_carry
    pi_spread: float = ratings.PACE.pi_spread


@numba.njit
def elo_alone(home: Any, away: Any, margin: Any, teams: Any, pace: Any, at: Any, found: Any) -> None:
    """Elo of all teams through all matches: the difference before each, then what it teaches."""
    for k in range(len(home)):
        found[k] = teams[home[k], at.elo] - teams[away[k], at.elo]
        learn_elo(teams[home[k]], teams[away[k]], margin[k], pace, at)


@numba.njit
def pi_alone(home: Any, away: Any, margin: Any, teams: Any, pace: Any, at: Any, found: Any) -> None:
    """Pi-ratings likewise; the difference is that of the ratings, as penaltyblog has it."""
    for k in range(len(home)):
        found[k] = teams[home[k], at.pi] - teams[away[k], at.pi + 1]
        learn_pi(teams[home[k]], teams[away[k]], margin[k], pace, at)


def rated(table: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Seconds (wall, processor) of our Elo and of our pi-ratings alone over all matches, in the order of the table."""
    coded, names = encoding.fixtures(table)
    margin = (table["home_goals"] - table["away_goals"]).to_numpy(np.float64)
    taken = {}
    for name, walk in (("elo", elo_alone), ("pi", pi_alone)):
        teams, found = np.zeros((len(names.teams), rows.RATINGS)), np.empty(len(table))
        given = (coded.home, coded.away, margin, teams, Alone(), ratings.Columns(), found)
        walk(*given)  # compiled
        taken[name] = timed(partial(walk, *given))
    return taken


def refitted(table: pd.DataFrame) -> tuple[float, float]:
    """Seconds (wall, processor) of our weekly fits of goals in the leagues and years that penaltyblog fits."""
    coded, names = encoding.fixtures(table)
    played = encoding.played(table, coded)
    goals = [kind for kind in KINDS if kind.name == "goals"]
    work = partial(fits, played, names, goals, counts(played))
    work()
    return timed(work)


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


def our_dixon_coles(line: Timeline, asked: np.ndarray, first: np.datetime64) -> np.ndarray:
    """Chances (n, 3) from our weekly fits, which see the lower divisions too; low scores as learnt before `first`."""
    columns = np.array([line.features.names.index(name) for name in dixon_coles.FEATURES])
    known = line.known(first)
    past, now = (dixon_coles.rates(*line.features.values[np.ix_(each, columns)].T) for each in (known, asked))
    return dixon_coles.probabilities(now, dixon_coles.fit_rho(past, line.goals[known]))


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
    taken = rated(line.table)
    for name, feature in FEATURES.items():
        difference = line.features.values[:, line.features.names.index(feature)]
        p = {
            who: logistic(line, each, rows_asked, first)
            for who, each in (("ours", difference), ("penaltyblog", said[name].to_numpy()))
        }
        spent = {"ours": taken[name], "penaltyblog": seconds[name]}
        compare(f"{name}, all divisions", p, line.outcome[rows_asked], spent)
    rows_top = np.flatnonzero(wanted)
    p = {
        "ours": our_dixon_coles(line, rows_top, first),
        "penaltyblog": said.loc[rows_top, [f"dixon_coles_{name}" for name in OUTCOMES]].to_numpy(),
    }
    since = first - np.timedelta64(PLAN["window_days"], "D")
    window = line.table[top & (line.kickoff >= since) & (line.kickoff < last)]
    spent = {"ours": refitted(window), "penaltyblog": seconds["dixon_coles"]}
    compare(f"Dixon-Coles, top five leagues, {seconds['fits']} fits of penaltyblog", p, line.outcome[rows_top], spent)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
