"""Several forecasters as one: a log-opinion pool, and what serving must know of its members.

The pool is the weighted geometric mean of the members' probabilities, brought back to 1 (Genest and Zidek 1986). It is
sharper than the mean where the members agree, and stays a forecast of the same kind as theirs.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain import score_grid

Floats = NDArray[np.float64]
FORMAT: Final = 2
"""Of the bundle: the graph gives the scores of all members, and pool.json says what they mean."""
_LEAST = 1e-9
"""No member's chance counts as less: one who says never would silence the others."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of a pool, and where its scores stand among those of the graph."""

    family: str
    weight: float
    """Its part in the pool; a model of goals may have none and serve for expected goals alone."""
    first: int
    """Column of its first score: three log-odds, or with `rho` the logarithms of both sides' expected goals."""
    rho: float | None = None
    """Correction of low scores, of a member that expects goals."""

    def rates(self, scores: Floats) -> Floats:
        """(n, m) scores of the graph -> (n, 2) expected goals of a member that expects goals."""
        return rates_of(scores[:, self.first : self.first + 2])

    def forecast(self, scores: Floats) -> Floats:
        """(n, m) scores of the graph -> (n, 3) probabilities."""
        if self.rho is None:
            return softmax(scores[:, self.first : self.first + 3])
        return score_grid.outcomes(self.rates(scores), self.rho)


class Pool(msgspec.Struct, frozen=True):
    """All members, as kept in the bundle."""

    format: int
    members: tuple[Member, ...]

    def forecast(self, scores: Floats) -> Floats:
        """(n, m) scores of the graph -> (n, 3) probabilities, not yet calibrated."""
        heard = [member for member in self.members if member.weight > 0]
        return blend([member.forecast(scores) for member in heard], [member.weight for member in heard])

    def rates(self, scores: Floats) -> Floats:
        """(n, m) scores of the graph -> (n, 2) expected goals, home and away; NaN where no member expects goals."""
        for member in self.members:
            if member.rho is not None:
                return member.rates(scores)
        return np.full((len(scores), 2), np.nan)


def blend(forecasts: Sequence[ArrayLike], weights: Sequence[float]) -> Floats:
    """Log-opinion pool of (n, 3) probabilities; weights sum to 1.

    >>> blend([[[0.5, 0.3, 0.2]], [[0.3, 0.3, 0.4]]], [0.5, 0.5]).round(3).tolist()
    [[0.399, 0.309, 0.292]]
    """
    if len(forecasts) == 1:
        return np.asarray(forecasts[0], dtype=np.float64)
    told = [weight * np.log(np.maximum(p, _LEAST)) for p, weight in zip(forecasts, weights, strict=True)]
    return softmax(np.sum(told, axis=0))


def softmax(scores: ArrayLike) -> Floats:
    """(n, k) log-odds -> (n, k) probabilities.

    >>> softmax([[0.0, 0.0], [1000.0, 0.0]]).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    given = np.asarray(scores, dtype=np.float64)
    raised = np.exp(given - given.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def rates_of(logarithms: ArrayLike) -> Floats:
    """Logarithms of expected goals (n, 2) -> expected goals that a grid can be made of.

    >>> rates_of([[0.0, 99.0]]).round(6).tolist()
    [[1.0, 8.0]]
    """
    given = np.asarray(logarithms, dtype=np.float64)
    return score_grid.bounded(np.exp(np.minimum(np.maximum(given, _LOWEST), _HIGHEST)))


_LOWEST, _HIGHEST = np.log(score_grid.RATES)
