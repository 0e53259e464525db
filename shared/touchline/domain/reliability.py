"""Do promises come as often as they say? Bins of probabilities, what a perfect forecaster shows, and months.

Arrays: `p` is (n, 3) with rows that sum to 1, in the order of OUTCOMES; `y` is (n,) with 0 home, 1 draw, 2 away. The
three outcomes are pooled: each match gives three promises.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain import scoring
from touchline.domain.standings import WIDTH, clustered
from touchline.domain.track import MOST_MONTHS, Bin, Mean, Month
from touchline.domain.vocabulary import OUTCOMES

Floats = NDArray[np.float64]
BINS: Final = 10
CLASSES: Final = len(OUTCOMES)


def bins(p: ArrayLike, y: ArrayLike) -> tuple[Bin, ...]:
    """The ten bins, empty ones too; their counts sum to 3 n.

    >>> told = bins([[0.55, 0.25, 0.2]] * 4, [0, 0, 1, 2])
    >>> told[5].count, round(told[5].promised, 3), told[5].came, sum(one.count for one in told)
    (4, 0.55, 0.5, 12)
    """
    table = np.asarray(p, np.float64).reshape(-1, CLASSES)
    cell = np.minimum((table * BINS).astype(np.int64), BINS - 1)
    came = np.eye(CLASSES)[np.asarray(y, np.int64)]
    sums = (np.bincount(cell.ravel(), each.ravel(), minlength=BINS) for each in (np.ones_like(table), table, came))
    return tuple(_bin(int(row[0]), *map(float, row[1:])) for row in zip(*sums, _spread(table), strict=True))


def _bin(count: int, promised: float, came: float, variance: float) -> Bin:
    if not count:
        return Bin(0)
    said, half = promised / count, WIDTH * variance**0.5 / count
    told = (said, came / count, max(said - half, 0.0), min(said + half, 1.0))
    return Bin(count, *(round(value, 9) for value in told))


def expected_ece(p: ArrayLike) -> float:
    """ECE that is measured on average if the forecasts are right, of at least one match.

    The gap of each bin is taken as normal: the mean of its absolute value is sqrt(2 / pi) standard deviations. What 95
    of 100 stay below is drawn by `noise_floor`.

    >>> round(expected_ece([[0.5, 0.3, 0.2]] * 1000), 3)
    0.011
    """
    table = np.asarray(p, np.float64).reshape(-1, CLASSES)
    return float(np.sqrt(2 / np.pi * _spread(table)).sum() / table.size)


def _spread(p: Floats) -> Floats:
    """Variance of how many outcomes of each bin come if the forecasts are right, (BINS,).

    Of one match at most one outcome comes, so those of its outcomes that share a bin count as one.
    """
    place = np.minimum((p * BINS).astype(np.int64), BINS - 1) + BINS * np.arange(len(p))[:, None]
    chance = np.bincount(place.ravel(), p.ravel(), minlength=len(p) * BINS).reshape(-1, BINS)
    return np.asarray((chance * (1 - chance)).sum(axis=0).clip(0.0))


def entropies(p: ArrayLike) -> Floats:
    """Log-loss that each forecast expects of itself, in nats, (n,).

    >>> entropies([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]).round(4).tolist()
    [0.6931, 0.0]
    """
    table = np.asarray(p, np.float64).reshape(-1, CLASSES)
    return np.asarray(np.abs(np.sum(table * np.log(np.where(table > 0, table, 1.0)), axis=1)))


def months(p: ArrayLike, y: ArrayLike, days: NDArray[np.datetime64]) -> tuple[Month, ...]:
    """Settled minus expected log-loss by month, the newest `MOST_MONTHS`, oldest first; days are clusters.

    >>> when = np.array(["2026-03-01", "2026-03-08", "2026-04-05"], "datetime64[D]")
    >>> [(one.month, one.n, round(one.gap.value, 4)) for one in months([[0.5, 0.25, 0.25]] * 3, [0, 0, 1], when)]
    [('2026-03', 2, -0.3466), ('2026-04', 1, 0.3466)]
    """
    gap = scoring.log_loss(p, y) - entropies(p)
    month = days.astype("datetime64[M]")
    made = []
    for name in np.unique(month)[-MOST_MONTHS:]:
        rows = month == name
        made.append(Month(str(name), int(rows.sum()), Mean(*clustered(gap[rows], days[rows]))))
    return tuple(made)
