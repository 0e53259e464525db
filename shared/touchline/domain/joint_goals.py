"""One joint distribution of goals behind all that is said of a match, from expected goals and calibrated chances."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain import score_grid
from touchline.domain.odds_goals import rates_of

Floats = NDArray[np.float64]

RHO: Final = -0.08
"""Correction of low scores, as fitted by likelihood on 22 divisions."""


@dataclass(frozen=True)
class Joint:
    """Forecasts of n matches from which everything else follows."""

    probabilities: Floats
    """(n, 3) home win, draw, away win."""
    rates: Floats
    """(n, 2) expected goals before they were reconciled with the probabilities."""
    grids: Floats
    """(n, SIZE, SIZE) chances of scores; their home wins, draws and away wins have the probabilities."""


def joint(probabilities: ArrayLike, rates: ArrayLike, rho: float = RHO) -> Joint:
    """Chances of all scores from those of the result, (n, 3), and expected goals, (n, 2).

    Where expected goals are missing, those are taken that the chances of the result lead to.

    >>> found = joint([[0.5, 0.3, 0.2]], [[1.6, 0.9]])
    >>> score_grid.results(found.grids).round(6).tolist()
    [[0.5, 0.3, 0.2]]
    """
    chances = np.asarray(probabilities, dtype=np.float64).reshape(-1, 3)
    given = np.asarray(rates, dtype=np.float64).reshape(-1, 2)
    missing = np.isnan(given).any(axis=1)
    known = given.copy()
    known[missing] = rates_of(chances[missing], rho)
    known = score_grid.bounded(known)
    return Joint(chances, known, score_grid.reconcile(score_grid.grid(known, rho), chances))
