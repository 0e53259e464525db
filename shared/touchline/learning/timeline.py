"""A table of matches in the order of time, with what was known before each: what walks and forecasts are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from touchline.domain.availability import available_time
from touchline.domain.encoding import reference_prices
from touchline.domain.features import Features, build
from touchline.domain.identity import LONDON
from touchline.domain.market import lessons
from touchline.domain.odds import implied
from touchline.domain.splits import Moments, Rows
from touchline.domain.vocabulary import side_columns
from touchline.learning.examples import Examples, Floats, as_matrix, taught

if TYPE_CHECKING:
    import pandas as pd

IDENTITY = ("competition", "date", "home_team", "away_team")
"""What names a match to people."""


@dataclass(frozen=True)
class Timeline:
    """A table with its features, outcomes (-1 where there is none), goals, prices and times, row by row."""

    table: "pd.DataFrame"
    features: Features
    outcome: np.ndarray
    goals: Floats
    market: Floats
    """What each match's own price teaches once it is played."""
    kickoff: Moments
    available: Moments
    learnable: np.ndarray
    """Matches of the competitions that were chosen."""

    def examples(self, rows: Rows, names: Sequence[str] | None = None) -> Examples:
        """Some of the matches as a learner sees them, with all features or those that are named."""
        told = tuple(names or self.features.names)
        columns = np.array([self.features.names.index(name) for name in told])
        return Examples(
            as_matrix(self.features.values[np.ix_(rows, columns)]),
            told,
            self.outcome[rows].astype(np.int8),
            self.kickoff[rows],
            self.table["competition"].to_numpy(object)[rows],
            self.goals[rows],
            taught(self.market[rows], told),
        )

    def known(self, moment: np.datetime64) -> Rows:
        """Rows whose result was available at a moment."""
        return np.flatnonzero(self.finished & (self.available <= moment))

    @property
    def finished(self) -> np.ndarray:
        """Whether there is something to learn from, and to be judged by."""
        return self.learnable & (self.outcome >= 0)


def timeline(
    table: "pd.DataFrame",
    anchor: np.datetime64,
    step_days: int,
    competitions: Sequence[str] = (),
    newest: np.datetime64 | None = None,
) -> Timeline:
    """The table with features as of the last refresh of the ratings before each kick-off.

    Args:
        table: from `prepared`.
        anchor: refreshes are counted from here, forwards and backwards.
        step_days: days between two refreshes.
        competitions: those to learn from and to forecast; empty = all. Features are made of the whole table anyway.
        newest: no refresh after this moment.
    """
    kickoff = moments(table["kickoff"])
    step = np.timedelta64(step_days, "D")
    as_of = anchor + (kickoff - anchor) // step * step
    as_of = as_of if newest is None else np.minimum(as_of, newest)
    goals = table[list(side_columns("goals"))].to_numpy(np.float64)
    margin = goals[:, 0] - goals[:, 1]
    finished = (table["status"] == "finished").to_numpy() & ~np.isnan(margin)
    outcome = np.where(finished, np.select([margin > 0, margin == 0], [0, 1], 2), -1)
    chosen = table["competition"].isin(competitions or table["competition"].unique()).to_numpy()
    available = moments(table["available_time"])
    return Timeline(table, build(table, as_of), outcome, goals, priced(table), kickoff, available, chosen)


def priced(table: "pd.DataFrame") -> Floats:
    """What the price of each match teaches once it is played, (n, 2), from a tidy table."""
    return lessons(*(implied(reference_prices(table, closing=closing)) for closing in (True, False)))


def prepared(table: "pd.DataFrame") -> "pd.DataFrame":
    """The table with `match_id` and `available_time`, made where they are missing."""
    made: dict[str, Any] = {}
    if "match_id" not in table or table["match_id"].isna().any():
        parts = [table[column].astype("str") for column in ("competition", "kickoff", "home_team", "away_team")]
        made["match_id"] = parts[0].str.cat(parts[1:], sep="|")
    if "available_time" not in table:
        made["available_time"] = available_time(table)
    return table.assign(**made)


def identity(table: "pd.DataFrame") -> "pd.DataFrame":
    """IDENTITY of each row; the day is that of London, as the files say it."""
    day = table["kickoff"].dt.tz_convert(LONDON).dt.strftime("%Y-%m-%d")
    return table.assign(date=day)[list(IDENTITY)].reset_index(drop=True)


def moments(times: "pd.Series[Any]") -> Moments:
    """Times with a zone as datetime64 in UTC."""
    return np.asarray(times.dt.tz_convert("UTC").dt.tz_localize(None), dtype="datetime64[us]")
