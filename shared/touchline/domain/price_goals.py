"""Goals that both sides were worth by the prices of a match."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain.score_grid import outcomes

Floats = NDArray[np.float64]

RHO: Final = -0.08
"""Correction of low scores with which prices say most about totals, on 2016-17 to 2020-21; without, too few draws."""
TOTAL: Final = 2.6
"""Goals in all of an ordinary match."""
TOTALS: Final = (1.6, 4.2)
"""Fewest and most goals in all that are read from the chance of a draw."""
WEAKEST: Final = 0.35
"""Goals of the weaker side at least, however strong the other one is."""
_APART: Final = 0.4
_REACH: Final = 3.2
_STEPS: Final = 161


def price_goals(probabilities: ArrayLike) -> Floats:
    """Goals of home and away behind chances of home win, draw and away win: (n, 3) -> (n, 2); NaN stays NaN.

    One step of Newton's method from an ordinary total: who is ahead says how far goals lie apart, and the more a draw
    is held likely, the fewer goals. `odds_goals.rates_of` is exact, and a hundred times slower.

    >>> price_goals([[0.5, 0.27, 0.23], [0.36, 0.28, 0.36]]).round(2).tolist()
    [[1.59, 1.01], [1.33, 1.33]]
    """
    home, draw, away = np.asarray(probabilities, np.float64).reshape(-1, 3).T
    ahead = home - away
    places, *columns = _table()
    apart, drawn, apart_slope, drawn_slope = (np.interp(ahead, places, column) for column in columns)
    total = np.clip(TOTAL + (draw - drawn) / drawn_slope, *TOTALS)
    return _sides(apart + (total - TOTAL) * apart_slope, total)


def _sides(apart: Floats, total: Floats | float) -> Floats:
    both = np.maximum(total, np.abs(apart) + 2 * WEAKEST)
    return np.stack([both + apart, both - apart], axis=1) / 2


@cache
def _table() -> tuple[Floats, ...]:
    """By the chance of a home win less that of an away win: goals apart and chance of a draw at an ordinary total, and
    how both change with the total.
    """
    apart = np.linspace(-_REACH, _REACH, _STEPS)
    told = [outcomes(_sides(apart, total), RHO).T for total in (TOTAL, TOTAL - _APART, TOTAL + _APART)]
    ahead = told[0][0] - told[0][2]
    at = [[np.interp(ahead, home - away, column) for column in (apart, draw)] for home, draw, away in told]
    slopes = [(more - fewer) / (2 * _APART) for fewer, more in zip(at[1], at[2], strict=True)]
    return ahead, at[0][0], at[0][1], slopes[0], np.minimum(slopes[1], -0.02)
