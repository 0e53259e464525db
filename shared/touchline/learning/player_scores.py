"""How good chances of players are, against the base rate of their line, on matches later than those learnt from."""

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from touchline.domain import involvement
from touchline.domain.involvement import EVENTS
from touchline.errors import DataError
from touchline.learning.card import Estimate
from touchline.learning.evaluation import estimates
from touchline.learning.examples import Floats

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 40
"""Matches with line-ups, under which a half says nothing of the other."""


class PlayerScore(msgspec.Struct, frozen=True):
    """Of one event: Brier scores over the appearances of the newer half of the matches, each match counting once."""

    event: str
    matches: int
    appearances: int
    brier: float
    base: float
    """Share of the appearances of the same line, from the start or from the bench, in the older half."""
    difference: Estimate
    """Ours minus the base rate; below zero: better."""


def evaluate(appearances: "pd.DataFrame") -> list[PlayerScore]:
    """Chances of those who came on, told from line-ups before kick-off: their minutes are not known, but expected.

    Raises:
        DataError: too few matches have line-ups.
    """
    rows = involvement.prepared(appearances)
    cut = rows.drop_duplicates("match_id")["kickoff"].quantile(0.5)
    older, newer = rows[rows["available_time"] <= cut], rows[rows["kickoff"] >= cut]
    matches = rows["match_id"].nunique()
    if matches < FEWEST or older.empty or newer.empty:
        raise DataError(
            f"{matches} matches with line-ups are too few to judge by (at least {FEWEST})", hint="collect more matches"
        )
    known = involvement.before(rows).loc[newer.index]
    share = involvement.shares(known, involvement.fit(older))
    minutes = _of_role(older, newer, older["minutes"].clip(upper=involvement.FULL))
    return [
        _score(event, newer, involvement.chance(share[:, place], newer["team_goals"], minutes), older)
        for place, event in enumerate(EVENTS)
    ]


def _score(event: str, newer: "pd.DataFrame", chance: Floats, older: "pd.DataFrame") -> PlayerScore:
    came = (newer[event] > 0).to_numpy(np.float64)
    base = _of_role(older, newer, (older[event] > 0).astype(float))
    errors = newer[["match_id"]].assign(ours=(chance - came) ** 2, base=(base - came) ** 2)
    by_match = errors.groupby("match_id")[["ours", "base"]].mean()
    ours, against = by_match.mean()
    gap = estimates((by_match["ours"] - by_match["base"]).to_numpy()[:, None])[0]
    return PlayerScore(event, len(by_match), len(newer), round(float(ours), 6), round(float(against), 6), gap)


def _of_role(older: "pd.DataFrame", newer: "pd.DataFrame", values: "pd.Series[float]") -> Floats:
    """Means of older values by line and start, for each newer row; the mean of all where a role is new."""
    role = ["line", "starter"]
    means = values.groupby([older[name] for name in role]).mean().rename("mean").reset_index()
    found = newer[role].merge(means, on=role, how="left")["mean"]
    return np.asarray(found.fillna(float(values.mean())), np.float64)
