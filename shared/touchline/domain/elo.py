"""Elo ratings (A. Elo, The Rating of Chessplayers, 1978), with home advantage and a multiplier for the goal margin.

The multiplier grows with the goal difference, an idea of eloratings.net and clubelo.com. The constants were found by
random search on matches up to the season 2020-21: log-loss of a logistic regression on the ratings.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

START: Final = 1500.0
"""Mean rating of a league of which nothing is known."""
SCALE: Final = 400.0
"""Rating points that make a win ten times as likely as a defeat."""
K: Final = 8.6
"""Points at stake in a draw, where the margin's multiplier is 1."""
HOME_ADVANTAGE: Final = 20.0
"""Rating points by which the home team plays better than its rating."""
MARGIN_EXPONENT: Final = 0.96
REGRESSION: Final = 0.035
"""Share of the way to the mean of its league that a rating goes back between two seasons: squads change."""
NEWCOMER: Final = -80.0
"""A team never seen before starts this far from the mean of its league: it came from below."""


def expected_score(difference: ArrayLike) -> Floats:
    """Expected points share of the home team (win 1, draw 1/2) at a rating difference home minus away.

    >>> expected_score([-HOME_ADVANTAGE, SCALE - HOME_ADVANTAGE]).round(4).tolist()
    [0.5, 0.9091]
    """
    return np.asarray(1 / (1 + np.power(10.0, -(np.asarray(difference) + HOME_ADVANTAGE) / SCALE)))
