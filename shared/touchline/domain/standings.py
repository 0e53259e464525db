"""Forecasters side by side on identical matches, and what a flat stake on a forecast would have returned."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain import scoring
from touchline.domain.views import FEW_DAYS, FEW_MATCHES, Duel, Returns, Standing

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]
WIDTH: Final = 1.959963984540054
"""Standard errors to either side that hold 95 % of a normal distribution."""


def clustered(values: ArrayLike, days: ArrayLike) -> tuple[float, float | None, float | None]:
    """Mean of values, and its 95 % interval with days as clusters (Liang and Zeger 1986); None where there is one day.

    Raises:
        ValueError: there is no value.

    >>> clustered([1.0, 2.0, 3.0], ["a", "b", "c"])
    (2.0, 0.868..., 3.131...)
    >>> clustered([1.0, 2.0], ["a", "a"])
    (1.5, None, None)
    """
    x = np.asarray(values, np.float64)
    if not len(x):
        raise ValueError("no value")
    mean = float(x.mean())
    _, place = np.unique(np.asarray(days), return_inverse=True)
    sums = np.bincount(place, x - mean)
    if len(sums) < 2:
        return round(mean, 12), None, None
    error = np.sqrt(len(sums) / (len(sums) - 1) * np.sum(sums**2)) / len(x)
    return round(mean, 12), round(mean - WIDTH * float(error), 12), round(mean + WIDTH * float(error), 12)


def few(days: ArrayLike) -> bool:
    """Whether so many matches, each with its day, are too few to say much.

    >>> few(["2026-03-01"] * 500), few(range(500))
    (True, False)
    """
    listed = np.asarray(days)
    return bool(len(listed) < FEW_MATCHES or len(np.unique(listed)) < FEW_DAYS)


def identical(forecasts: Mapping[str, Floats], needed: Sequence[str]) -> tuple[list[str], Rows]:
    """Forecasters that are compared, and the matches that all of them forecast.

    Args:
        forecasts: (n, 3) by name, rows of NaN where a forecaster says nothing.
        needed: those that are compared in any case; another one that covers less than half of their matches is left
            out, so that it does not take the matches from the others.

    >>> full, half = np.full((4, 3), 1 / 3), np.array([[1 / 3] * 3] * 2 + [[np.nan] * 3] * 2)
    >>> one = np.array([[1 / 3] * 3] + [[np.nan] * 3] * 3)
    >>> names, rows = identical({"m1": full, "elo": half, "bookmaker": one}, ["m1"])
    >>> names, rows.tolist()
    (['m1', 'elo'], [True, True, False, False])
    """
    known = {name: ~np.isnan(p).any(axis=1) for name, p in forecasts.items()}
    rows = np.logical_and.reduce([known[name] for name in needed])
    wide = [name for name in forecasts if name in needed or 2 * (known[name] & rows).sum() >= max(rows.sum(), 1)]
    return wide, np.logical_and.reduce([known[name] for name in wide])


def standing(name: str, competition: str, p: Floats, outcome: ArrayLike, days: ArrayLike) -> Standing:
    """Scores of a forecaster: (n, 3) probabilities, (n,) outcomes and days, at least one match.

    >>> told = standing("m1", "E0", np.array([[0.5, 0.3, 0.2]] * 2), [0, 0], ["2026-03-01", "2026-03-02"])
    >>> told.n, round(told.log_loss, 4), told.accuracy, told.few
    (2, 0.6931, 1.0, True)
    """
    mean, low, high = clustered(scoring.log_loss(p, outcome), days)
    rps, brier, accuracy = (
        round(float(score(p, outcome).mean()), 12) for score in (scoring.rps, scoring.brier, scoring.accuracy)
    )
    return Standing(
        model_version=name, competition=competition, n=len(p), log_loss=mean, rps=rps, brier=brier,
        accuracy=accuracy, low=low, high=high, few=few(days),
    )  # fmt: skip


def duel(
    names: tuple[str, str], competition: str, forecasts: tuple[Floats, Floats], outcome: ArrayLike, days: ArrayLike
) -> Duel | None:
    """The first forecaster against the second on the matches that both forecast, None if there is none.

    >>> sure, fair = np.array([[0.8, 0.1, 0.1]]), np.full((1, 3), 1 / 3)
    >>> told = duel(("m2", "m1"), "", (sure, fair), [0], ["2026-03-01"])
    >>> told.n, round(told.difference, 4)
    (1, -0.8755)
    """
    ours, theirs = forecasts
    both = ~np.isnan(ours).any(axis=1) & ~np.isnan(theirs).any(axis=1)
    if not both.any():
        return None
    y, when = np.asarray(outcome)[both], np.asarray(days)[both]
    gap, low, high = clustered(scoring.log_loss(ours[both], y) - scoring.log_loss(theirs[both], y), when)
    return Duel(
        model_version=names[0], against=names[1], competition=competition, n=int(both.sum()),
        difference=gap, low=low, high=high, few=few(when),
    )  # fmt: skip


def stakes(p: Floats, prices: Floats) -> NDArray[np.int64]:
    """Outcome that a unit is staked on, (n,): the highest expected value, if it is above 0; -1 for no stake.

    >>> stakes(np.array([[0.5, 0.3, 0.2]] * 3), np.array([[2.1, 3.0, 4.0], [1.9, 3.0, 4.0], [np.nan] * 3])).tolist()
    [0, -1, -1]
    """
    value = np.nan_to_num(p * prices - 1, nan=-1.0)
    best = np.argmax(value, axis=1)
    return np.where(value[np.arange(len(best)), best] > 0, best, -1)


def returns(region: str, p: Floats, prices: Floats, outcome: ArrayLike, days: ArrayLike) -> Returns:
    """What stakes on forecasts would have returned; any number of matches, those without prices are left out.

    >>> told = returns("England", np.array([[0.5, 0.3, 0.2]] * 2), np.array([[2.5, 3.0, 4.0]] * 2), [0, 2], [1, 2])
    >>> told.n, told.staked, told.returned, told.roi
    (2, 2.0, 2.5, 0.25)
    """
    chosen, came = stakes(p, prices), np.asarray(outcome, np.int64)
    matches = int((~np.isnan(prices).any(axis=1)).sum())
    placed = chosen >= 0
    if not placed.any():
        return Returns(region=region, matches=matches, n=0, staked=0.0, returned=0.0)
    won = chosen[placed] == came[placed]
    paid = np.where(won, prices[placed, chosen[placed]], 0.0)
    when = np.asarray(days)[placed]
    roi, low, high = clustered(paid - 1, when)
    n = int(placed.sum())
    return Returns(
        region=region, matches=matches, n=n, staked=float(n), returned=round(float(paid.sum()), 6),
        roi=roi, low=low, high=high, few=few(when),
    )  # fmt: skip


def by_group(groups: NDArray[np.object_]) -> Iterator[tuple[str, Rows]]:
    """All rows under the empty name, then the rows of each group.

    >>> [(name, rows.tolist()) for name, rows in by_group(np.array(["b", "a"], object))]
    [('', [True, True]), ('a', [False, True]), ('b', [True, False])]
    """
    yield "", np.ones(len(groups), bool)
    for name in sorted(set(groups.tolist())):
        yield str(name), np.asarray(groups == name)
