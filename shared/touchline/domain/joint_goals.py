"""One joint distribution of goals behind all that is said of a match, from expected goals and calibrated chances."""

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


def joint(probabilities: ArrayLike, rates: ArrayLike, rho: float = RHO) -> Joint:
    """Chances of all scores from those of the result, (n, 3), and expected goals, (n, 2).

    Where expected goals are missing, those are taken that the chances of the result lead to.

    >>> found = joint([[0.5, 0.3, 0.2]], [[1.6, 0.9]])
    >>> score_grid.results(found.grids).round(6).tolist()
    [[0.5, 0.3, 0.2]]
    """
    chances = np.asarray(probabilities, dtype=np.float64).reshape(-1, 3)
    known = np.array(rates, dtype=np.float64).reshape(-1, 2)
    missing = np.isnan(known).any(axis=1)
    known[missing] = rates_of(chances[missing])
    known = score_grid.bounded(known)
    return Joint(chances, known, score_grid.reconcile(score_grid.grid(known, rho), chances))


def grid_of(match: MatchForecast) -> Floats | None:
    """Chance of every score of a published forecast, (SIZE, SIZE); None of a model that expects no goals."""
    if match.rates is None:
        return None
    return np.asarray(joint([[match.home, match.draw, match.away]], [match.rates], match.rho).grids[0])


def goals_of(match: MatchForecast) -> Goals | None:
    """What a published forecast says of goals; None of a model that expects none."""
    made = grid_of(match)
    if made is None:
        return None
    found = score_grid.markets(made[None])
    home, away = found.expected_goals[0].tolist()
    return Goals(
        expected_goals_home=home,
        expected_goals_away=away,
        over_25=float(found.over[0, score_grid.LINES.index(2.5)]),
        both_score=float(found.both_score[0]),
        likeliest_score="{}-{}".format(*found.scores[0, 0]),
    )
