"""From finished matches to every version of what is remembered, and from a moment back to the version of then."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import ratings, rows
from touchline.domain.batch_kinds import KINDS, counts
from touchline.domain.batch_ratings import Batch
from touchline.domain.encoding import Fixtures, Names, Played
from touchline.domain.rows import NONE
from touchline.domain.state import Lookup, Memory, TeamState, nothing, pair_code

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SPANS: Final = (6, 20)
"""Spans of the exponentially weighted means, in matches: the newest counts 2 / (span + 1)."""
LAST: Final = 5
MEETINGS: Final = 10
"""So many of the newest meetings of two teams count as head-to-head."""


@dataclass(frozen=True)
class History:
    """All versions: rows 2k and 2k + 1 of teams are home and away after match k, row k of leagues and pairs theirs."""

    memory: Memory
    played: Played
    pair_codes: Ints
    """Sorted codes of the pairs that met."""
    pair: Ints
    """(r,) place of each match's pair among them."""
    names: Names
    batch: Batch

    def look(self, fixtures: Fixtures, moment: Ints) -> Lookup:
        """Matches as they stood at a moment each, (n,) microseconds: later results are not seen."""
        from touchline.domain.form_kernels import known_at

        pair = self._pair(pair_code(fixtures.home, fixtures.away, len(self.names.teams)))
        asked = np.stack([fixtures.home, fixtures.away, fixtures.competition, pair])
        match = self.played.fixtures
        told = np.stack([match.home, match.away, match.competition, self.pair])
        order = np.argsort(moment, kind="stable")
        found = known_at(asked, moment, order, told, self.played.available, self._sizes())
        return Lookup(self.memory, fixtures, found, self.batch, self.batch.find(fixtures, moment))

    def _sizes(self) -> Ints:
        return np.array([len(self.names.teams), len(self.names.competitions), len(self.pair_codes)])

    def _pair(self, code: Ints) -> Ints:
        at = np.searchsorted(self.pair_codes, code)
        return np.where(np.append(self.pair_codes, NONE)[at] == code, at, NONE)

    def state(self, fixtures: Fixtures) -> TeamState:
        """The newest version of every team, league and pair; teams that have fixtures only are known as newcomers."""
        match, (teams, leagues, pairs) = self.played.fixtures, self._sizes()
        sides = np.stack([match.home, match.away], axis=1).ravel()
        newest, league, pair = _last(sides, teams), _last(match.competition, leagues), _last(self.pair, pairs)
        known = newest != NONE
        memory = self.memory.newest(newest[known], league, pair)
        listed = np.full(len(newest), NONE)
        for side in (fixtures.home, fixtures.away):
            np.maximum.at(listed, side, fixtures.competition)
        listed[known] = memory.teams[:-1, rows.COMPETITION]
        row = np.where(known, np.cumsum(known) - 1, NONE)
        as_of = int(self.played.available.max(initial=0))
        return TeamState(self.names, row, listed, self.pair_codes, as_of, memory, self.batch.newest())


def _last(code: Ints, size: int) -> Ints:
    """Where each code stands last, NONE where it does not."""
    last = np.full(size, NONE)
    np.maximum.at(last, code, np.arange(len(code)))
    return last


def remember(played: Played, names: Names) -> History:
    """Every version of everything, from finished matches in teaching order.

    >>> from datetime import UTC, datetime
    >>> from touchline.domain import encoding, simulation
    >>> table = simulation.simulate(1, datetime(2026, 3, 2, tzinfo=UTC), seasons=2, teams=6)
    >>> fixtures, names = encoding.fixtures(table)
    >>> history = remember(encoding.played(table, fixtures), names)
    >>> history.look(fixtures, fixtures.kickoff).found[:, 0].tolist()
    [-1, -1, -1, -1]
    """
    match, unknown = played.fixtures, nothing()
    codes, pair = np.unique(pair_code(match.home, match.away, len(names.teams)), return_inverse=True)
    count = len(match.home)
    memory = Memory(
        *(np.empty((many + 1, table.shape[1])) for many, table in zip((2 * count, count, count), unknown, strict=True))
    )
    for table, row in zip(memory, unknown, strict=True):
        table[-1] = row[0]
    _replay(played, len(names.teams), len(names.competitions), memory)
    _tell(played, len(names.teams), memory.teams)
    from touchline.domain.form_kernels import meetings

    meetings(match.home, match.away, pair, len(codes), played.statistics, MEETINGS, memory.pairs)
    from touchline.domain.batch_fits import fits

    batch = fits(played, names, KINDS, counts(played))
    return History(memory, played, codes, pair, names, batch)


def _replay(played: Played, teams: int, leagues: int, memory: Memory) -> None:
    from touchline.domain.rating_kernels import replay

    match = played.fixtures
    replay(
        match.home,
        match.away,
        match.competition,
        match.season,
        played.level_start,
        np.ascontiguousarray(played.statistics[:, 1:]),
        played.prices,
        np.zeros((teams, rows.RATINGS)),
        np.repeat(ratings.LEAGUE_START[np.newaxis], leagues, axis=0),
        ratings.PACE,
        ratings.Columns(),
        memory.teams[:, : rows.RATINGS],
        memory.leagues,
    )


def _tell(played: Played, teams: int, made: Floats) -> None:
    from touchline.domain.form_kernels import form, standing

    match, statistics = played.fixtures, played.statistics
    shares = np.array([2 / (span + 1) for span in SPANS])
    form(match.home, match.away, statistics, shares, LAST, teams, made[:, rows.FORM])
    now = np.repeat(nothing().teams[:, rows.STANDINGS.start :], teams, axis=0)
    fixed = (match.home, match.away, match.competition, match.season, match.kickoff)
    standing(*fixed, statistics, now, rows.RECENT, made[:, rows.STANDINGS.start :])
