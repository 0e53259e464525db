"""One joint distribution of goals behind all that is said of a match, from expected goals and calibrated chances."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain import score_grid
from touchline.domain.forecasts import MatchForecast
from touchline.domain.odds_goals import rates_of

Floats = NDArray[np.float64]

RHO: Final = -0.05
"""Correction of low scores: on 2016-17 to 2020-21 the likelihood of reconciled grids falls slowly below it."""


@dataclass(frozen=True)
class Joint:
    """Forecasts of n matches from which everything else follows."""

    probabilities: Floats
    """(n, 3) home win, draw, away win."""
    rates: Floats
    """(n, 2) expected goals before they were reconciled with the probabilities."""
    grids: Floats
    """(n, SIZE, SIZE) chances of scores; their home wins, draws and away wins have the probabilities."""


class Goals(msgspec.Struct, frozen=True, kw_only=True):
    """What people ask of the goals of one match; all of it agrees with the chances of the result."""

    expected_goals_home: float
    expected_goals_away: float
    over_25: float
    """Chance of three goals or more."""
    both_score: float
    likeliest_score: str


def joint(probabilities: ArrayLike, rates: ArrayLike, rho: ArrayLike = RHO) -> Joint:
    """Chances of all scores from those of the result, (n, 3), and expected goals, (n, 2).

    Where expected goals are missing, those are taken that the chances of the result lead to.

    >>> found = joint([[0.5, 0.3, 0.2]], [[1.6, 0.9]])
    >>> score_grid.results(found.grids).round(6).tolist()
    [[0.5, 0.3, 0.2]]
    """
    chances = np.asarray(probabilities, dtype=np.float64).reshape(-1, 3)
    known = np.array(rates, dtype=np.float64).reshape(-1, 2)
    missing = np.isnan(known).any(axis=1)
    if missing.any():
        known[missing] = rates_of(chances[missing])
    known = score_grid.bounded(known)
    return Joint(chances, known, score_grid.reconcile(score_grid.grid(known, rho), chances))


def grids_of(matches: Sequence[MatchForecast]) -> Floats:
    """Chance of every score of published forecasts, (n, SIZE, SIZE), as it was when they were made."""
    chances = [(match.home, match.draw, match.away) for match in matches]
    return joint(
        chances, [match.rates or (np.nan, np.nan) for match in matches], np.array([match.rho for match in matches])
    ).grids


def goals_of(matches: Iterable[MatchForecast]) -> dict[str, Goals]:
    """What published forecasts say of goals, by match; those of models that expect none are left out."""
    told = [match for match in matches if match.rates is not None]
    return {match.match_id: goals for match, goals in zip(told, goals_from(grids_of(told)), strict=True)}


def goals_from(grids: Floats) -> list[Goals]:
    """What is told of grids (n, SIZE, SIZE): a part of `score_grid.markets`, since each answer needs no more."""
    goals, best = np.arange(score_grid.SIZE), grids.reshape(len(grids), score_grid.SIZE**2).argmax(axis=1)
    columns = (
        grids.sum(axis=2) @ goals,
        grids.sum(axis=1) @ goals,
        np.sum(grids, axis=(1, 2), where=_MANY),
        np.sum(grids[:, 1:, 1:], axis=(1, 2)),
        best,
    )
    return [
        Goals(
            expected_goals_home=home, expected_goals_away=away, over_25=many, both_score=both,
            likeliest_score="{}-{}".format(*divmod(place, score_grid.SIZE)),
        )
        for home, away, many, both, place in zip(*(column.tolist() for column in columns), strict=True)
    ]  # fmt: skip


_MANY: Final = np.add.outer(np.arange(score_grid.SIZE), np.arange(score_grid.SIZE)) > 2.5
"""Scores with three goals or more."""
