"""What a bookmaker's prices say about probabilities, once his margin is taken out."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_STEPS = 45
"""Halvings of the interval of z: its error is then below 1e-13."""


def overround(odds: ArrayLike) -> Floats:
    """Sum of the inverse prices, (n,); above 1 by the bookmaker's margin.

    >>> overround([[2.0, 4.0, 4.0], [1.9, 3.8, 3.8]]).round(4).tolist()
    [1.0, 1.0526]
    """
    return np.asarray(np.sum(_inverse(odds), axis=1))


def implied(odds: ArrayLike, method: Literal["shin", "proportional"] = "shin") -> Floats:
    """Probabilities behind decimal prices: (n, 3) odds above 1 -> (n, 3) rows that sum to 1.

    `proportional` divides by the overround. `shin` lays more of the margin on long shots, as a bookmaker does who
    fears a share z of insiders among his customers (Shin 1993; solved for z as in Jullien and Salanie 1994, compared
    by Strumbelj 2014). Where prices leave no margin (below an overround of 1) both are the same. Rows with a missing
    price become NaN.

    Raises:
        ValueError: a price is not above 1.

    >>> implied([[1.5, 4.0, 7.0]], "proportional").round(4).tolist()
    [[0.6292, 0.236, 0.1348]]
    >>> implied([[1.5, 4.0, 7.0]]).round(4).tolist()
    [[0.6423, 0.2315, 0.1262]]
    """
    inverse = _inverse(odds)
    p = inverse if method == "proportional" else _shin(inverse)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _inverse(odds: ArrayLike) -> Floats:
    prices = np.asarray(odds, dtype=np.float64).reshape(-1, 3)
    if np.any(prices <= 1):
        raise ValueError("decimal odds are above 1")
    return 1.0 / np.where(np.isnan(prices).any(axis=1, keepdims=True), np.nan, prices)


def _shin(inverse: Floats) -> Floats:
    """Bisection on z: the sum of the probabilities falls as z grows."""
    squares = inverse**2 / inverse.sum(axis=1, keepdims=True)
    low, high = np.zeros((len(inverse), 1)), np.ones((len(inverse), 1))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        above = _shin_at(middle, squares).sum(axis=1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    margin = inverse.sum(axis=1, keepdims=True) > 1
    return np.where(margin, _shin_at(low, squares), inverse)


def _shin_at(z: Floats, squares: Floats) -> Floats:
    # The usual form (sqrt(...) - z) / 2(1 - z), multiplied out so that z near 1 loses no digits.
    return 2 * squares / (np.sqrt(z**2 + 4 * (1 - z) * squares) + z)
