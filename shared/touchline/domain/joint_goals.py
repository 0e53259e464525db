"""One joint distribution of goals behind all that is said of a match, from expected goals and calibrated chances."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain import score_grid
from touchline.domain.forecasts import MatchForecast
from touchline.domain.odds_goals import rates_of

Floats = NDArray[np.float64]

RHO: Final = -0.05
"""Correction of low scores: on 2016-17 to 2020-21 the likelihood of reconciled grids falls slowly below it."""


@dataclass(frozen=True)
class Joint:
    """Forecasts of n matches from which everything else follows."""

    probabilities: Floats
    """(n, 3) home win, draw, away win."""
    rates: Floats
    """(n, 2) expected goals before they were reconciled with the probabilities."""
    grids: Floats
    """(n, SIZE, SIZE) chances of scores; their home wins, draws and away wins have the probabilities."""


class Goals(msgspec.Struct, frozen=True, kw_only=True):
    """What people ask of the goals of one match; all of it agrees with the chances of the result."""

    expected_goals_home: float
    expected_goals_away: float
    over_25: float
    """Chance of three goals or more."""
    both_score: float
    likeliest_score: str


def joint(probabilities: ArrayLike, rates: ArrayLike, rho: ArrayLike = RHO) -> Joint:
    """Chances of all scores from those of the result, (n, 3), and expected goals, (n, 2).

    Where expected goals are missing, those are taken that the chances of the result lead to.

    >>> found = joint([[0.5, 0.3, 0.2]], [[1.6, 0.9]])
    >>> score_grid.results(found.grids).round(6).tolist()
    [[0.5, 0.3, 0.2]]
    """
    chances = np.asarray(probabilities, dtype=np.float64).reshape(-1, 3)
    known = np.array(rates, dtype=np.float64).reshape(-1, 2)
    missing = np.isnan(known).any(axis=1)
    if missing.any():
        known[missing] = rates_of(chances[missing])
    known = score_grid.bounded(known)
    return Joint(chances, known, score_grid.reconcile(score_grid.grid(known, rho), chances))


def goals_of(matches: Iterable[MatchForecast]) -> dict[str, Goals]:
    """What published forecasts say of goals, by match; those of models that expect none are left out."""
    told = [match for match in matches if match.rates is not None]
    chances = np.array([(match.home, match.draw, match.away) for match in told]).reshape(-1, 3)
    found = goals(chances, np.array([match.rates for match in told]), np.array([match.rho for match in told]))
    return {match.match_id: each for match, each in zip(told, found, strict=True)}


def goals(probabilities: Floats, rates: Floats, rho: ArrayLike = RHO) -> list[Goals]:
    """What is told of the goals of n matches, from chances of the result (n, 3) and expected goals (n, 2).

    It is what `score_grid.markets` says of the grids of `joint`, by sums over the three results that are then scaled:
    a grid brought to the chances of the results is the grid times one number for each of them.

    >>> goals(np.array([[0.5, 0.3, 0.2]]), np.array([[1.6, 0.9]]))[0].likeliest_score
    '1-1'
    """
    cells = score_grid.cells(score_grid.bounded(rates), rho).reshape(len(probabilities), len(_SUMS))
    sums = cells @ _SUMS
    scale = probabilities / sums[:, :3]
    told = (sums[:, 3:].reshape(-1, 4, 3) * scale[:, None, :]).sum(axis=2).tolist()
    best = (cells * (scale @ _SUMS[:, :3].T)).argmax(axis=1).tolist()
    return [
        Goals(
            expected_goals_home=home, expected_goals_away=away, over_25=many, both_score=both,
            likeliest_score="{}-{}".format(*divmod(place, score_grid.SIZE)),
        )
        for (home, away, many, both), place in zip(told, best, strict=True)
    ]  # fmt: skip


def _sums() -> Floats:
    """(SIZE * SIZE, 15) what each score adds: to home wins, draws and away wins, and in each of these to the goals of
    home and away, to scores of three goals or more, and to scores of both sides.
    """
    home, away = np.indices((score_grid.SIZE, score_grid.SIZE))
    results = np.stack([home > away, home == away, home < away], axis=-1)
    told = np.stack([home, away, home + away > 2.5, (home > 0) & (away > 0)], axis=-1)
    each = (told[..., :, None] * results[..., None, :]).reshape(-1, 12)
    return np.concatenate([results.reshape(-1, 3), each], axis=1).astype(np.float64)


_SUMS: Final = _sums()
