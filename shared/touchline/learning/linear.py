"""Ridge regressions of results and of goals, for a hundred thousand matches and hundreds of columns in a second.

Columns that measure the same make a regression ill conditioned, so that the usual solvers take hundreds of steps, or
form a matrix of all pairs of coefficients in each. Here the columns are turned once by a Cholesky factor of their
moments, in which the problem is nearly round (a fixed bound on its curvature, as by Boehning 1992), and L-BFGS then
arrives in about ten steps. The ridge remains that on the columns as they are.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize

from touchline.domain import price_features
from touchline.learning.examples import Floats, Matrix
from touchline.learning.prepared import Prepared, Scale

_STEPS = 100
_FLAT = 1e-6
"""Slope of the mean loss at which the search ends."""
_OF_PRICES, _BESIDE_PRICES = 0.05, 50.0
"""Multiples of the ridge where results are learnt from prices of the match itself (2016-17, 2018-19, 2020-21); where
goals are, which prices of results say less about, other columns keep theirs."""
_CURVATURE = 0.22
"""Of the loss of a result in its log-odds, about p (1 - p); that of goals is near their mean, in which it is scaled."""
_HIGHEST = 4.0
"""Logarithm of expected goals beyond which a step cannot lead."""

Loss = Callable[[Matrix], tuple[Matrix, Matrix]]
"""(n, m) scores -> (n,) losses and (n, m) slopes."""


@dataclass(frozen=True)
class Linear:
    """Scores that are linear in features on a scale."""

    scale: Scale
    coefficients: Floats
    """(k, m)"""
    intercepts: Floats
    """(m,)"""

    def scores(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features -> (n, m) scores."""
        return np.asarray(self.scale.apply(x) @ self.coefficients + self.intercepts)


def fit_results(prepared: Prepared, strength: float) -> Linear:
    """Multinomial logistic regression on the outcomes; of one strength once, however many ask.

    Args:
        prepared: the matches with their weights.
        strength: inverse of the ridge, as the C of scikit-learn: the variance that coefficients are expected to have.
    """
    return prepared.once(f"results {strength}", lambda: _fit_results(prepared, strength))


def _fit_results(prepared: Prepared, strength: float) -> Linear:
    outcome = prepared.outcome
    came = np.eye(3, dtype=np.float32)[outcome]
    shares = np.average(came, axis=0, weights=prepared.weight)

    def loss(scores: Matrix) -> tuple[Matrix, Matrix]:
        # Column by column: numpy reduces rows of three one at a time.
        highest = np.maximum(np.maximum(scores[:, 0], scores[:, 1]), scores[:, 2])
        raised = np.exp(scores - highest[:, None])
        total = raised[:, 0] + raised[:, 1] + raised[:, 2]
        told = np.log(total) + highest - np.take_along_axis(scores, outcome[:, None], axis=1)[:, 0]
        return told, raised / total[:, None] - came

    start = np.log(np.maximum(shares, 1e-3))
    return _fit(prepared, loss, start, strength, _CURVATURE, beside=_BESIDE_PRICES)


def fit_goals(prepared: Prepared, strength: float) -> Linear:
    """Two Poisson regressions on the goals where they are known: the scores are logarithms of expected goals."""
    known = ~np.isnan(prepared.examples.goals).any(axis=1)
    goals, weight = np.nan_to_num(prepared.examples.goals), prepared.weight * known
    came = goals.astype(np.float32)
    means = np.maximum(np.average(goals, axis=0, weights=weight), 0.01)

    def loss(scores: Matrix) -> tuple[Matrix, Matrix]:
        held = np.minimum(scores, np.float32(_HIGHEST))
        expected = np.exp(held)
        losses = expected - came * scores
        return losses[:, 0] + losses[:, 1], expected - came

    return _fit(prepared, loss, np.log(means), strength, float(means.mean()), weight)


def _fit(
    prepared: Prepared, loss: Loss, start: Floats, strength: float, curvature: float, weight: Floats | None = None,
    beside: float = 1.0,
) -> Linear:  # fmt: skip
    x, weight = prepared.scaled, prepared.weight if weight is None else weight
    total = float(weight.sum())
    share = (weight / total).astype(np.float32)
    ridge = ridges(prepared.examples.names, beside) / (strength * total)
    turn = _turn(_moments(prepared, share), ridge, curvature)
    columns, scores = x.shape[1], len(start)
    steep = 1.0 / np.sqrt(curvature)

    def descend(point: Floats) -> tuple[float, Floats]:
        inner = turn @ point[scores:].reshape(columns, scores)
        outer = start + steep * point[:scores]
        losses, slopes = loss(x @ inner.astype(np.float32) + outer.astype(np.float32))
        slopes = slopes * share[:, None]
        value = float(losses.astype(np.float64) @ share) + float(np.sum(ridge * inner**2)) / 2
        down = (x.T @ slopes).astype(np.float64) + ridge * inner
        return value, np.concatenate([steep * slopes.sum(axis=0, dtype=np.float64), (turn.T @ down).ravel()])

    found: Any = minimize(
        descend,
        np.zeros(scores + columns * scores),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _STEPS, "gtol": _FLAT, "ftol": 1e-10},
    )
    coefficients = turn @ found.x[scores:].reshape(columns, scores)
    return Linear(prepared.scale, coefficients, start + steep * found.x[:scores])


def ridges(names: tuple[str, ...], beside: float = 1.0) -> Floats:
    """(k, 1) ridge of each column as a multiple of the usual: prices of the match itself are hardly drawn to zero,
    since they say nearly all, and columns beside them as `beside` says.
    """
    priced = np.isin(names, price_features.NAMES)
    return np.where(priced, _OF_PRICES, beside if priced.any() else 1.0)[:, np.newaxis]


def _moments(prepared: Prepared, share: Matrix) -> Floats:
    """(k, k) products of the columns; results and goals are learnt with the same weights where all goals are known."""
    x = prepared.scaled
    key = f"moments {hashlib.blake2b(share.tobytes(), digest_size=16).hexdigest()}"
    return prepared.once(key, lambda: (x.T @ (x * share[:, None])).astype(np.float64))


def _turn(moments: Floats, ridge: Floats, curvature: float) -> Floats:
    """(k, k) matrix from coefficients in which the problem is round to those of the columns."""
    lower = cholesky(curvature * moments + np.diag(ridge[:, 0] + 1e-7), lower=True)
    return np.asarray(solve_triangular(lower, np.eye(len(moments)), lower=True).T)
