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

from touchline.domain.availability import available_time
from touchline.domain.encoding import reference_prices
from touchline.domain.features import Features, build
from touchline.domain.identity import LONDON
from touchline.domain.odds import implied
from touchline.domain.splits import Moments, Rows
from touchline.domain.vocabulary import OUTCOMES, side_columns
from touchline.errors import DataError
from touchline.learning import evaluation
from touchline.learning.card import Difference, ModelScore
from touchline.learning.examples import Examples, Floats, as_matrix
from touchline.learning.fitting import FitOptions, Fitted, fit, refit
from touchline.learning.tuning import Progress

IDENTITY = ("competition", "date", "home_team", "away_team")
MODELS = ("ours", "prior", "elo", "bookmaker", "closing")


class WalkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How often what is renewed, and of which competitions."""

    refit_models_days: int = 91
    refit_ratings_days: int = 1
    """Team states are refreshed at the start of every so many days (UTC)."""
    competitions: tuple[str, ...] = ()
    """Learnt from and forecast; empty = all. Features are made of the whole table in any case."""
    fit: FitOptions = FitOptions()


@dataclass(frozen=True)
class Backtest:
    """What was forecast, and how good it was."""

    rows: pd.DataFrame
    """IDENTITY, outcome (0 home, 1 draw, 2 away), and <model>_home, _draw, _away of those of MODELS that spoke."""
    scores: dict[str, ModelScore]
    """On the matches that all models forecast."""
    differences: dict[str, Difference]
    """`ours` minus the others."""
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


@dataclass(frozen=True)
class _Matches:
    """A table with its features, outcomes (-1 where there is none) and times, row by row."""

    table: pd.DataFrame
    features: Features
    outcome: np.ndarray
    kickoff: Moments
    available: Moments
    learnable: np.ndarray

    def examples(self, rows: Rows) -> Examples:
        """Some of the matches as a learner sees them."""
        return Examples(
            as_matrix(self.features.values[rows]),
            self.features.names,
            self.outcome[rows].astype(np.int8),
            self.kickoff[rows],
            self.table["competition"].to_numpy(object)[rows],
            self.table.iloc[rows][list(side_columns("goals"))].to_numpy(np.float64),
        )

    def known(self, moment: np.datetime64) -> Rows:
        """Rows whose result was available at a moment."""
        return np.flatnonzero(self.learnable & (self.outcome >= 0) & (self.available <= moment))


def backtest(
    table: pd.DataFrame, start: date, end: date, options: WalkOptions, progress: Progress | None = None
) -> Backtest:
    """Forecast every finished match from `start` up to, not including, `end`.

    The hyper-parameters, the family and the calibration are chosen at the first fit and kept (tuning again at each
    refit would take most of the time and change little); the estimator is fitted anew every `refit_models_days`.

    Args:
        table: tidy table with history before `start`; `match_id` and `available_time` are made where missing.
        start: first day (UTC).
        end: day after the last.
        options: how often what is renewed.
        progress: told what happens.

    Raises:
        DataError: no match in the period, or too little history before it.
    """
    say = progress or (lambda message: None)
    clock = _Stopwatch()
    first, last = _midnight(start), _midnight(end)
    matches = _matches(table, options, first, None)
    clock.lap("features")
    asked = matches.learnable & (matches.outcome >= 0) & (matches.kickoff >= first) & (matches.kickoff < last)
    if not asked.any():
        raise DataError(f"no finished match from {start} up to {end}", hint="choose a period that the table covers")
    forecasts = {name: np.full((len(matches.table), 3), np.nan) for name in MODELS}
    fitted: Fitted | None = None
    for moment in np.arange(first, last, np.timedelta64(options.refit_models_days, "D")):
        rows = np.flatnonzero(asked & (matches.kickoff >= moment) & (matches.kickoff < moment + _days(options)))
        if len(rows):
            train = matches.examples(matches.known(moment))
            fitted = fit(train, options.fit, say) if fitted is None else refit(fitted, train, options.fit)
            _forecast(forecasts, fitted, train, matches.examples(rows), rows)
            say(f"{str(moment)[:10]}: learnt from {len(train)} matches, forecast {len(rows)}")
            clock.lap("refits" if "tuning" in clock.seconds else "tuning")
    for name, closing in (("bookmaker", False), ("closing", True)):
        forecasts[name] = implied(reference_prices(matches.table, closing=closing))
    return _scored(matches, np.flatnonzero(asked), forecasts, clock)


def forecast(
    history: pd.DataFrame, fixtures: pd.DataFrame, options: WalkOptions, progress: Progress | None = None
) -> pd.DataFrame:
    """Forecast fixtures from what was known when the earliest of them kicks off.

    Args:
        history: tidy table of finished matches; whatever became known later is not used.
        fixtures: tidy table; scores and prices in it are not used.
        options: its competitions restrict what is learnt from.
        progress: told what happens, and which teams the history does not know: they are forecast as newcomers.

    Returns:
        IDENTITY, home, draw, away; in the order of the fixtures.

    Raises:
        DataError: no fixture, or too little history before it.
    """
    say = progress or (lambda message: None)
    if fixtures.empty:
        raise DataError("no fixture to forecast")
    played, asked = _prepared(history), _prepared(fixtures)
    moment = _moments(asked["kickoff"]).min()
    played = played[_moments(played["available_time"]) <= moment]
    both = pd.concat([played, _blank(asked)], ignore_index=True)
    matches = _matches(both, options, moment, moment)
    rows = np.arange(len(played), len(both))
    _name_newcomers(played, asked, say)
    fitted = fit(matches.examples(matches.known(moment)), options.fit, say)
    said = fitted.predict(matches.features.values[rows])
    return _identity(asked).assign(**dict(zip(OUTCOMES, said.T, strict=True)))


class _Stopwatch:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Add the time since the last lap to a name."""
        now = time.perf_counter()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + now - self._last, 2)
        self._last = now


