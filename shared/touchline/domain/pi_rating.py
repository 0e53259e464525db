"""Pi-ratings: one rating at home, one away, in goals against an average team (Constantinou and Fenton 2013,
"Determining the level of ability of football teams by dynamic ratings based on the relative discrepancies in scores").

Constants by random search on matches up to the season 2020-21.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

RATE: Final = 0.125
"""Share of the discounted error that moves the rating of the venue."""
CARRY: Final = 0.635
"""Share of that step that the rating of the other venue moves too."""
_BASE: Final = 10.0
_SPREAD: Final = 3.0


def goal_difference(rating: ArrayLike) -> Floats:
    """Expected goal difference against an average team.

    >>> goal_difference([0.0, 0.9, -0.9]).round(3).tolist()
    [0.0, 0.995, -0.995]
    """
    rating = np.asarray(rating, np.float64)
    return np.asarray(np.sign(rating) * (np.power(_BASE, np.abs(rating) / _SPREAD) - 1))


def step(home: ArrayLike, away: ArrayLike, difference: ArrayLike) -> Floats:
    """Step of the home team's home rating after a goal difference; the away team's away rating moves by the opposite.

    A large error counts less than in proportion.

    >>> step([0.0, 0.0], [0.0, 0.0], [0, 3]).round(4).tolist()
    [0.0, 0.2258]
    """
    expected_home, expected_away = goal_difference(np.stack([home, away]))
    error = np.asarray(difference, np.float64) - (expected_home - expected_away)
    return np.asarray(RATE * _SPREAD * np.sign(error) * np.log10(1 + np.abs(error)))
