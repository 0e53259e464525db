"""Features in the forms that learners want, each made once for all that learn from the same matches.

Regressions want columns of one spread without gaps or far-off values; trees want few distinct values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from touchline.learning.examples import Examples, Floats, Matrix

Made = TypeVar("Made")

CLIP = 5.0
"""Spreads from the mean at which a feature is cut off: nothing was learnt of values beyond."""
BINS = 32
_BINNED = 20_000
"""Matches that the borders of bins are read off."""
_TOGETHER = 16
"""Columns that are read at once: a row holds so many values in a line of the processor's cache."""


@dataclass(frozen=True)
class Scale:
    """Brings features to mean 0 and spread 1, cuts off far values, and takes the mean for missing ones."""

    mean: Floats
    spread: Floats

    def apply(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features -> (n, k), within CLIP on either side."""
        scaled: Floats = np.subtract(x, self.mean)
        np.divide(scaled, self.spread, out=scaled)
        np.clip(scaled, -CLIP, CLIP, out=scaled)
        scaled[np.isnan(scaled)] = 0.0
        return scaled


@dataclass(frozen=True)
class Bins:
    """Borders of bins for some columns; a value is in the bin whose number of borders lie below it."""

    columns: NDArray[np.int64]
    borders: tuple[Matrix, ...]
    """Rising, for each of the columns."""

    def apply(self, x: NDArray[np.floating]) -> Matrix:
        """(n, k) features -> (n, len(columns)) numbers of bins, NaN where missing."""
        made = np.empty((len(x), len(self.columns)), dtype=np.float32)
        for place, (column, borders) in enumerate(zip(self.columns, self.borders, strict=True)):
            values = x[:, column].astype(np.float32)
            made[:, place] = np.where(np.isnan(values), np.nan, np.searchsorted(borders, values))
        return made


class Prepared:
    """Matches to learn from with their weights; safe to share between threads."""

    def __init__(self, examples: Examples, weight: Floats) -> None:
        """Matches, and their (n,) weights."""
        self.examples, self.weight = examples, weight
        self._lock = RLock()
        self._made: dict[str, Any] = {}

    @property
    def outcome(self) -> NDArray[np.int64]:
        """(n,) 0 home, 1 draw, 2 away."""
        return self.examples.outcome.astype(np.int64)

    @property
    def scale(self) -> Scale:
        """Mean and spread of each column, by weight."""
        return self.once("scale", lambda: _scale(self.examples.x, self.weight))

    @property
    def scaled(self) -> Matrix:
        """The features on that scale, in 32 bits: enough to learn from, and twice as fast."""
        return self.once("scaled", self._scaled)

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What was made under a name, made now if nobody asked for it before."""
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            made: Made = self._made[name]
            return made

    def _scaled(self) -> Matrix:
        single = Scale(self.scale.mean.astype(np.float32), self.scale.spread.astype(np.float32))
        return single.apply(self.examples.x).astype(np.float32)


def bins(x: Matrix, columns: NDArray[np.int64]) -> Bins:
    """Bins of about equally many matches, BINS of them where a column has as many values."""
    rows = np.linspace(0, len(x) - 1, min(len(x), _BINNED)).astype(np.int64)
    return Bins(columns, tuple(_borders(x[rows, column]) for column in columns))


def _borders(values: Matrix) -> Matrix:
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return known
    return np.unique(known[(np.arange(1, BINS) * len(known)) // BINS])


def _scale(x: Matrix, weight: Floats) -> Scale:
    """A few columns at a time: no second table of the size of `x`, and no row is read for one value of it."""
    starts = range(0, x.shape[1], _TOGETHER)
    blocks = (np.ascontiguousarray(x[:, first : first + _TOGETHER].T, dtype=np.float64) for first in starts)
    mean, spread = np.array([_moments(values, weight) for block in blocks for values in block]).reshape(-1, 2).T
    return Scale(mean, spread)


def _moments(values: Floats, weight: Floats) -> tuple[float, float]:
    known = ~np.isnan(values) & (weight > 0)
    if not known.any():
        return 0.0, 1.0
    mean = np.average(values[known], weights=weight[known])
    spread = np.sqrt(np.average((values[known] - mean) ** 2, weights=weight[known]))
    return float(mean), float(spread) if spread > 1e-6 * max(1.0, abs(mean)) else 1.0
