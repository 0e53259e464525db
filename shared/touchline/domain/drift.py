"""Has the world moved away from what a model learnt? Distances between two samples of a feature, with plain numpy.

Every distance is 0 between a sample and itself, and a missing value is a value of its own where that says something.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain import drift_chance
from touchline.domain.drift_chance import Inflation
from touchline.domain.drift_findings import FeatureDrift
from touchline.domain.health import Signal

Floats = NDArray[np.float64]

BINS: Final = 10
ERROR: Final = 0.01
"""Share of comparisons without any drift in which so much as one feature may count as drifted."""
EFFECT: Final = 0.2
"""Standard deviations by which a mean must move to matter: what is called a small effect (Cohen 1988)."""
DISTANCE: Final = 0.15
"""Kolmogorov-Smirnov distance that matters where the mean stays: shares that differ by so much."""
GAPS: Final = 0.1
"""Change of the share of missing values that matters."""
MAX_REFERENCE: Final = 5_000
"""So many matches, evenly spaced in time, stand for a longer reference."""
_SIDES: Final = ("right", "left")
"""Up to a value, and just before it: the distance is largest at a jump of either sample."""
_FLOOR: Final = 1e-4
"""Share that an empty bin is given, so that the logarithm stays finite."""


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
    known, current_known = (_ordered(sample) for sample in (first, second))
    places = np.floor(np.linspace(0, 1, bins + 1)[1:-1] * (len(known) - 1)).astype(np.int64)
    edges = np.unique(known[places]) if len(known) else np.empty(0)
    p, q = _shares(known, len(first), edges), _shares(current_known, len(second), edges)
    return float(np.sum((q - p) * np.log(q / p)))


def ks(reference: ArrayLike, current: ArrayLike) -> float:
    """Two-sample Kolmogorov-Smirnov statistic, 0 to 1: the largest distance of the cumulative shares.

    Missing values are left out; a sample of nothing but missing values has distance 0 (its share of them tells).

    Raises:
        ValueError: one of the samples is empty.

    >>> ks([1, 2, 3, 4], [3, 4, 5, 6]), ks([1.0], [float("nan")])
    (0.5, 0.0)
    """
    many, few = sorted((_ordered(sample) for sample in _samples(reference, current)), key=len, reverse=True)
    if not len(few):
        return 0.0
    at, before = ([np.searchsorted(sample, few, side=side) / len(sample) for sample in (many, few)] for side in _SIDES)
    return float(max((at[1] - at[0]).max(), (before[0] - before[1]).max()))


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


def compare(
    reference: ArrayLike, current: ArrayLike, names: Sequence[str], inflation: Inflation | None = None
) -> tuple[FeatureDrift, ...]:
    """Drift of every feature, in the order of `names`; what counts is corrected for the number of them (Holm 1979).

    A feature drifted if its change is an effect (EFFECT, DISTANCE or GAPS), and more than chance does to one of so many
    features (ERROR): by its mean, its distribution or its gaps.

    Args:
        reference: (n, k) numbers.
        current: (m, k) numbers.
        names: k names.
        inflation: how matches of the reference hang together; None for independent rows.

    Raises:
        ValueError: the tables do not have as many columns as there are names, or one has no row.

    >>> moved = compare([[0.0, 1.0], [1.0, 2.0]] * 50, [[0.0, 9.0], [1.0, 8.0]] * 50, ["same", "moved"])
    >>> [drift.drifted for drift in moved], [drift.corrected for drift in moved][0]
    ([False, True], 1.0)
    """
    first, second = (np.asarray(table, dtype=np.float64, order="F") for table in (reference, current))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != len(names) or second.shape[1] != len(names):
        raise ValueError(f"{len(names)} names for tables of shape {first.shape} and {second.shape}")
    known = inflation or drift_chance.independent(len(names))
    factors = zip(known.mean, known.shape, known.missing, strict=True)
    told = [
        _compared(name, first[:, place], second[:, place], factor, known.windows)
        for place, (name, factor) in enumerate(zip(names, factors, strict=True))
    ]
    corrected = drift_chance.holm(np.array([drift.p for drift in told]))
    return tuple(
        msgspec.structs.replace(drift, corrected=float(p), drifted=bool(p < ERROR and _matters(drift)))
        for drift, p in zip(told, corrected, strict=True)
    )


def windows(
    kickoff: NDArray[np.datetime64], newest: int, trained: tuple[np.datetime64, np.datetime64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the reference and of the current sample, both in the order of kick-off.

    Args:
        kickoff: (n,) moments.
        newest: so many of the newest matches are current, at most a third of all.
        trained: first and last moment of what the model learnt from: that is the reference, also where it reaches into
            the current sample, so that it stays the same while matches come in. Without a model the older half of the
            rest is the reference.

    >>> days = np.array(["2024-01-01", "2024-01-04", "2024-01-02", "2024-01-03"], dtype="datetime64[D]")
    >>> reference, current = windows(days, 2)
    >>> reference.tolist(), current.tolist()
    ([0], [1])
    """
    order = np.argsort(kickoff, kind="stable")
    split = len(order) - min(newest, len(order) // 3)
    before, current = order[:split], order[split:]
    if trained is None:
        return before[: len(before) // 2], current
    return order[(kickoff[order] >= trained[0]) & (kickoff[order] <= trained[1])], current


def thinned(rows: int) -> NDArray[np.int64]:
    """Places of at most MAX_REFERENCE rows, evenly spaced, that stand for all of them.

    >>> thinned(3).tolist(), len(thinned(3 * MAX_REFERENCE))
    ([0, 1, 2], 5000)
    """
    return np.linspace(0, rows - 1, min(rows, MAX_REFERENCE)).astype(np.int64)


def share_drifted(drifts: Sequence[FeatureDrift]) -> float:
    """Share of features that drifted, 0 where there are none.

    >>> share_drifted(compare([[0.0]] * 50, [[9.0]] * 50, ["moved"])), share_drifted(())
    (1.0, 0.0)
    """
    return sum(drift.drifted for drift in drifts) / len(drifts) if drifts else 0.0


def retraining_reason(drifts: Sequence[FeatureDrift], signal: Signal | None, recent: float) -> str:
    """Why a new training is due: something drifted, and forecasts are surely worse than they promised. Else empty.

    Either alone is no reason: features drift with every new season, and bad luck is not a bad model.

    Args:
        drifts: features and forecasts, as compared.
        signal: health of the champion over all competitions, None while nothing of it is settled.
        recent: mean of loss minus entropy over its newest settled matches; old mistakes are forgotten.

    >>> moved = compare([[0.0], [1.0]] * 50, [[8.0], [9.0]] * 50, ["moved"])
    >>> sick = Signal(model_version="1", n=60, settled=1.2, expected=1.0, gap=0.2, alarm=True, leaning="too sure")
    >>> retraining_reason(moved, sick, 0.1)
    '100% of the features drifted, and the log-loss of 60 settled matches is 1.200 instead of 1.000: too sure'
    >>> retraining_reason((), sick, 0.1), retraining_reason(moved, None, 0.1), retraining_reason(moved, sick, -0.1)
    ('', '', '')
    """
    share = share_drifted(drifts)
    if not share or signal is None or not signal.alarm or (signal.gap or 0.0) <= 0 or recent <= 0:
        return ""
    return (
        f"{share:.0%} of the features drifted, and the log-loss of {signal.n} settled matches"
        f" is {signal.settled:.3f} instead of {signal.expected:.3f}: {signal.leaning}"
    )


def _compared(
    name: str, reference: Floats, current: Floats, inflation: tuple[float, float, float], windows_seen: int
) -> FeatureDrift:
    index, distance, effect = psi(reference, current), ks(reference, current), effect_size(reference, current)
    gone = [float(np.isnan(sample).mean()) for sample in (reference, current)]
    known = [int((~np.isnan(sample)).sum()) for sample in (reference, current)]
    size = 1 / sum(1 / n for n in known) if all(known) else 0.0
    mean, shape = (np.sqrt(size / factor) for factor in inflation[:2])
    tests = [
        drift_chance.two_sided(_rare(effect * mean, windows_seen)),
        drift_chance.kolmogorov(_rare(2 * distance * shape, windows_seen) / 2),
        drift_chance.two_sided(_rare(_gap_z(gone, (len(reference), len(current)), inflation[2]), windows_seen)),
    ]
    return FeatureDrift(
        name, index, distance, effect, gone[0], gone[1], drifted=False, p=min(1.0, len(tests) * min(tests))
    )


def _rare(deviate: float, windows_seen: int) -> float:
    """The deviate, drawn in where its spread was measured on few windows."""
    return drift_chance.normal_of_t(deviate, windows_seen - 1) if windows_seen else deviate


def _gap_z(gone: list[float], sizes: tuple[int, int], inflation: float) -> float:
    """Difference of two shares of missing values in standard errors; 0 where nothing is missing."""
    share = (gone[0] * sizes[0] + gone[1] * sizes[1]) / sum(sizes)
    error = np.sqrt(share * (1 - share) * inflation * sum(1 / n for n in sizes))
    return float((gone[1] - gone[0]) / error) if error > 0 else 0.0


def _matters(drift: FeatureDrift) -> bool:
    gaps = abs(drift.missing_current - drift.missing_reference)
    return abs(drift.effect) >= EFFECT or drift.ks >= DISTANCE or gaps >= GAPS


def _samples(reference: ArrayLike, current: ArrayLike) -> tuple[Floats, Floats]:
    first, second = (np.asarray(sample, dtype=np.float64) for sample in (reference, current))
    if not len(first) or not len(second):
        raise ValueError("a sample without values cannot be compared")
    return first, second


def _ordered(sample: Floats) -> Floats:
    """Known values, the smallest first."""
    return np.sort(sample[~np.isnan(sample)])


def _shares(known: Floats, size: int, edges: Floats) -> Floats:
    """Share of each bin (open below, closed above), of missing values last; never less than the floor.

    Args:
        known: known values, the smallest first.
        size: of the sample with its missing values.
        edges: inner bounds of the bins.
    """
    below = np.concatenate([[0], np.searchsorted(known, edges, side="right"), [len(known), size]])
    return np.maximum(np.diff(below) / size, _FLOOR)
