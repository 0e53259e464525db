"""Goals that both sides were worth by the prices of a match."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain.score_grid import outcomes

Floats = NDArray[np.float64]

TOTAL: Final = 2.6
"""Goals in all: 1X2 prices say much about who is stronger and little about how many goals fall."""
WEAKEST: Final = 0.35
"""Goals of the weaker side at least, however strong the other one is."""
_REACH: Final = 3.2
_STEPS: Final = 161


def price_goals(probabilities: ArrayLike) -> Floats:
    """Goals of home and away behind chances of home win, draw and away win: (n, 3) -> (n, 2); NaN stays NaN.

    >>> price_goals([[0.5, 0.27, 0.23], [0.36, 0.28, 0.36]]).round(3).tolist()
    [[1.592, 1.008], [1.3, 1.3]]
    """
    chances = np.asarray(probabilities, np.float64).reshape(-1, 3)
    difference = np.interp(chances[:, 0] - chances[:, 2], *_table())
    return _sides(difference)


def _sides(difference: Floats) -> Floats:
    total = np.maximum(TOTAL, np.abs(difference) + 2 * WEAKEST)
    return np.stack([total + difference, total - difference], axis=1) / 2


@cache
def _table() -> tuple[Floats, Floats]:
    difference = np.linspace(-_REACH, _REACH, _STEPS)
    home, _, away = outcomes(_sides(difference)).T
    return home - away, difference
