"""Walking through history as it happened: learn from what was known, forecast what came next, move on.

No look-ahead: a model learns only from results available before the moment of its fitting, and a match is read as of
the last refresh of the team states before its kick-off; matches to learn from are read by the same rule.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as clock_time
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from touchline.domain import dixon_coles
from touchline.domain import uses as levels
from touchline.domain.encoding import reference_prices
from touchline.domain.odds import implied
from touchline.domain.splits import Moments, Rows
from touchline.domain.vocabulary import OUTCOMES, Uses, side_columns
from touchline.errors import DataError
from touchline.learning import evaluation, judging
from touchline.learning.card import Difference, ModelScore
from touchline.learning.examples import Examples, Floats, Matrix
from touchline.learning.families import probabilities
from touchline.learning.fitting import FitOptions, Fitted, fit, refit
from touchline.learning.timeline import Timeline, identity, prepared, timeline
from touchline.learning.tuning import Progress

_Said = tuple[dict[str, Floats], Floats]
"""Forecasts by name, and our expected goals."""
OURS = "ours"
MARKETS = {"bookmaker": False, "closing": True}
"""Prices before the match and at kick-off; whether closing."""


class WalkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How often what is renewed, of which competitions, and what may be known."""

    refit_models_days: int = 91
    refit_ratings_days: int = 1
    """Team states are refreshed at the start of every so many days (UTC)."""
    competitions: tuple[str, ...] = ()
    """Learnt from and forecast; empty = all. Features are made of the whole table in any case."""
    uses: Uses = levels.DEFAULT
    newest: int = 120_000
    """As many matches are learnt from at most; all of them make the ratings."""
    fit: FitOptions = FitOptions()


@dataclass(frozen=True)
class Walk:
    """What was forecast, match by match in the order of time."""

    rows: pd.DataFrame
    """IDENTITY, season, outcome (0 home, 1 draw, 2 away), home_goals, away_goals."""
    kickoff: Moments
    forecasts: dict[str, Floats]
    """(n, 3) of each forecaster, `ours` first; NaN where it says nothing."""
    rates: Floats
    """(n, 2) our expected goals, NaN where there is no goal model."""
    seconds: dict[str, float]

    @property
    def outcome(self) -> Any:
        """(n,) 0 home, 1 draw, 2 away."""
        return self.rows["outcome"].to_numpy(np.int8)

    def table(self) -> pd.DataFrame:
        """`rows`, and <forecaster>_home, _draw, _away of those who spoke."""
        columns = {
            f"{name}_{each}": p[:, place] for name, p in self.forecasts.items() for place, each in enumerate(OUTCOMES)
        }
        return self.rows.assign(**columns)


@dataclass(frozen=True)
class Backtest:
    """A walk, and how good its forecasts were on the matches that all forecasters forecast."""

    walk: Walk
    rows: pd.DataFrame
    """The walk's table."""
    common: Any
    """(n,) whether a row was forecast by all."""
    scores: dict[str, ModelScore]
    differences: dict[str, Difference]
    """`ours` minus the others."""
    competitions: tuple[judging.Part, ...]
    seasons: tuple[judging.Part, ...]
    calibration: dict[str, judging.Calibration]
    seconds: dict[str, float]
    """Time taken by features, tuning (with the first fit), refits and scoring."""

    def table(self) -> pd.DataFrame:
        """Scores with their 95 % intervals, one row a model."""
        return pd.DataFrame(
            [
                {"model": name, "n": score.n, **_flat(score, ("rps", "log_loss", "brier", "ece", "accuracy"))}
                for name, score in self.scores.items()
            ]
        )

    def paired(self) -> pd.DataFrame:
        """Differences with their 95 % intervals, one row a model."""
        return pd.DataFrame(
            [{"against": name, "n": gap.n, **_flat(gap, ("rps", "log_loss"))} for name, gap in self.differences.items()]
        )


def backtest(
    table: pd.DataFrame, start: date, end: date, options: WalkOptions, progress: Progress | None = None
) -> Backtest:
    """Forecast every finished match from `start` up to, not including, `end`, and judge the forecasts.

    The hyper-parameters, the families' weights and the calibration are chosen at the first fit and kept (tuning again
    at each refit would take most of the time and change little); the estimators are fitted anew every
    `refit_models_days`.

    Args:
        table: tidy table with history before `start`; `match_id` and `available_time` are made where missing.
        start: first day (UTC).
        end: day after the last.
        options: how often what is renewed.
        progress: told what happens.

    Raises:
        DataError: no match in the period, or too little history before it.
    """
    clock = _Stopwatch()
    line = lined_up(table, start, options)
    clock.lap("features")
    return judged(walk(line, start, end, options, progress), clock.seconds)


def lined_up(table: pd.DataFrame, start: date, options: WalkOptions) -> Timeline:
    """The table in the order of time with its features, to walk through more than once."""
    ordered = prepared(table).sort_values(["kickoff", "match_id"], ignore_index=True)
    return timeline(ordered, midnight(start), options.refit_ratings_days, options.competitions)


