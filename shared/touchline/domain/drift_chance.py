"""How often chance moves a feature that far: matches that hang together, small references, many features at once.

Matches of a season are no independent draws: teams keep their strength for weeks, and autumn differs from spring. How
far a window of so many matches lies from its reference without any drift is therefore measured in the reference itself,
by its own windows of consecutive matches; their spread beyond that of independent draws is the inflation.
"""

import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_WINDOWS: Final = 8
"""Fewer windows than this do not tell their spread: they are made shorter then."""
MIN_WINDOW: Final = 25
"""Matches; shorter windows do not tell how matches hang together."""
_TERMS: Final = np.arange(1, 101)
_DECILES: Final = np.linspace(0.1, 0.9, 9)


class Inflation(msgspec.Struct, frozen=True):
    """By how much variances of a window exceed those of independent draws, by feature; never below 1."""

    mean: tuple[float, ...]
    """Variance of the mean."""
    shape: tuple[float, ...]
    """Variance of the share below a decile of the reference: of that decile where it is largest."""
    missing: tuple[float, ...]
    """Variance of the share of missing values."""
    windows: int
    """So many windows told it; 0 where there are too few, and all is 1."""


def inflation(table: Floats, window: int) -> Inflation:
    """Inflation of each column.

    Args:
        table: (n, k) the whole reference in the order of time, NaN is missing.
        window: matches that will be compared with it.

    >>> seasonal = np.repeat([0.0, 1.0], 100)[:, None]
    >>> inflation(np.tile(seasonal, (4, 1)), 100)
    Inflation(mean=(100.0,), shape=(100.0,), missing=(1.0,), windows=8)
    >>> inflation(seasonal[:50], 20) == independent(1)
    True
    """
    length = min(window, len(table) // MIN_WINDOWS)
    if length < MIN_WINDOW:
        return independent(table.shape[1])
    count = len(table) // length
    told = [_inflated(column[-count * length :].reshape(count, length)) for column in table.T]
    mean, shape, missing = zip(*told, strict=True)
    return Inflation(mean, shape, missing, count)


def independent(features: int) -> Inflation:
    """Of rows that do not hang together, or of which nothing is known.

    >>> independent(1).mean
    (1.0,)
    """
    return Inflation((1.0,) * features, (1.0,) * features, (1.0,) * features, 0)


def kolmogorov(statistic: float) -> float:
    """Chance that sqrt(nm / (n + m)) times the distance of two samples exceeds a number: the limit (Smirnov 1939).

    >>> round(kolmogorov(1.3581), 3), kolmogorov(0.0)
    (0.05, 1.0)
    """
    if statistic < 0.2:
        return 1.0
    signs = np.where(_TERMS % 2, 2.0, -2.0)
    return float(np.clip(np.sum(signs * np.exp(-2.0 * (_TERMS * statistic) ** 2)), 0.0, 1.0))


def two_sided(z: float) -> float:
    """Chance that a normal deviate is at least that far from 0.

    >>> round(two_sided(-1.96), 3)
    0.05
    """
    return math.erfc(abs(z) / math.sqrt(2))


def normal_of_t(t: float, freedom: float) -> float:
    """Normal deviate as rare as a deviate of Student's t (Wallace 1959), to 1 % of its tail for 7 degrees and more.

    >>> round(normal_of_t(4.785, 7), 1), normal_of_t(0.0, 5)
    (3.1, 0.0)
    """
    shrink = (8 * freedom + 1) / (8 * freedom + 3)
    return math.copysign(shrink * math.sqrt(freedom * math.log1p(t * t / freedom)), t)


def holm(p_values: NDArray[np.float64]) -> Floats:
    """p-values corrected for their number: the smallest family-wise error at which each would be refused (Holm 1979).

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist(), holm(np.array([])).tolist()
    ([0.03, 0.06, 0.06], [])
    """
    order = np.argsort(p_values, kind="stable")
    raised = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(raised, 1.0)
    return corrected


def _inflated(windows: Floats) -> tuple[float, float, float]:
    """Inflation of one feature and of its gaps, from its (windows, matches)."""
    gone = np.isnan(windows)
    share, length = float(gone.mean()), windows.shape[1]
    missing = _ratio(float(gone.mean(axis=1).var()) * length, share * (1 - share))
    full = windows[~gone.all(axis=1)]
    if not len(full):
        return 1.0, 1.0, missing
    typical = length * (1 - share)
    mean = _ratio(float(np.nanmean(full, axis=1).var()) * typical, float(np.nanvar(full)))
    return mean, max(_below(full, edge, typical) for edge in np.nanquantile(full, _DECILES)), missing


def _below(windows: Floats, edge: float, typical: float) -> float:
    """Inflation of the share of known values that are at most `edge`."""
    shares = (windows <= edge).sum(axis=1) / (~np.isnan(windows)).sum(axis=1)
    share = float((windows <= edge).sum() / (~np.isnan(windows)).sum())
    return _ratio(float(shares.var()) * typical, share * (1 - share))


def _ratio(found: float, expected: float) -> float:
    return max(1.0, found / expected) if expected > 1e-12 else 1.0
