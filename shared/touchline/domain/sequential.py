"""A paired comparison of two forecasters that may be looked at after every match day, as often as anybody likes.

`d` is the log-loss of one forecaster minus that of the other on the same match. Results of one day hang together, so a
day is one draw: the variance of the sum comes from the sums of days (Liang and Zeger 1986). An interval around the mean
of `d` holds at all moments at once; each of its ends is wrong, at any time, with a probability of at most ALPHA. It is
the narrower one of two, which share that probability:

- a constant bound on the sum up to a horizon of N matches, c * sd * sqrt(N) with c from the reflection principle of
  Brownian motion, P(max W >= c) = 2 P(W >= c) (the shape of O'Brien and Fleming 1979; as an interval Jennison and
  Turnbull 1989). Within a horizon it has nearly the power of a test with one look, and asks for so much while days are
  few that their distribution hardly matters.
- an asymptotic confidence sequence, the normal mixture of Robbins (1970) as in Waudby-Smith, Arbour, Sinha, Kennedy and
  Ramdas (Annals of Statistics 2024, one-sided). It sees large differences early and goes on beyond any horizon.

The first day on which an end passes the limit decides, and what comes later changes nothing; so a verdict follows from
the settled matches and not from how often somebody looked. `scripts/bench watch --only trials` measures what it keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
ALPHA: Final = 0.03
"""Below the 5 % that are promised: intervals are asymptotic, and seasons hang together a little more than days tell."""
_HORIZON_SHARE: Final = 0.024
"""Of ALPHA, what the constant bound spends; the rest is the mixture's."""
_TUNED: Final = 700
"""Matches after which the mixture is narrowest."""
MIN_DAYS: Final = 20
MIN_MATCHES: Final = 200
"""With fewer the variance of days is not known well enough, and there is no interval."""
_REACH: Final = NormalDist().inv_cdf(1 - _HORIZON_SHARE / 2)


@dataclass(frozen=True)
class Path:
    """How a comparison went, day by day: arrays whose last axis are match days, in the order of time."""

    n: Floats
    """Matches up to and with that day."""
    mean: Floats
    """Mean difference up to then."""
    deviation: Floats
    """Standard deviation per match: the sum of n has the variance n * deviation ** 2; NaN on the first day."""
    width: Floats
    """From the mean to either end of the interval; infinite as long as there is none."""

    @property
    def low(self) -> Floats:
        """Lower end of the interval."""
        return self.mean - self.width

    @property
    def high(self) -> Floats:
        """Upper end of the interval."""
        return self.mean + self.width


def by_day(days: Sequence[str], differences: ArrayLike) -> tuple[list[str], Floats, Floats]:
    """Days in the order of time, matches of each and the sum of their differences, whatever order they come in.

    >>> by_day(["2026-03-08", "2026-03-07", "2026-03-08"], [0.25, 0.5, -1.0])
    (['2026-03-07', '2026-03-08'], array([1., 2.]), array([ 0.5 , -0.75]))
    """
    found: dict[str, list[float]] = {}
    for day, value in zip(days, np.asarray(differences, np.float64).tolist(), strict=True):
        found.setdefault(day, []).append(value)
    listed = sorted(found)
    counts = [float(len(found[day])) for day in listed]
    return listed, np.array(counts), np.array([fsum(found[day]) for day in listed])


def path(counts: ArrayLike, sums: ArrayLike, horizon: int) -> Path:
    """The comparison after each day.

    Args:
        counts: matches of each day, (..., days), none below 0; days without a match change nothing.
        sums: sums of their differences, of the same shape.
        horizon: matches up to which the constant bound holds.

    >>> made = path(np.full(60, 10), np.tile([-0.4, -0.2], 30), horizon=2000)
    >>> np.isinf(made.width[:19]).all(), made.n[-1], round(made.mean[-1], 3), made.high[-1] < 0
    (np.True_, np.float64(600.0), np.float64(-0.03), np.True_)
    """
    n_day, s_day = np.asarray(counts, np.float64), np.asarray(sums, np.float64)
    n = np.cumsum(n_day, -1)
    days = np.cumsum(n_day > 0, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(n > 0, np.cumsum(s_day, -1) / n, np.nan)
        squares = np.cumsum(s_day**2, -1) - 2 * mean * np.cumsum(n_day * s_day, -1) + mean**2 * np.cumsum(n_day**2, -1)
        deviation = np.sqrt(np.maximum(squares, 0.0) * days / (days - 1) / n)
    known = (days >= MIN_DAYS) & (n >= MIN_MATCHES)
    within = n - n_day < horizon
    return Path(n, mean, deviation, np.where(known, widths(n, deviation, horizon, within), np.inf))


def widths(n: Floats, deviation: Floats, horizon: int, within: NDArray[np.bool_]) -> Floats:
    """From the mean to either end of the interval after `n` matches; `within` says where the horizon is not passed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        constant = np.where(within, _REACH * np.sqrt(horizon) / n, np.inf)
        return np.asarray(deviation * np.minimum(constant, _mixture(n)))


def _mixture(n: Floats) -> Floats:
    """Half the width of the confidence sequence for a standard deviation of 1."""
    alpha = ALPHA - _HORIZON_SHARE
    told = -2 * np.log(2 * alpha)
    scale = (told + np.log(told + 1)) / _TUNED  # narrowest after so many matches, Waudby-Smith et al., appendix
    grown = n * scale + 1
    return np.asarray(np.sqrt(2 * grown / (n**2 * scale) * np.log1p(np.sqrt(grown) / (2 * alpha))))


def first(hit: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The first day on which something is so, (...,); the number of days where it never is.

    >>> first(np.array([[False, True, True], [False, False, False]])).tolist()
    [1, 3]
    """
    return np.asarray(np.where(hit.any(-1), hit.argmax(-1), hit.shape[-1]), np.int64)


def needed(n: float, deviation: float, distance: float, horizon: int, last: int) -> int | None:
    """Matches until the interval is narrower than `distance`, if mean and deviation stay; None if not up to `last`.

    >>> needed(1000, 0.1, 0.005, horizon=10_000, last=10_000), needed(1000, 0.1, 0.0005, 10_000, 10_000)
    (3515, None)
    """
    if not distance > 0:
        return None
    ahead = np.arange(max(n, MIN_MATCHES), last + 1, dtype=np.float64)
    narrow = widths(ahead, np.full(len(ahead), deviation), horizon, ahead <= horizon) < distance
    return int(ahead[int(narrow.argmax())] - n) if narrow.any() else None