def walk(line: Timeline, start: date, end: date, options: WalkOptions, progress: Progress | None = None) -> Walk:
    """Forecast every finished match from `start` up to, not including, `end`.

    Raises:
        DataError: no match in the period, or too little history before it.
    """
    say = progress or (lambda message: None)
    clock = _Stopwatch()
    first, last = midnight(start), midnight(end)
    asked = np.flatnonzero(line.finished & (line.kickoff >= first) & (line.kickoff < last))
    if not len(asked):
        covered = " to ".join(str(day)[:10] for day in (line.kickoff.min(), line.kickoff.max()))
        raise DataError(f"no finished match from {start} up to {end}", hint=f"the table covers {covered}")
    names, step = levels.columns(options.uses), np.timedelta64(options.refit_models_days, "D")
    fitted: Fitted | None = None
    found: list[_Said] = []
    for moment in np.arange(first, last, step):
        rows = asked[(line.kickoff[asked] >= moment) & (line.kickoff[asked] < moment + step)]
        if len(rows):
            known = line.known(moment)[-options.newest :]
            train = line.examples(known, names)
            fitted = fit(train, options.fit, say) if fitted is None else refit(fitted, train, options.fit)
            found.append(_forecast(fitted, line, known, train, rows))
            say(f"{str(moment)[:10]}: learnt from {len(train)} matches, forecast {len(rows)}")
            clock.lap("refits" if "tuning" in clock.seconds else "tuning")
    forecasts = {name: np.concatenate([part[name] for part, _ in found]) for name in found[0][0]}
    forecasts |= markets(line.table.iloc[asked])
    return Walk(
        _rows(line, asked), line.kickoff[asked], forecasts, np.concatenate([r for _, r in found]), clock.seconds
    )


def markets(table: pd.DataFrame) -> dict[str, Floats]:
    """What the prices of matches say, the margin taken out by Shin's method; without a market that says nothing."""
    found = {name: implied(reference_prices(table, closing=closing)) for name, closing in MARKETS.items()}
    return {name: p for name, p in found.items() if not np.isnan(p).all()}


def judged(found: Walk, before: dict[str, float]) -> Backtest:
    """A walk with the verdicts on it; `before` are seconds that were spent before it.

    A forecaster who says nothing of more than half of the matches is left out, so that the others keep theirs.
    """
    clock = _Stopwatch()
    wide = {name: p for name, p in found.forecasts.items() if 2 * np.isnan(p).any(axis=1).sum() <= len(p)}
    rows = judging.common(wide)
    p, y, table = {name: each[rows] for name, each in wide.items()}, found.outcome[rows], found.rows[rows]
    verdict = judging.judge(p, y)
    by = {name: judging.parts(p, y, table[name].to_numpy(object)) for name in ("competition", "season")}
    reliability = {name: judging.calibration(each, y) for name, each in p.items()}
    clock.lap("scoring")
    seconds = before | found.seconds | clock.seconds
    return Backtest(
        found, found.table(), rows, verdict.scores, verdict.differences, by["competition"], by["season"], reliability,
        seconds,
    )  # fmt: skip


class _Stopwatch:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Add the time since the last lap to a name."""
        now = time.perf_counter()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + now - self._last, 2)
        self._last = now


def _forecast(fitted: Fitted, line: Timeline, known: Rows, train: Examples, rows: Rows) -> _Said:
    asked = line.examples(rows, fitted.names)
    said = {
        OURS: fitted.predict(asked.x),
        **_families(fitted, asked.x),
        "prior": evaluation.prior(train, asked.competition),
        "elo": evaluation.elo(train, asked),
        "dixon_coles": _dixon_coles(line, known, rows),
    }
    return said, fitted.rates(asked.x)


def _families(fitted: Fitted, x: Matrix) -> dict[str, Floats]:
    """What each family says alone, before the calibration; nothing where there is but one."""
    if len(fitted.members) == 1:
        return {}
    with threadpool_limits(1):
        return {one.family: probabilities(one.estimator, x) for one in fitted.members}


def _dixon_coles(line: Timeline, known: Rows, rows: Rows) -> Floats:
    columns = np.array([line.features.names.index(name) for name in dixon_coles.FEATURES])
    past, asked = (dixon_coles.rates(*line.features.values[np.ix_(each, columns)].T) for each in (known, rows))
    return dixon_coles.probabilities(asked, dixon_coles.fit_rho(past, line.goals[known]))


def _rows(line: Timeline, rows: Rows) -> pd.DataFrame:
    table = line.table.iloc[rows]
    goals = {name: line.goals[rows, side] for side, name in enumerate(side_columns("goals"))}
    return identity(table).assign(
        season=table["season"].to_numpy(), outcome=line.outcome[rows].astype(np.int8), **goals
    )


def _flat(scores: Any, names: Sequence[str]) -> dict[str, float]:
    return {
        f"{name}{suffix}": getattr(getattr(scores, name), field)
        for name in names
        for suffix, field in (("", "value"), ("_low", "low"), ("_high", "high"))
    }


def midnight(day: date) -> np.datetime64:
    """The moment at which a day begins in UTC."""
    return np.datetime64(datetime.combine(day, clock_time(), UTC).replace(tzinfo=None), "us")