def _forecast(forecasts: dict[str, Floats], fitted: Fitted, train: Examples, asked: Examples, rows: Rows) -> None:
    forecasts["ours"][rows] = fitted.predict(asked.x)
    forecasts["prior"][rows] = evaluation.prior(train, asked.competition)
    forecasts["elo"][rows] = evaluation.elo(train, asked)


def _scored(matches: _Matches, rows: Rows, forecasts: dict[str, Floats], clock: _Stopwatch) -> Backtest:
    outcome = matches.outcome[rows].astype(np.int8)
    said = {name: p[rows] for name, p in forecasts.items() if not np.isnan(p[rows]).all()}
    frame = _identity(matches.table.iloc[rows]).assign(outcome=outcome)
    for name, p in said.items():
        frame = frame.assign(**{f"{name}_{each}": p[:, place] for place, each in enumerate(OUTCOMES)})
    gaps = {name: evaluation.difference(said["ours"], p, outcome) for name, p in said.items() if name != "ours"}
    scores = evaluation.scores(said, outcome)
    clock.lap("scoring")
    return Backtest(frame, scores, {name: gap for name, gap in gaps.items() if gap}, clock.seconds)


def _matches(
    table: pd.DataFrame, options: WalkOptions, anchor: np.datetime64, newest: np.datetime64 | None
) -> _Matches:
    """Features as of the last refresh before each kick-off, refreshes counted from `anchor`, none after `newest`."""
    table = _prepared(table).sort_values(["kickoff", "match_id"], ignore_index=True) if newest is None else table
    kickoff = _moments(table["kickoff"])
    step = np.timedelta64(options.refit_ratings_days, "D")
    as_of = anchor + (kickoff - anchor) // step * step
    as_of = as_of if newest is None else np.minimum(as_of, newest)
    home, away = side_columns("goals")
    margin = table[home].to_numpy(float) - table[away].to_numpy(float)
    finished = (table["status"] == "finished").to_numpy() & ~np.isnan(margin)
    outcome = np.where(finished, np.select([margin > 0, margin == 0], [0, 1], 2), -1)
    chosen = table["competition"].isin(options.competitions or table["competition"].unique()).to_numpy()
    return _Matches(table, build(table, as_of), outcome, kickoff, _moments(table["available_time"]), chosen)


def _prepared(table: pd.DataFrame) -> pd.DataFrame:
    made: dict[str, Any] = {}
    if "match_id" not in table or table["match_id"].isna().any():
        parts = [table[column].astype("str") for column in ("competition", "kickoff", "home_team", "away_team")]
        made["match_id"] = parts[0].str.cat(parts[1:], sep="|")
    if "available_time" not in table:
        made["available_time"] = available_time(table)
    return table.assign(**made)


def _blank(fixtures: pd.DataFrame) -> pd.DataFrame:
    """Fixtures without what became known later."""
    return fixtures.assign(status="scheduled", **dict.fromkeys(side_columns("goals"), np.nan))


def _name_newcomers(history: pd.DataFrame, fixtures: pd.DataFrame, say: Progress) -> None:
    known = set(history["home_team"]) | set(history["away_team"])
    new = sorted((set(fixtures["home_team"]) | set(fixtures["away_team"])) - known)
    if new:
        say(f"not in the history, forecast as newcomers: {', '.join(new)}")


def _identity(table: pd.DataFrame) -> pd.DataFrame:
    day = table["kickoff"].dt.tz_convert(LONDON).dt.strftime("%Y-%m-%d")  # as the files say it
    return table.assign(date=day)[list(IDENTITY)].reset_index(drop=True)


def _flat(scores: Any, names: Sequence[str]) -> dict[str, float]:
    return {
        f"{name}{suffix}": getattr(getattr(scores, name), field)
        for name in names
        for suffix, field in (("", "value"), ("_low", "low"), ("_high", "high"))
    }


def _days(options: WalkOptions) -> np.timedelta64:
    return np.timedelta64(options.refit_models_days, "D")


def _midnight(day: date) -> np.datetime64:
    return np.datetime64(datetime.combine(day, clock_time(), UTC).replace(tzinfo=None), "us")


def _moments(times: "pd.Series[Any]") -> Moments:
    return np.asarray(times.dt.tz_convert("UTC").dt.tz_localize(None), dtype="datetime64[us]")
