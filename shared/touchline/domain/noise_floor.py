"""How large a calibration error would be measured if the forecasts were perfect: what cannot be told from nothing.

Arrays: `p` is (n, 3) with rows that sum to 1, in the order of OUTCOMES.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain.vocabulary import OUTCOMES

Floats = NDArray[np.float64]
CLASSES: Final = len(OUTCOMES)


class Floor(msgspec.Struct, frozen=True):
    """Expected calibration error of forecasts that are right, over many drawn sets of outcomes."""

    mean: float
    high: float
    """95 of 100 perfect forecasters stay below."""


class Floors(msgspec.Struct, frozen=True):
    """Of the three classes pooled, and of each on its own in the order of OUTCOMES."""

    pooled: Floor
    classes: tuple[Floor, ...]


def noise_floor(p: ArrayLike, *, bins: int = 10, draws: int = 300, seed: int = 0) -> Floors:
    """Draw outcomes from the forecasts themselves, again and again, and measure the error each time.

    Raises:
        ValueError: there is no forecast.

    >>> perfect = noise_floor([[0.5, 0.3, 0.2]] * 1000)
    >>> 0.005 < perfect.pooled.mean < perfect.pooled.high < 0.03
    True
    >>> noise_floor([[1.0, 0.0, 0.0]] * 10).pooled
    Floor(mean=0.0, high=0.0)
    """
    table = np.asarray(p, np.float64).reshape(-1, CLASSES)
    if not len(table):
        raise ValueError("no forecast to draw outcomes from")
    cell = np.minimum((table * bins).astype(np.int64), bins - 1) + bins * np.arange(CLASSES)
    promised = np.bincount(cell.ravel(), table.ravel(), minlength=CLASSES * bins)
    steps = np.cumsum(table, axis=1)[:, : CLASSES - 1].T
    rng, rows = np.random.default_rng(seed), np.arange(len(table))
    gaps = np.empty((draws, CLASSES, bins))
    for draw in range(draws):
        thrown = rng.random(len(table))
        came = (thrown >= steps[0]).astype(np.int64) + (thrown >= steps[1])
        hits = np.bincount(cell[rows, came], minlength=CLASSES * bins)
        gaps[draw] = (promised - hits).reshape(CLASSES, bins) / len(table)
    pooled = np.abs(gaps.sum(axis=1)).sum(axis=1) / CLASSES
    return Floors(_floor(pooled), tuple(_floor(each) for each in np.abs(gaps).sum(axis=2).T))


def _floor(errors: Floats) -> Floor:
    return Floor(round(float(errors.mean()), 12), round(float(np.quantile(errors, 0.95)), 12))
