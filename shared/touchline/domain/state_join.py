"""Team states of different countries as one: no team, league or pair of one is known to another."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import rows
from touchline.domain.batch_ratings import Batch
from touchline.domain.encoding import Names
from touchline.domain.rows import NONE
from touchline.domain.state import Memory, TeamState

Ints = NDArray[np.int64]


def join(states: Iterable[TeamState]) -> TeamState:
    """The state that all their matches together lead to, bit for bit.

    Raises:
        ValueError: there is no state, or two know matches of one country.

    >>> from datetime import UTC, datetime
    >>> from touchline.domain.features import build
    >>> from touchline.domain.simulation import simulate
    >>> state = build(simulate(1, datetime(2026, 3, 2, tzinfo=UTC), seasons=1, teams=6)).state
    >>> join([state]).to_bytes() == state.to_bytes()
    True
    """
    parts = sorted(states, key=lambda state: state.names.teams[:1].tolist())
    if not parts:
        raise ValueError("no team states to join")
    names = _names(parts)
    teams, leagues = (np.concatenate([getattr(part.names, field) for part in parts]) for field in _OWN)
    if len(names.competitions) != len(leagues) or not np.array_equal(names.teams, teams):
        raise ValueError("two team states know the same country")
    league = [np.searchsorted(names.competitions, part.names.competitions) for part in parts]
    return TeamState(
        names,
        _moved([part.rows for part in parts], [len(part.memory.teams) - 1 for part in parts]),
        np.concatenate([_code(codes, part.competition) for part, codes in zip(parts, league, strict=True)]),
        np.concatenate(list(_pairs(parts, len(names.teams)))),
        max(part.as_of for part in parts),
        _memory(parts, names, league),
        _batch([part.batch for part in parts], len(names.competitions), league),
    )


_OWN: Final = ("teams", "competitions")


def _names(parts: Sequence[TeamState]) -> Names:
    return Names(
        *(np.unique(np.concatenate([getattr(part.names, name) for part in parts])) for name in Names.__match_args__)
    )


def _moved(numbers: Sequence[Ints], sizes: Sequence[int]) -> Ints:
    """Numbers of rows in tables of these sizes, once the tables stand one after the other."""
    starts = np.cumsum([0, *sizes])
    return np.concatenate(
        [np.where(each == NONE, NONE, each + start) for each, start in zip(numbers, starts, strict=False)]
    )


def _code(codes: Ints, old: NDArray[np.generic]) -> Ints:
    return np.append(codes, NONE)[old.astype(np.int64)]


def _pairs(parts: Sequence[TeamState], teams: int) -> Iterable[Ints]:
    start = 0
    for part in parts:
        first, second = np.divmod(part.pair_codes, len(part.names.teams))
        yield (first + start) * teams + second + start
        start += len(part.names.teams)


def _memory(parts: Sequence[TeamState], names: Names, league: Sequence[Ints]) -> Memory:
    made = Memory(
        np.concatenate([*(part.memory.teams[:-1] for part in parts), parts[0].memory.teams[-1:]]),
        np.repeat(parts[0].memory.leagues[-1:], len(names.competitions) + 1, axis=0),
        np.concatenate([*(part.memory.pairs[:-1] for part in parts), parts[0].memory.pairs[-1:]]),
    )
    start = 0
    for part, codes in zip(parts, league, strict=True):
        own = made.teams[start : start + len(part.memory.teams) - 1]
        own[:, rows.COMPETITION] = _code(codes, own[:, rows.COMPETITION])
        own[:, rows.SEASON] = _code(np.searchsorted(names.seasons, part.names.seasons), own[:, rows.SEASON])
        made.leagues[codes] = part.memory.leagues[:-1]
        start += len(own)
    return made


def _batch(parts: Sequence[Batch], leagues: int, league: Sequence[Ints]) -> Batch:
    country, division = np.full((2, leagues), NONE)
    counts = [len(part.first) - 1 for part in parts]
    for part, codes, start in zip(parts, league, np.cumsum([0, *counts]), strict=False):
        country[codes] = np.where(part.country == NONE, NONE, part.country + start)
        division[codes] = part.division
    return Batch(
        np.concatenate([part.slot for part in parts]),
        country,
        division,
        _ends([part.first for part in parts]),
        np.concatenate([part.moment for part in parts]),
        _ends([part.team_row for part in parts]),
        _ends([part.league_row for part in parts]),
        np.concatenate([part.strengths for part in parts], axis=1),
        np.concatenate([part.bases for part in parts], axis=1),
    )


def _ends(starts: Sequence[Ints]) -> Ints:
    """Where each part begins, once the parts stand one after the other."""
    return np.cumsum([0, *np.concatenate([np.diff(each) for each in starts])])
