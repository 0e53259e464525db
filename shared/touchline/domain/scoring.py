"""How good are probabilities of home, draw, away? Scores per match, and how sure one can be of their mean.

Arrays: `p` is (n, 3) with rows that sum to 1, in the order of OUTCOMES; `y` is (n,) with 0 home, 1 draw, 2 away.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain.vocabulary import OUTCOMES, PROBABILITY_TOLERANCE

Floats = NDArray[np.float64]
FLOOR = 1e-15
"""Probabilities are raised to this before the logarithm, so that one certain error stays finite."""
_CHUNK = 4_000_000


def rps(p: ArrayLike, y: ArrayLike) -> Floats:
    """Ranked probability score of each match, 0 (certain and right) to 1 (certain of the far end).

    The mean squared distance of the two cumulative steps (Epstein 1969; Constantinou and Fenton 2012), so a draw is
    nearer to a home win than an away win is.

    Raises:
        ValueError: the arrays are not probabilities and outcomes of the same matches.

    >>> rps([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 0, 0]).tolist()
    [0.0, 0.5, 1.0]
    """
    p, y = _checked(p, y)
    reached = np.stack([y == 0, y <= 1], axis=1)
    distance: Floats = np.cumsum(p, axis=1)[:, :2] - reached
    return np.asarray(np.mean(distance**2, axis=1))


def log_loss(p: ArrayLike, y: ArrayLike) -> Floats:
    """Negative natural logarithm of what was given to the outcome that came, per match.

    Raises:
        ValueError: the arrays are not probabilities and outcomes of the same matches.

    >>> log_loss([[0.5, 0.25, 0.25]], [1]).round(4).tolist()
    [1.3863]
    """
    p, y = _checked(p, y)
    return -np.log(np.clip(p[np.arange(len(y)), y], FLOOR, 1.0))


def brier(p: ArrayLike, y: ArrayLike) -> Floats:
    """Squared distance summed over the three classes, per match, 0 to 2 (Brier 1950).

    Raises:
        ValueError: the arrays are not probabilities and outcomes of the same matches.

    >>> brier([[1, 0, 0], [0, 1, 0]], [0, 0]).tolist()
    [0.0, 2.0]
    """
    p, y = _checked(p, y)
    return np.asarray(np.sum((p - np.eye(len(OUTCOMES))[y]) ** 2, axis=1))


def accuracy(p: ArrayLike, y: ArrayLike) -> Floats:
    """1.0 where the likeliest outcome came (the earlier of equals counts), else 0.0, per match.

    Raises:
        ValueError: the arrays are not probabilities and outcomes of the same matches.

    >>> accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [0, 2]).tolist()
    [1.0, 0.0]
    """
    p, y = _checked(p, y)
    return np.asarray(np.argmax(p, axis=1) == y, dtype=np.float64)


def calibration_gaps(p: ArrayLike, y: ArrayLike, bins: int = 10) -> Floats:
    """Share of each match in the gap between promise and frequency of each bin, shape (n, bins).

    The three classes are pooled. The mean over the matches is a bin's signed gap, weighted by how many probabilities
    fall into the bin; `ece` sums its absolute values. Apart, so that the error can be resampled match by match.

    Raises:
        ValueError: the arrays are not probabilities and outcomes of the same matches.

    >>> calibration_gaps([[1, 0, 0]], [1], bins=2).round(3).tolist()
    [[-0.333, 0.333]]
    """
    p, y = _checked(p, y)
    gap = (p - np.eye(len(OUTCOMES))[y]) / len(OUTCOMES)
    where = np.minimum((p * bins).astype(np.int64), bins - 1) + bins * np.arange(len(y))[:, None]
    gaps: Floats = np.bincount(where.ravel(), gap.ravel(), minlength=len(y) * bins).astype(np.float64)
    return gaps.reshape(len(y), bins)


def ece(p: ArrayLike, y: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error, 0 to 1: mean distance of promise and frequency over bins of equal width.

    Naeini, Cooper and Hauskrecht (2015), the three classes pooled. A perfect forecaster's measured error is above 0
    and grows as matches get fewer.

    Raises:
        ValueError: the arrays are not probabilities and outcomes of the same matches, or there is no match.

    >>> round(ece([[0.6, 0.3, 0.1]] * 10, [0] * 6 + [1] * 3 + [2]), 6)
    0.0
    """
    gaps = calibration_gaps(p, y, bins)
    if not len(gaps):
        raise ValueError("no match to score")
    return float(np.abs(gaps.mean(axis=0)).sum())


def bootstrap_means(values: ArrayLike, *, draws: int = 1000, seed: int = 0) -> Floats:
    """Means of `draws` resamples with replacement (Efron 1979): (n,) or (n, k) values -> (draws, k).

    All columns see the same resamples, so differences between columns are paired.

    Raises:
        ValueError: there is no row.

    >>> bootstrap_means([[1.0, 3.0], [1.0, 3.0]], draws=2).tolist()
    [[1.0, 3.0], [1.0, 3.0]]
    """
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    n = len(table)
    if n == 0:
        raise ValueError("nothing to resample")
    rng = np.random.default_rng(seed)
    at_once = max(1, _CHUNK // n)
    parts = [_means(table, rng, min(at_once, draws - done)) for done in range(0, draws, at_once)]
    return np.concatenate(parts)


def _means(table: Floats, rng: np.random.Generator, draws: int) -> Floats:
    n = len(table)
    drawn = rng.integers(0, n, size=(draws, n)) + n * np.arange(draws)[:, None]
    times = np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n)
    return np.asarray(times @ table / n)


def bootstrap_interval(
    values: ArrayLike, *, level: float = 0.95, draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Interval of the mean of per-match scores, from resampled matches.

    Raises:
        ValueError: there is no value.

    >>> bootstrap_interval([0.2, 0.2, 0.2])
    (0.2, 0.2)
    """
    return interval(bootstrap_means(values, draws=draws, seed=seed)[:, 0], level)


def paired_interval(
    a: ArrayLike, b: ArrayLike, *, level: float = 0.95, draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Interval of the mean of a - b, both scored on the same matches.

    Raises:
        ValueError: the arrays differ in length, or are empty.

    >>> paired_interval([0.3, 0.1], [0.2, 0.0])
    (0.1, 0.1)
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"scores of the same matches are needed, got {first.shape} and {second.shape}")
    return bootstrap_interval(first - second, level=level, draws=draws, seed=seed)


def interval(means: Floats, level: float = 0.95) -> tuple[float, float]:
    """Middle `level` of resampled values.

    >>> interval(np.arange(101.0), 0.9)
    (5.0, 95.0)
    """
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return round(float(low), 12), round(float(high), 12)


def _checked(p: ArrayLike, y: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    probabilities = np.asarray(p, dtype=np.float64).reshape(-1, len(OUTCOMES))
    outcomes = np.asarray(y).astype(np.int64)
    if outcomes.shape != (len(probabilities),):
        raise ValueError(f"{len(probabilities)} forecasts for outcomes of shape {outcomes.shape}")
    if outcomes.size and not (outcomes.min() >= 0 and outcomes.max() < len(OUTCOMES)):
        raise ValueError("an outcome is 0 (home), 1 (draw) or 2 (away)")
    off = np.abs(probabilities.sum(axis=1) - 1) > PROBABILITY_TOLERANCE
    if not np.all(probabilities >= 0) or off.any():
        raise ValueError("each row must be three probabilities that sum to 1")
    return probabilities, outcomes
