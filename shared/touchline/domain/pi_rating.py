"""Pi-ratings: one rating at home, one away, in goals against an average team (Constantinou and Fenton 2013,
"Determining the level of ability of football teams by dynamic ratings based on the relative discrepancies in scores").

Constants by random search on matches up to the season 2020-21.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

RATE: Final = 0.03
"""Share of the discounted error that moves the rating of the venue."""
CARRY: Final = 0.79
"""Share of that step that the rating of the other venue moves too."""
_BASE: Final = 10.0
SPREAD: Final = 3.0
NEWCOMER: Final = -0.13
"""A team never seen before starts this far from its league's means."""


def goal_difference(rating: ArrayLike) -> Floats:
    """Expected goal difference against an average team.

    >>> goal_difference([0.0, 0.9, -0.9]).round(3).tolist()
    [0.0, 0.995, -0.995]
    """
    rating = np.asarray(rating, np.float64)
    return np.asarray(np.sign(rating) * (np.power(_BASE, np.abs(rating) / SPREAD) - 1))
