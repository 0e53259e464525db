"""Walk forward: each season is forecast by a model that was fitted on what was known before its first match.

The families are tuned once, on the matches before the first of the seasons, and fitted anew before each. Printed are
the scores beside priors, Elo and the bookmaker's prices, for all competitions and for the five large leagues, on the
matches that every forecaster covers; and the difference to the bookmaker, in pairs.
"""

import argparse
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from touchline.domain.availability import available_time
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.simulation import simulate
from touchline.domain.vocabulary import OUTCOMES
from touchline.learning import evaluation
from touchline.learning.card import ModelScore
from touchline.learning.examples import Examples, Floats, as_matrix
from touchline.learning.fitting import FitOptions, Fitted, fit, refit
from touchline.sources import files, registry
from touchline.stages.feature import make
from touchline.stages.train_material import moments

LARGE = ("E0", "D1", "I1", "SP1", "F1")
BOOKMAKER = "bookmaker"


def table_of(paths: Sequence[Path]) -> pd.DataFrame:
    """Tidy table of files, or of the simulated league where none is given."""
    now = datetime.now(UTC)
    if not paths:
        return simulate(7, now, seasons=10)
    rows = [registry.parse(payload).rows for path in paths for payload in files.read(path, now)]
    table = pd.concat(rows, ignore_index=True)
    order = table.index.astype("str").str.zfill(7)
    return table.assign(match_id=table["competition"] + "-" + order, available_time=available_time(table))


def examples_of(played: pd.DataFrame) -> Examples:
    """Features and outcomes as a learner sees them."""
    x = as_matrix(played[list(FEATURE_NAMES)].to_numpy(np.float64))
    outcome, competition = played["outcome"].to_numpy(np.int8), played["competition"].to_numpy(object)
    return Examples(x, FEATURE_NAMES, outcome, moments(played["kickoff"]), competition)


def prices(played: pd.DataFrame, benchmarks: pd.DataFrame, name: str) -> Floats:
    """Probabilities behind a bookmaker's prices in the order of the matches, (n, 3), missing without prices."""
    known = benchmarks.set_index("match_id").reindex(played["match_id"])
    return known[[f"{name}_{outcome}" for outcome in OUTCOMES]].to_numpy(np.float64)


def walk(everything: Examples, season: np.ndarray, names: Sequence[str], options: FitOptions) -> dict[str, Floats]:
    """Forecasts of the matches of some seasons by forecaster, (n, 3), missing for all other matches."""
    found = {name: np.full((len(everything), 3), np.nan) for name in ("touchline", "elo", "prior")}
    fitted: Fitted | None = None
    for name in names:
        rows = np.flatnonzero(season == name)
        known = np.flatnonzero(everything.kickoff + np.timedelta64(29, "h") < everything.kickoff[rows].min())
        train, test = everything.take(known), everything.take(rows)
        start = time.perf_counter()
        fitted = refit(fitted, train, options) if fitted else fit(train, options, print)
        found["touchline"][rows] = fitted.predict(test.x)
        found["elo"][rows] = evaluation.elo(train, test)
        found["prior"][rows] = evaluation.prior(train, test.competition)
        print(f"{name}: {len(train)} matches learnt, {len(test)} forecast, {time.perf_counter() - start:.1f} s")
    return found


def show(title: str, forecasts: dict[str, Floats], outcome: np.ndarray) -> dict[str, ModelScore]:
    """Print the scores of one selection of matches."""
    scored = evaluation.scores(forecasts, outcome)
    print(f"\n{title}\n{'':<10}  {'n':>6}  {'RPS':>7}  {'log-loss':>8}  {'ECE':>7}  {'hits':>6}")
    for name, score in scored.items():
        print(
            f"{name:<10}  {score.n:>6}  {score.rps.value:>7.4f}  {score.log_loss.value:>8.4f}  "
            f"{score.ece.value:>7.4f}  {score.accuracy.value:>6.1%}"
        )
    gap = evaluation.difference(forecasts["touchline"], forecasts[BOOKMAKER], outcome)
    if gap:
        rps = gap.rps
        print(f"touchline - {BOOKMAKER} on {gap.n}: RPS {rps.value:+.4f} [{rps.low:+.4f}, {rps.high:+.4f}]")
    return scored


def main() -> None:
    """Build features, walk, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", default=[], help="file or folder with matches")
    parser.add_argument("--seasons", type=int, default=3, help="how many of the last seasons are forecast")
    parser.add_argument("--trials", type=int, default=FitOptions().trials, help="trials of each family")
    options = parser.parse_args()
    start = time.perf_counter()
    table = table_of(options.data)
    read = time.perf_counter()
    tables, _ = make(table)
    played = tables["played"]
    print(f"{len(table)} matches read in {read - start:.1f} s, features made in {time.perf_counter() - read:.1f} s")
    names = sorted(played["season"].unique())[-options.seasons :]
    everything = examples_of(played)
    forecasts = walk(everything, played["season"].to_numpy(object), names, FitOptions(trials=options.trials))
    forecasts |= {name: prices(played, tables["benchmarks"], name) for name in (BOOKMAKER, "closing")}
    tested = played["season"].isin(names).to_numpy()
    result = {}
    for title, rows in {"all": tested, "large": tested & played["competition"].isin(LARGE).to_numpy()}.items():
        if rows.any():
            chosen = {name: values[rows] for name, values in forecasts.items()}
            scored = show(f"{title}: {', '.join(names)}", chosen, everything.outcome[rows])
            result[title] = {name: [score.n, score.rps.value, score.log_loss.value] for name, score in scored.items()}
    print(json.dumps(result | {"seconds": round(time.perf_counter() - start, 1)}))


if __name__ == "__main__":
    main()
