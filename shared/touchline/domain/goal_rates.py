"""Attack and defence of each team, learnt online: goals ~ Poisson(base of the league * exp(attack - other defence)).

The step is the gradient of the Poisson log-likelihood (Maher 1982, "Modelling association football scores", for the
model; the online form is plain stochastic gradient). Three pairs are kept: goals learnt fast, goals learnt slowly, and
shots turned into expected goals. Constants by random search on matches up to the season 2020-21.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

KINDS: Final = ("fast", "slow", "shots")
FAST_RATE: Final = 0.025
SLOW_RATE: Final = 0.0012
SHOTS_RATE: Final = 0.063
LARGEST_ERROR: Final = 3.0
"""Goals; one freak score must not turn a rating over."""
NEWCOMER_BOOST: Final = 6.7
NEWCOMER_MATCHES: Final = 20.0
"""A team without history learns (1 + boost) times as fast; that fades with this many matches."""

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
    """Expected goals, (3, 2, n): kinds, home and away, matches; all arguments have that shape.

    >>> expected(np.full((1, 2, 1), 1.5), np.full((1, 2, 1), 0.2), np.array([[[0.2], [0.0]]])).round(3).ravel().tolist()
    [1.832, 1.5]
    """
    return np.asarray(base * np.exp(attack - defence[:, ::-1]))


def learning_rate(matches: ArrayLike) -> Floats:
    """Factor on the rates of a team with so many matches behind it.

    >>> learning_rate([0, 20, 1000]).round(3).tolist()
    [7.7, 3.465, 1.0]
    """
    return np.asarray(1 + NEWCOMER_BOOST * np.exp(-np.asarray(matches, np.float64) / NEWCOMER_MATCHES))


def steps(error: Floats, rates: Floats, boost: Floats) -> tuple[Floats, Floats]:
    """Steps of attack and defence after the errors observed minus expected; all (3, 2, n), boost (2, n).

    Who scores more than expected attacks better, and the other side defends worse.

    >>> attack, defence = steps(np.array([[[1.0], [0.0]]]), np.full((1, 2, 1), 0.1), np.ones((2, 1)))
    >>> attack.ravel().tolist(), (0 - defence).ravel().tolist()
    ([0.1, 0.0], [0.0, 0.1])
    """
    pull = rates * np.minimum(np.maximum(error, -LARGEST_ERROR), LARGEST_ERROR)
    return pull * boost, pull[:, ::-1] * -boost
