"""Plain forecasters to compare with: shares of the outcomes, and Elo alone; learnt from matches before the others."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RECENT: Final = 1500
"""Matches behind the shares of a competition, about four seasons: home advantage changes over the decades."""
WEIGHT: Final = 20.0
"""A competition's shares are drawn towards those of all competitions by this many matches."""
_STEPS: Final = 25
_SCALE: Final = 100.0
"""Points of Elo that count as one."""


def shares(outcome: NDArray[np.integer], competition: NDArray[np.object_], asked: NDArray[np.object_]) -> Floats:
    """Shares of home, draw and away in the newest matches of each asked match's competition, (n, 3).

    Args:
        outcome: (k,) of known matches, oldest first: 0 home, 1 draw, 2 away.
        competition: (k,) their competitions.
        asked: (n,) competitions of the matches to forecast.

    >>> league = np.array(["E0"] * 4, object)
    >>> shares(np.array([0, 0, 1, 2]), league, np.array(["E0", "D1"], object)).round(2).tolist()
    [[0.44, 0.28, 0.28], [0.43, 0.29, 0.29]]
    """
    newest = slice(-RECENT, None)
    overall = (_counts(outcome[newest]) + 1) / (_counts(outcome[newest]) + 1).sum()
    drawn = {}
    for name in np.unique(asked.astype(str)):
        own = _counts(outcome[competition == name][newest])
        drawn[name] = (own + WEIGHT * overall) / (own.sum() + WEIGHT)
    return np.array([drawn[str(name)] for name in asked]).reshape(-1, 3)


def elo(difference: Floats, outcome: NDArray[np.integer], asked: Floats) -> Floats:
    """Multinomial logistic regression on the Elo difference alone, (n, 3), by Newton's method.

    A ridge of 1 on the slope (not on the level) keeps few matches finite; it is what scikit-learn's default does.

    Args:
        difference: (k,) home minus away, of known matches; NaN counts as 0.
        outcome: (k,) their outcomes.
        asked: (n,) differences of the matches to forecast.

    >>> p = elo(np.array([-200.0, 0.0, 200.0, 100.0]), np.array([2, 1, 0, 0]), np.array([-300.0, 300.0]))
    >>> bool(p[0, 2] > p[0, 0]), bool(p[1, 0] > p[1, 2]), p.sum(axis=1).round(6).tolist()
    (True, True, [1.0, 1.0])
    """
    x, y = _design(difference), np.eye(3)[np.asarray(outcome, np.int64)]
    ridge = np.diag(np.tile([0.0, 1.0], 3)) + 1e-9 * np.eye(6)  # the levels are free up to a constant
    weights = np.zeros((3, 2))
    for _ in range(_STEPS):
        p = _softmax(x @ weights.T)
        slope = ((p - y).T @ x).ravel() + ridge @ weights.ravel()
        spread = np.einsum("na,ab->nab", p, np.eye(3)) - np.einsum("na,nb->nab", p, p)
        curve = np.einsum("nab,ni,nj->aibj", spread, x, x).reshape(6, 6) + ridge
        weights = weights - np.linalg.solve(curve, slope).reshape(3, 2)
    return _softmax(_design(asked) @ weights.T)


def _design(difference: Floats) -> Floats:
    scaled = np.nan_to_num(np.asarray(difference, np.float64)) / _SCALE
    return np.stack([np.ones_like(scaled), scaled], axis=1)


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _counts(outcome: NDArray[np.integer]) -> Floats:
    return np.bincount(np.asarray(outcome, np.int64), minlength=3).astype(np.float64)
