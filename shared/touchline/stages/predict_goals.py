"""What a forecast says of goals: a table of scores that agrees with the chances of the result."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from touchline.domain import joint_goals, score_grid
from touchline.domain.joint_goals import Goals
from touchline.domain.routing import Arm
from touchline.stages.predict_board import Board
from touchline.stages.predict_model import asked_of, named
from touchline.stages.predict_names import find_match

Floats = NDArray[np.float64]
SHOWN: Final = 8
"""Goals of a side that the table of scores shows one by one, 0 to 7; one more place is for so many and more."""


class Line(msgspec.Struct, frozen=True):
    """Chances of more and of fewer goals than a line."""

    line: float
    over: float
    under: float


class Score(msgspec.Struct, frozen=True):
    """A score, home goals first, and its chance."""

    score: str
    chance: float


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """Goals of one match; all numbers agree with each other and with the chances of the result."""

    match_id: str
    home_team: str
    away_team: str
    model_version: str
    arm: Arm = "champion"
    """Of the route: which model answered."""
    home: float
    draw: float
    away: float
    expected_goals_home: float
    expected_goals_away: float
    scores: tuple[tuple[float, ...], ...]
    """Chance of each score: home goals down, away goals across, 0 to 7, and 8 or more."""
    lines: tuple[Line, ...]
    both_score: float
    likely: tuple[Score, ...]
    """Likeliest first."""
    from_results: bool
    """Whether the model expects no goals, so that they are those that its chances of the result lead to."""


def goals_told(chances: Floats, rates: Floats, rho: Sequence[float]) -> list[Goals | None]:
    """What is said of goals of n matches; None where the model expects none."""
    known = np.isfinite(rates).all(axis=1)
    told: list[Goals | None] = [None] * len(rates)
    if known.all():
        return [*joint_goals.goals(chances, rates, np.asarray(rho))]
    found = joint_goals.goals(chances[known], rates[known], np.asarray(rho)[known])
    for place, goals in zip(np.flatnonzero(known).tolist(), found, strict=True):
        told[place] = goals
    return told


def grid_of(board: Board, match_id: str, arm: Arm = "champion") -> Grid:
    """The table of scores of a match by the model that answers.

    Raises:
        NotFound: no forecast of the match is published.
        Unavailable: as in `asked_of`.
    """
    match, asked = find_match(board, match_id), asked_of(board, (match_id,), arm)
    version, answered = named(board, arm)
    if asked is None:
        chances, rates = np.array([[match.home, match.draw, match.away]]), np.array([match.rates or (np.nan, np.nan)])
    else:
        chances, rates = asked.forecast()
    names = match.match_id, match.home_team, match.away_team
    made = told_grid(names, version, chances, rates, match.rho or joint_goals.RHO)
    return msgspec.structs.replace(made, arm=answered)


def told_grid(names: tuple[str, str, str], version: str, chances: Floats, rates: Floats, rho: float) -> Grid:
    """The table of scores of one forecast.

    Args:
        names: id of the match, home team, away team.
        version: of the model.
        chances: (1, 3) of the result.
        rates: (1, 2) expected goals, NaN where the model expects none.
        rho: correction of low scores.
    """
    grids = joint_goals.joint(chances, rates, rho).grids
    found, (home, draw, away) = score_grid.markets(grids), chances[0].tolist()
    expected = found.expected_goals[0].tolist()
    return Grid(
        match_id=names[0],
        home_team=names[1],
        away_team=names[2],
        model_version=version,
        home=home,
        draw=draw,
        away=away,
        expected_goals_home=expected[0],
        expected_goals_away=expected[1],
        scores=tuple(tuple(row) for row in _shown(grids[0]).tolist()),
        lines=tuple(Line(line, p, 1 - p) for line, p in zip(score_grid.LINES, found.over[0].tolist(), strict=True)),
        both_score=float(found.both_score[0]),
        likely=_likely(found),
        from_results=bool(np.isnan(rates).any()),
    )


def _likely(found: score_grid.Markets) -> tuple[Score, ...]:
    pairs = zip(found.scores[0].tolist(), found.score_chances[0].tolist(), strict=True)
    return tuple(Score(f"{home}-{away}", chance) for (home, away), chance in pairs)


def _shown(grid: Floats) -> Floats:
    """(SIZE, SIZE) -> (SHOWN + 1, SHOWN + 1), the last row and column for all that is more."""
    starts = np.arange(SHOWN + 1)
    return np.asarray(np.add.reduceat(np.add.reduceat(grid, starts, axis=0), starts, axis=1))
