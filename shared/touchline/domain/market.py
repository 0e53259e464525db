"""What the prices of earlier matches say about the strength of each team.

A bookmaker's price holds what results do not show: line-ups, transfers, money. The price of a match is never a feature
of that match; but once it is played, its price teaches how strong the market held both teams to be.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

RATES: Final = (0.33, 0.1)
"""Share of the error that each team's strength moves, by `rows.SPEEDS`; by search on matches up to 2020-21."""
NEWS: Final = (0.015, 0.0)
"""The same for each goal by which the result was better than the price: what the next price will know and this one
did not. By search on the same matches."""
MARGIN: Final = 1.085
"""Goals by which a side wins for each unit of log-odds: least squares on the same matches."""
LARGEST_NEWS: Final = 3.0
"""Goals; one freak score must not turn a rating over."""
REGRESSION: Final = (0.2, 0.1)
"""Share of the way to the mean of its league that a strength goes back between two seasons."""
NEWCOMER: Final = -0.15
"""A team never seen before starts this far from its league's mean."""
DRAW_RATE: Final = 0.25
"""Share of the error that each team's tendency to draw moves; by search on the same matches."""
DRAW_REGRESSION: Final = 0.1
DRAW_LEVEL: Final = -0.88
DRAW_FALL: Final = (0.294, -0.0069)
"""Log-odds of a draw between equals, and by how much they fall with the square and the fourth power of the supremacy:
least squares on prices up to 2020-21."""
HOME_RATE: Final = 0.028
"""Share of the error that the home advantage of the league moves."""
HOME_ADVANTAGE: Final = 0.45
"""Log-odds by which the home side is favoured where nothing else is known."""


def supremacy(probabilities: ArrayLike) -> Floats:
    """Log-odds of the home side, half of the draw counted to each: (n, 3) -> (n,); NaN stays NaN.

    >>> supremacy([[0.5, 0.3, 0.2], [0.375, 0.25, 0.375]]).round(4).tolist()
    [0.619, 0.0]
    """
    home, draw, away = np.asarray(probabilities, np.float64).T
    return np.asarray(np.log((home + draw / 2) / (away + draw / 2)))


def lessons(closing: ArrayLike, before: ArrayLike) -> Floats:
    """What the price of a played match teaches: log-odds of a home win and of an away win, each against a draw.

    Args:
        closing: (n, 3) probabilities at kick-off, which know most; NaN where there was no price.
        before: (n, 3) the same before the match, which stand in.

    Returns:
        (n, 2), NaN where there was neither price.

    >>> unknown = [np.nan] * 3
    >>> lessons([[0.5, 0.25, 0.25], unknown, unknown], [[0.4, 0.3, 0.3], [0.6, 0.3, 0.1], unknown]).round(3).tolist()
    [[0.693, 0.0], [0.693, -1.099], [nan, nan]]
    """
    last = np.asarray(closing, np.float64)
    home, draw, away = np.where(np.isnan(last).any(axis=1, keepdims=True), np.asarray(before, np.float64), last).T
    return np.asarray(np.log(np.stack([home / draw, away / draw], axis=1)))


def draw_tendency(probabilities: ArrayLike) -> Floats:
    """Log-odds of a draw, brought to what they would be between equals: (n, 3) -> (n,); NaN stays NaN.

    >>> draw_tendency([[0.36, 0.28, 0.36], [0.5, 0.26, 0.24]]).round(3).tolist()
    [-0.944, -0.963]
    """
    draw, square = np.asarray(probabilities, np.float64)[:, 1], supremacy(probabilities) ** 2
    return np.asarray(np.log(draw / (1 - draw)) + DRAW_FALL[0] * square + DRAW_FALL[1] * square**2)
