"""The joint distribution of both sides' goals: what chances of results, totals and scores follow from expected goals.

Goals are Poisson with the correction of low scores by Dixon and Coles (1997), which moves chances between 0-0, 1-0,
0-1 and 1-1 and leaves each side's goals, and so their totals above two, as they are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIZE: Final = 20
"""Scores from 0 to 19 goals a side: at the highest rate that is taken, more have a chance of 3 in 10,000."""
RATES: Final = (0.02, 8.0)
"""Expected goals of a side that a grid is made of, lowest and highest."""
LINES: Final = (0.5, 1.5, 2.5, 3.5, 4.5)
"""Totals that over and under refer to."""
LIKELIEST: Final = 3
"""How many of the likeliest scores are told."""
_MORE = np.subtract.outer(np.arange(SIZE), np.arange(SIZE))
_TOTAL = np.add.outer(np.arange(SIZE), np.arange(SIZE))
_REGIONS: Final = np.stack([_MORE > 0, _MORE == 0, _MORE < 0]).astype(np.float64)
"""(3, SIZE, SIZE), 1 where the score is a home win, a draw, an away win."""
_COUNTS = np.arange(SIZE)
_FACTORIALS = np.cumprod(np.maximum(np.arange(SIZE, dtype=np.float64), 1.0))


@dataclass(frozen=True)
class Markets:
    """What people ask of n grids."""

    over: Floats
    """(n, len(LINES)) chance of more goals in all than each line; under is what is left."""
    both_score: Floats
    """(n,) chance that both sides score."""
    expected_goals: Floats
    """(n, 2) home, away."""
    scores: Ints
    """(n, LIKELIEST, 2) likeliest scores, the first most likely."""
    score_chances: Floats
    """(n, LIKELIEST) their chances."""


def bounded(rates: ArrayLike) -> Floats:
    """Expected goals (n, 2) brought to what a grid can be made of."""
    given = np.asarray(rates, dtype=np.float64).reshape(-1, 2)
    return np.minimum(np.maximum(given, RATES[0]), RATES[1])


def grid(rates: ArrayLike, rho: ArrayLike = 0.0) -> Floats:
    """Chance of every score, (n, SIZE, SIZE): home goals down, away goals across; each grid sums to 1.

    Args:
        rates: (n, 2) expected goals, home and away.
        rho: correction of low scores, one number or (n,); below zero more draws. Where it would make a chance
            negative, the nearest that does not is used (0-0 and 1-1 need rho <= 1 / product of the rates and <= 1,
            the other two rho >= -1 / each rate).

    Raises:
        ValueError: a rate outside RATES.

    >>> grid([[1.5, 1.0]])[0, :2, :2].round(4).tolist()
    [[0.0821, 0.0821], [0.1231, 0.1231]]
    """
    made = cells(_checked(rates), rho)
    return np.asarray(made / made.sum(axis=(1, 2), keepdims=True))


def cells(rates: Floats, rho: ArrayLike) -> Floats:
    """What the grids of rates (n, 2) within RATES are made of, (n, SIZE, SIZE): nearly chances, not yet brought to 1.

    >>> round(float(cells(np.array([[1.5, 1.0]]), -0.05).sum()), 6)
    1.0
    """
    chances = _poisson(rates)
    made = chances[:, 0, :, None] * chances[:, 1, None, :]
    moved = _moved(rates, rho, chances)
    made[:, 0, 0] -= moved
    made[:, 1, 1] -= moved
    made[:, 0, 1] += moved
    made[:, 1, 0] += moved
    return np.maximum(made, 0.0)  # the bounds of rho leave a zero, rounding may leave less


def outcomes(rates: ArrayLike, rho: ArrayLike = 0.0) -> Floats:
    """Chances of home win, draw and away win, (n, 3), as `grid` has them, without making the grids.

    Raises:
        ValueError: a rate outside RATES.

    >>> outcomes([[1.5, 1.0]], -0.1).round(4).tolist()
    [[0.4756, 0.2845, 0.2399]]
    """
    rates = _checked(rates)
    home, away = np.moveaxis(_poisson(rates), 1, 0)
    moved = _moved(rates, rho, np.stack([home, away], axis=1))
    draw = np.sum(home * away, axis=1) - 2 * moved
    made = np.stack([_ahead(home, away) + moved, draw, _ahead(away, home) + moved], axis=1)
    return np.asarray(made / made.sum(axis=1, keepdims=True))


def results(grids: Floats) -> Floats:
    """Chances of home win, draw and away win of grids, (n, 3).

    >>> results(grid([[1.3, 1.3]])).round(3).tolist()
    [[0.368, 0.264, 0.368]]
    """
    return np.asarray(np.einsum("nij,kij->nk", grids, _REGIONS))


def reconcile(grids: Floats, probabilities: ArrayLike) -> Floats:
    """Grids whose home wins, draws and away wins have the chances (n, 3) that were told.

    Scores within each of the three keep their shares: of all grids with these three sums, it is the nearest by
    Kullback-Leibler divergence.

    Raises:
        ValueError: other counts of grids and probabilities.

    >>> results(reconcile(grid([[1.3, 1.3]]), [[0.5, 0.2, 0.3]])).round(6).tolist()
    [[0.5, 0.2, 0.3]]
    """
    wanted = np.asarray(probabilities, dtype=np.float64).reshape(-1, 3)
    if len(wanted) != len(grids):
        raise ValueError(f"{len(grids)} grids, {len(wanted)} rows of probabilities")
    return np.asarray(grids * np.einsum("nk,kij->nij", wanted / results(grids), _REGIONS))


def markets(grids: Floats) -> Markets:
    """Totals, both score, expected goals and likeliest scores of grids (n, SIZE, SIZE).

    >>> found = markets(grid([[1.6, 1.2]]))
    >>> found.over.round(3).tolist(), found.scores[0, 0].tolist()
    ([[0.939, 0.769, 0.531, 0.308, 0.152]], [1, 1])
    """
    goals = np.arange(SIZE)
    flat = grids.reshape(len(grids), SIZE * SIZE)
    best = np.argsort(-flat, axis=1, kind="stable")[:, :LIKELIEST]
    return Markets(
        over=np.stack([np.sum(grids, axis=(1, 2), where=line < _TOTAL) for line in LINES], axis=1),
        both_score=np.sum(grids[:, 1:, 1:], axis=(1, 2)),
        expected_goals=np.stack([grids.sum(axis=2) @ goals, grids.sum(axis=1) @ goals], axis=1),
        scores=np.stack(np.divmod(best, SIZE), axis=2),
        score_chances=np.take_along_axis(flat, best, axis=1),
    )


def _ahead(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.sum(one[:, 1:] * np.cumsum(other, axis=1)[:, :-1], axis=1))


def _checked(rates: ArrayLike) -> Floats:
    given = np.asarray(rates, dtype=np.float64).reshape(-1, 2)
    if not np.all((given >= RATES[0]) & (given <= RATES[1])):
        raise ValueError(f"expected goals must lie from {RATES[0]} to {RATES[1]}")
    return given


def _poisson(rates: Floats) -> Floats:
    """(n, 2) -> (n, 2, SIZE) chances of each number of goals, brought to 1."""
    made = rates[:, :, None] ** _COUNTS / _FACTORIALS
    return np.asarray(made / made.sum(axis=2, keepdims=True))


def _moved(rates: Floats, rho: ArrayLike, chances: Floats) -> Floats:
    """What 0-0 and 1-1 lose, and 1-0 and 0-1 get: rho * rate * rate * chance of 0-0."""
    product = rates[:, 0] * rates[:, 1]
    highest = np.minimum(1.0, 1 / product)
    kept = np.minimum(np.maximum(np.asarray(rho, dtype=np.float64), -1 / rates.max(axis=1)), highest)
    return np.asarray(kept * product * chances[:, 0, 0] * chances[:, 1, 0])
