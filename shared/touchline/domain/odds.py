"""What a bookmaker's prices say about probabilities, once his margin is taken out."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_STEPS = 60
"""Steps towards z at most; usual prices take five."""
_SMALL = 1e-15


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
    """Newton's method for z from 0: the sum of the roots is convex and falls, so the least is met from below."""
    squares = np.ascontiguousarray((inverse**2 / inverse.sum(axis=1, keepdims=True)).T)
    z = np.zeros(len(inverse))
    for _ in range(_STEPS):
        roots = np.sqrt(z**2 + 4 * (1 - z) * squares)
        slope = ((z - 2 * squares) / roots).sum(axis=0) - 1
        step = (roots.sum(axis=0) - z - 2) / np.where(slope < 0, slope, -np.inf)
        z = np.clip(z - step, 0.0, 1.0)
        if not np.any(np.abs(step) > _SMALL):
            break
    # The usual form (sqrt(...) - z) / 2(1 - z), multiplied out so that z near 1 loses no digits.
    p = 2 * squares / (np.sqrt(z**2 + 4 * (1 - z) * squares) + z)
    return np.where(inverse.sum(axis=1, keepdims=True) > 1, p.T, inverse)
