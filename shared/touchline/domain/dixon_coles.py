"""The model of Dixon and Coles (1997, "Modelling association football scores and inefficiencies in the football betting
market") as a forecaster of its own: attack and defence fade with time, and few goals on both sides are corrected.

Strengths come from the weekly fits of goals (`batch_ratings`), chances from the grid of scores (`score_grid`).
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain import score_grid

Floats = NDArray[np.float64]

FEATURES: Final = ("refitted_supremacy_goals", "refitted_total_goals")
"""Columns that hold the difference and the sum of the logs of expected goals."""
RHO_BOUNDS: Final = (-0.3, 0.3)
_STEPS: Final = 20
_SMALLEST: Final = 1e-6


def rates(supremacy: ArrayLike, total: ArrayLike) -> Floats:
    """Expected goals of home and away, (n, 2), from difference and sum of their logs, (n,); NaN stays NaN.

    >>> rates([0.4, 0.0], [0.4, 0.2]).round(3).tolist()
    [[1.492, 1.0], [1.105, 1.105]]
    """
    difference, both = np.asarray(supremacy, np.float64), np.asarray(total, np.float64)
    return np.exp(np.stack([both + difference, both - difference], axis=1) / 2)


def probabilities(rates: ArrayLike, rho: float) -> Floats:
    """Chances of home win, draw and away win, (n, 3), from expected goals (n, 2); rows with a missing rate are NaN.

    >>> probabilities([[1.5, 1.0], [np.nan, 1.0]], -0.1).round(4).tolist()
    [[0.4756, 0.2845, 0.2399], [nan, nan, nan]]
    """
    given = np.asarray(rates, np.float64).reshape(-1, 2)
    known = ~np.isnan(given).any(axis=1)
    made = np.full((len(given), 3), np.nan)
    made[known] = score_grid.outcomes(score_grid.bounded(given[known]), rho)
    return made


def fit_rho(rates: ArrayLike, goals: ArrayLike) -> float:
    """The correction of low scores under which goals (n, 2) are likeliest, given what was expected, (n, 2).

    Only 0-0, 1-0, 0-1 and 1-1 depend on it, each by a factor 1 + c rho, so the log-likelihood is concave: Newton's
    method, held within RHO_BOUNDS. Rows with a missing value say nothing; without any, the correction is 0.
    """
    given, scored = (np.asarray(each, np.float64).reshape(-1, 2) for each in (rates, goals))
    (home, away), (mine, theirs) = given.T, scored.T
    low = (mine <= 1) & (theirs <= 1) & ~np.isnan(given).any(axis=1)
    slope = np.select([mine + theirs == 0, mine + theirs == 2, mine == 0], [-home * away, -1.0, home], away)[low]
    rho = 0.0
    for _ in range(_STEPS):
        pull = slope / np.maximum(1 + slope * rho, _SMALLEST)
        rho = float(np.clip(rho + pull.sum() / max(float(pull @ pull), _SMALLEST), *RHO_BOUNDS))
    return rho
