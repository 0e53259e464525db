"""Has the world moved away from what a model learnt? Distances between two samples of a feature, with plain numpy.

Every distance is 0 between a sample and itself, and a missing value is a value of its own where that says something.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain.scoring import paired_interval

Floats = NDArray[np.float64]

BINS: Final = 10
PSI_DRIFTED: Final = 0.25
"""Population stability index that counts as a large change: the customary bound (Siddiqi 2006)."""
KS_FACTOR: Final = 1.95
"""Times sqrt(1/n + 1/m): the Kolmogorov-Smirnov distance that chance exceeds once in a thousand."""
SHARE_DRIFTED: Final = 0.3
"""Share of drifted features above which the world counts as another one."""
LOSS_MARGIN: Final = 0.02
"""Nats by which the log-loss must exceed what the forecasts expected of themselves."""
ENOUGH_SETTLED: Final = 50
"""Settled matches below which a log-loss says nothing."""
MAX_REFERENCE: Final = 5_000
"""So many matches, evenly spaced in time, stand for a longer reference."""
_FLOOR: Final = 1e-4
"""Share that an empty bin is given, so that the logarithm stays finite."""


class FeatureDrift(msgspec.Struct, frozen=True):
    """How far the current sample of one feature lies from the reference."""

    name: str
    psi: float
    ks: float
    effect: float
    missing_reference: float
    """Share of missing values in the reference, 0 to 1."""
    missing_current: float
    drifted: bool
    """True where the change is both large (PSI) and more than chance (KS, or the share of missing values)."""


def psi(reference: ArrayLike, current: ArrayLike, bins: int = BINS) -> float:
    """Population stability index, 0 for equal samples, unbounded above.

    Sum over bins of (q - p) ln(q / p), p and q the shares of reference and current in quantile bins of the reference
    (Siddiqi 2006, Credit Risk Scorecards); missing values are a bin of their own.

    Args:
        reference: (n,) numbers, NaN is missing.
        current: (m,) numbers.
        bins: number of quantile bins.

    Raises:
        ValueError: one of the samples is empty.

    >>> psi([1, 2, 3, 4], [1, 2, 3, 4]), round(psi([0, 0, 1, 1], [0, 1, 1, 1]), 3)
    (0.0, 0.275)
    """
    first, second = _samples(reference, current)
    known = first[~np.isnan(first)]
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    edges = np.unique(np.quantile(known, inner, method="lower")) if len(known) else np.empty(0)
    p, q = (_shares(sample, edges) for sample in (first, second))
    return float(np.sum((q - p) * np.log(q / p)))


def ks(reference: ArrayLike, current: ArrayLike) -> float:
    """Two-sample Kolmogorov-Smirnov statistic, 0 to 1: the largest distance of the cumulative shares.

    Missing values are left out; a sample of nothing but missing values has distance 0 (its share of them tells).

    Raises:
        ValueError: one of the samples is empty.

    >>> ks([1, 2, 3, 4], [3, 4, 5, 6]), ks([1.0], [float("nan")])
    (0.5, 0.0)
    """
    first, second = (np.sort(sample[~np.isnan(sample)]) for sample in _samples(reference, current))
    if not len(first) or not len(second):
        return 0.0
    both = np.concatenate([first, second])
    cumulative = [np.searchsorted(sample, both, side="right") / len(sample) for sample in (first, second)]
    return float(np.abs(cumulative[0] - cumulative[1]).max())


def effect_size(reference: ArrayLike, current: ArrayLike) -> float:
    """Shift of the mean in pooled standard deviations (Cohen 1988); 0 where there is no spread or no known value.

    Raises:
        ValueError: one of the samples is empty.

    >>> effect_size([1, 2, 3], [2, 3, 4]), effect_size([1, 1], [1, 1])
    (1.0, 0.0)
    """
    first, second = (sample[~np.isnan(sample)] for sample in _samples(reference, current))
    freedom = len(first) + len(second) - 2
    if not len(first) or not len(second) or freedom < 1:
        return 0.0
    squares = sum(float(np.sum((sample - sample.mean()) ** 2)) for sample in (first, second))
    spread = np.sqrt(squares / freedom)
    return float((second.mean() - first.mean()) / spread) if spread > 0 else 0.0


def compare(reference: ArrayLike, current: ArrayLike, names: Sequence[str]) -> tuple[FeatureDrift, ...]:
    """Drift of every feature, in the order of `names`.

    Args:
        reference: (n, k) numbers.
        current: (m, k) numbers.
        names: k names.

    Raises:
        ValueError: the tables do not have as many columns as there are names, or one has no row.

    >>> [drift.drifted for drift in compare([[0.0, 1.0]] * 50, [[0.0, 9.0]] * 50, ["same", "moved"])]
    [False, True]
    """
    first, second = (np.asarray(table, dtype=np.float64) for table in (reference, current))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != len(names) or second.shape[1] != len(names):
        raise ValueError(f"{len(names)} names for tables of shape {first.shape} and {second.shape}")
    return tuple(_compared(name, first[:, place], second[:, place]) for place, name in enumerate(names))


def windows(
    kickoff: NDArray[np.datetime64], newest: int, trained: tuple[np.datetime64, np.datetime64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the reference and of the current sample, both in the order of kick-off, without a common row.

    Args:
        kickoff: (n,) moments.
        newest: so many of the newest matches are current.
        trained: first and last moment of what the model learnt from; without it the older half of the rest is the
            reference. Long references are thinned evenly.

    >>> days = np.array(["2024-01-01", "2024-01-04", "2024-01-02", "2024-01-03"], dtype="datetime64[D]")
    >>> reference, current = windows(days, 2)
    >>> reference.tolist(), current.tolist()
    ([0], [3, 1])
    """
    order = np.argsort(kickoff, kind="stable")
    split = max(0, len(order) - newest)
    before, current = order[:split], order[split:]
    if trained is None:
        reference = before[: len(before) // 2]
    else:
        reference = before[(kickoff[before] >= trained[0]) & (kickoff[before] <= trained[1])]
    if len(reference) > MAX_REFERENCE:
        reference = reference[np.linspace(0, len(reference) - 1, MAX_REFERENCE).astype(np.int64)]
    return reference, current


def share_drifted(drifts: Sequence[FeatureDrift]) -> float:
    """Share of features that drifted, 0 where there are none.

    >>> share_drifted(compare([[0.0]] * 50, [[9.0]] * 50, ["moved"])), share_drifted(())
    (1.0, 0.0)
    """
    return sum(drift.drifted for drift in drifts) / len(drifts) if drifts else 0.0


def retraining_reason(share: float, losses: ArrayLike, expected: ArrayLike) -> str:
    """Why a new training is due: many features drifted, and forecasts are worse than they promised. Else empty.

    Either alone is no reason: features drift with every new season, and bad luck is not a bad model.

    Args:
        share: share of drifted features, 0 to 1.
        losses: (n,) log-losses of settled forecasts.
        expected: (n,) entropies of the same forecasts.

    >>> retraining_reason(0.5, [1.2] * 60, [1.0] * 60)
    '50% of the features drifted, and the log-loss of 60 settled matches is 1.200 instead of 1.000'
    >>> retraining_reason(0.1, [1.2] * 60, [1.0] * 60), retraining_reason(0.5, [1.2] * 9, [1.0] * 9)
    ('', '')
    """
    lost, promised = np.asarray(losses, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if share <= SHARE_DRIFTED or len(lost) < ENOUGH_SETTLED:
        return ""
    low, _ = paired_interval(lost, promised)
    if low <= 0 or lost.mean() - promised.mean() <= LOSS_MARGIN:
        return ""
    return (
        f"{share:.0%} of the features drifted, and the log-loss of {len(lost)} settled matches"
        f" is {lost.mean():.3f} instead of {promised.mean():.3f}"
    )


def _compared(name: str, reference: Floats, current: Floats) -> FeatureDrift:
    index, distance = psi(reference, current), ks(reference, current)
    missing = [float(np.isnan(sample).mean()) for sample in (reference, current)]
    chance = KS_FACTOR * np.sqrt(1 / len(reference) + 1 / len(current))
    drifted = index > PSI_DRIFTED and max(distance, abs(missing[1] - missing[0])) > chance
    return FeatureDrift(name, index, distance, effect_size(reference, current), missing[0], missing[1], bool(drifted))


def _samples(reference: ArrayLike, current: ArrayLike) -> tuple[Floats, Floats]:
    first, second = (np.asarray(sample, dtype=np.float64) for sample in (reference, current))
    if not len(first) or not len(second):
        raise ValueError("a sample without values cannot be compared")
    return first, second


def _shares(sample: Floats, edges: Floats) -> Floats:
    """Share of each bin (open below, closed above), of missing values last; never less than the floor."""
    bins = np.where(np.isnan(sample), len(edges) + 1, np.searchsorted(edges, sample))
    counts = np.bincount(bins, minlength=len(edges) + 2)
    return np.maximum(counts / len(sample), _FLOOR)
