"""Attack and defence of each team, learnt online: a count ~ Poisson(base of the league * exp(attack - other defence)).

The step is the gradient of the Poisson log-likelihood (Maher 1982, "Modelling association football scores", for the
model; the online form is plain stochastic gradient). Goals are learnt fast and slowly; so are goals deserved by shots,
shots on target, shots and corners, where they were counted. Constants by random search on matches up to the season
2020-21. All tuples of six are by `rows.KINDS`, all of five by `rows.COUNTS`.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

RATES: Final = (0.025, 0.0012, 0.063, 0.024, 0.008, 0.016)
FALLBACK: Final = (0.0, 0.0, 0.0012, 0.0, 0.0, 0.0)
"""Rates at which goals are learnt in place of a count that is unknown."""
LARGEST_ERROR: Final = (3.0, 3.0, 3.0, 8.0, 16.0, 8.0)
"""Errors count up to here; one freak score must not turn a rating over."""
REGRESSION: Final = (0.009, 0.009, 0.005, 0.25, 0.25, 0.25)
"""Share of the way to the league's means that a rating goes back between two seasons."""
NEWCOMER: Final = (-0.045, -0.045, -0.045, -0.045, -0.045, -0.045)
"""A team never seen before starts this far from its league's means."""
NEWCOMER_BOOST: Final = 6.7
NEWCOMER_MATCHES: Final = 20.0
"""A team without history learns (1 + boost) times as fast; that fades with this many matches."""
START: Final = ((1.5, 1.15), (1.5, 1.15), (5.0, 4.0), (13.0, 10.5), (5.7, 4.7))
"""Home and away, in a league of which nothing is known."""
LOWEST: Final = (0.6, 0.6, 2.0, 5.0, 2.0)
HIGHEST: Final = (2.5, 2.5, 9.0, 22.0, 10.0)
"""Bounds of a league's means."""

XG_BASE: Final = 0.5597
XG_ON_TARGET: Final = 0.2121
XG_OFF_TARGET: Final = -0.0032
XG_CORNER: Final = -0.0491
"""Goals regressed on shots on target, off target and corners: least squares on 50,060 matches, 2005-06 to 2016-17."""
CORNERS: Final = 5.3
"""Mean corners of a side, where they were not counted."""


def expected_goals_from_shots(on_target: ArrayLike, shots: ArrayLike, corners: ArrayLike) -> Floats:
    """Goals that a side deserved by its shots; NaN where shots were not counted.

    >>> expected_goals_from_shots([5.0, np.nan], [12.0, 9.0], [6.0, 4.0]).round(3).tolist()
    [1.303, nan]
    """
    on_target, shots, corners = (np.asarray(each, np.float64) for each in (on_target, shots, corners))
    off_target = np.maximum(shots - on_target, 0)
    known = np.where(np.isnan(corners), CORNERS, corners)
    return np.asarray(XG_BASE + XG_ON_TARGET * on_target + XG_OFF_TARGET * off_target + XG_CORNER * known)


def expected(base: Floats, attack: Floats, defence: Floats) -> Floats:
    """What to expect, (k, 2, n): kinds, home and away, matches; all arguments have that shape.

    >>> expected(np.full((1, 2, 1), 1.5), np.full((1, 2, 1), 0.2), np.array([[[0.2], [0.0]]])).round(3).ravel().tolist()
    [1.832, 1.5]
    """
    return np.asarray(base * np.exp(attack - defence[:, ::-1]))
