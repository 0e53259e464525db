"""How good the chances of many goals are, beside those that a competition always had and those that prices imply."""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from touchline.domain import price_goals, score_grid
from touchline.domain.joint_goals import joint
from touchline.domain.splits import Moments
from touchline.learning.card import Estimate
from touchline.learning.evaluation import PRIOR_WEIGHT, estimates
from touchline.learning.examples import Competitions, Floats

LINE: Final = 2.5


class TotalScores(msgspec.Struct, frozen=True):
    """Log-loss of "more goals than the line" on the n matches that all forecast, with its interval."""

    n: int
    log_loss: dict[str, Estimate]
    """Of `ours`, `base_rate` and `market`."""
    differences: dict[str, Estimate]
    """`ours` minus the others."""


def over_under_scores(
    goals: Floats, ours: tuple[Floats, Floats], market: Floats, base_rate: Floats, line: float = LINE
) -> TotalScores:
    """Score forecasts of one total.

    Args:
        goals: (n, 2) as they came.
        ours: (n, 3) chances of the result and (n, 2) expected goals, as Fitted.predict and Fitted.rates say.
        market: (n, 3) chances of the result that prices imply, NaN where there are none; they lead to expected goals,
            and those to totals.
        base_rate: (n,) chance of more than the line, from `shares_over`.
        line: one of score_grid.LINES.

    Raises:
        ValueError: no match has all forecasts.
    """
    known = ~np.isnan(market).any(axis=1) & ~np.isnan(ours[0]).any(axis=1) & ~np.isnan(goals).any(axis=1)
    if not known.any():
        raise ValueError("no match with prices, forecasts and goals")
    came = goals[known].sum(axis=1) > line
    implied = joint(market[known], np.full((int(known.sum()), 2), np.nan), price_goals.RHO)
    said = {
        "ours": _over(joint(ours[0][known], ours[1][known]).grids, line),
        "base_rate": base_rate[known],
        "market": _over(implied.grids, line),
    }
    losses = {name: -np.log(np.where(came, p, 1 - p)) for name, p in said.items()}
    gaps = {name: losses["ours"] - loss for name, loss in losses.items() if name != "ours"}
    return TotalScores(int(known.sum()), _estimated(losses), _estimated(gaps))


def shares_over(
    history: tuple[Floats, Competitions, Moments], competition: Competitions, kickoff: Moments, line: float = LINE
) -> Floats:
    """Share of matches with more goals than the line, of each competition, among those known at each kick-off, (n,).

    Drawn towards the share of all competitions by PRIOR_WEIGHT matches.

    Args:
        history: goals (m, 2), competition (m,), available time (m,) of finished matches.
        competition: (n,) of the matches asked for.
        kickoff: (n,) of the matches asked for.
        line: goals.
    """
    goals, played, available = history
    order = np.argsort(available, kind="stable")
    over, when, where = (goals.sum(axis=1) > line)[order], available[order], played[order]
    overall = (_before(over, when, kickoff) + 1) / (np.searchsorted(when, kickoff, side="right") + 2)
    found = np.empty(len(kickoff))
    for name in np.unique(competition):
        rows, own = competition == name, where == name
        count = np.searchsorted(when[own], kickoff[rows], side="right")
        known = _before(over[own], when[own], kickoff[rows])
        found[rows] = (known + PRIOR_WEIGHT * overall[rows]) / (count + PRIOR_WEIGHT)
    return found


def _before(values: NDArray[np.bool_], when: Moments, moments: Moments) -> Floats:
    """Sum of the values that were known at each moment; `when` ascends."""
    return np.concatenate([[0.0], np.cumsum(values)])[np.searchsorted(when, moments, side="right")]


def _over(grids: Floats, line: float) -> Floats:
    return score_grid.markets(grids).over[:, score_grid.LINES.index(line)]


def _estimated(columns: dict[str, Floats]) -> dict[str, Estimate]:
    return dict(zip(columns, estimates(np.stack(list(columns.values()), axis=1)), strict=True))
