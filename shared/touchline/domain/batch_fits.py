"""Every refit of every kind of strength, from finished matches in teaching order."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain.batch_kinds import Kind
from touchline.domain.batch_ratings import NEWCOMER, Batch
from touchline.domain.encoding import SEPARATOR, Names, Played
from touchline.domain.rows import NONE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_DAY: Final = 86_400_000_000
STEP: Final = 7 * _DAY
"""Time between refits."""
OFFSET: Final = 5 * _DAY
"""From the start of 1970, a Thursday: refits happen as Tuesday begins."""
SWEEPS: Final = 2
BASE_HALF_LIFE: Final = 700.0
"""Days after which a match counts half in the bases of a division."""
PRIOR_MATCHES: Final = 30.0
"""Matches that the prior bases are worth."""


@dataclass(frozen=True)
class _Country:
    """What is refitted together: the matches of one country."""

    rows: Ints
    """Its matches in teaching order."""
    match: Ints
    """(m, 4) home slot, away slot, division, first refit that knows the match."""
    teams: Ints
    """Codes by slot."""
    leagues: Ints
    """Codes by division."""
    moment: Ints
    """Refits, microseconds since 1970: after every week in which there were results."""
    slots: Ints
    """Teams that had played at each refit."""


def fits(played: Played, names: Names, kinds: Sequence[Kind], counts: Mapping[str, Floats]) -> Batch:
    """Refit all kinds through time.

    >>> from datetime import UTC, datetime
    >>> from touchline.domain import encoding, simulation
    >>> table = simulation.simulate(1, datetime(2026, 3, 2, tzinfo=UTC), seasons=1, teams=6)
    >>> fixtures, names = encoding.fixtures(table)
    >>> kind = Kind("goals", "goals", "results", 300.0, 8.0, (1.5, 1.15))
    >>> played = encoding.played(table, fixtures)
    >>> fits(played, names, [kind], {"goals": np.ones((len(played.available), 2))}).strengths.shape[::2]
    (1, 2)

    Args:
        played: matches in teaching order.
        names: what the codes stand for.
        kinds: how to rate.
        counts: (r, 2) by name, home and away, NaN where not counted.
    """
    countries = _countries(played, names)
    team_row = _starts([each.slots for each in countries])
    league_row = _starts([np.full(len(each.moment), len(each.leagues)) for each in countries])
    strengths = np.empty((len(kinds), team_row[-1], 2), np.float32)
    bases = np.empty((len(kinds), league_row[-1], 4), np.float32)
    first = np.cumsum([0, *(len(each.moment) for each in countries)])
    slot, country, division = np.full(len(names.teams), NONE), *np.full((2, len(names.competitions)), NONE)

    def fit_one(number: int, column: int) -> None:
        refits = slice(first[number], first[number + 1] + 1)
        _fit(
            countries[number],
            kinds[column],
            played.available,
            counts[kinds[column].count],
            (team_row[refits], league_row[refits]),
            (strengths[column], bases[column]),
        )

    for number, each in enumerate(countries):
        slot[each.teams], division[each.leagues] = np.arange(len(each.teams)), np.arange(len(each.leagues))
        country[each.leagues] = number
    # One task a country and kind: countries differ much in size, and the compiled loops let others run beside them.
    largest_first = sorted(range(len(countries)), key=lambda number: -len(countries[number].rows))
    with ThreadPoolExecutor() as pool:
        tasks = [pool.submit(fit_one, number, column) for number in largest_first for column in range(len(kinds))]
    for task in tasks:
        task.result()
    moment = np.concatenate([*(each.moment for each in countries), np.empty(0, np.int64)]).astype(np.int64)
    return Batch(slot, country, division, first, moment, team_row, league_row, strengths, bases)


def _fit(
    country: _Country,
    kind: Kind,
    available: Ints,
    counts: Floats,
    starts: tuple[Ints, Ints],
    made: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    from touchline.domain.batch_kernels import refit

    refit(
        country.match,
        available[country.rows] / _DAY / kind.half_life,
        country.moment / _DAY / kind.half_life,
        np.ascontiguousarray(counts[country.rows]),
        np.array([len(country.teams), len(country.leagues), SWEEPS]),
        np.array([kind.ridge, kind.half_life / BASE_HALF_LIFE, PRIOR_MATCHES, NEWCOMER]),
        np.array(kind.prior),
        *starts,
        *made,
    )


def _countries(played: Played, names: Names) -> list[_Country]:
    match = played.fixtures
    of_team = np.unique([key.split(SEPARATOR)[0] for key in names.teams.tolist()], return_inverse=True)[1]
    country = of_team[match.home]
    order = np.argsort(country, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(country[order])) + 1) if len(order) else []
    return [_one(played, rows) for rows in parts]


def _one(played: Played, rows: Ints) -> _Country:
    match = played.fixtures
    sides = np.stack([match.home[rows], match.away[rows]], axis=1)
    teams, slot = _in_order(sides.ravel())
    leagues, division = _in_order(match.competition[rows])
    cell = -((OFFSET - played.available[rows]) // STEP)  # rounded up: the first refit at or after the result
    cells, refit = np.unique(cell, return_inverse=True)
    home, away = slot.reshape(-1, 2).T
    last = np.searchsorted(refit, np.arange(len(cells)), side="right") - 1
    slots = np.maximum.accumulate(np.maximum(home, away))[last] + 1
    return _Country(rows, np.stack([home, away, division, refit], axis=1), teams, leagues, cells * STEP + OFFSET, slots)


def _in_order(codes: Ints) -> tuple[Ints, Ints]:
    """Different codes in the order in which they first occur, and the place of each code among them."""
    found, first, place = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return found[order], rank[place]


def _starts(sizes: list[Ints]) -> Ints:
    return np.cumsum(np.concatenate([[0], *sizes])).astype(np.int64)
