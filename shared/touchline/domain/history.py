"""From finished matches to every version of what is remembered, and from a moment back to the version of then."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import form, ratings
from touchline.domain.encoding import STATISTICS, Fixtures, Names, Played
from touchline.domain.sequences import NONE, Sequences
from touchline.domain.state import MEASURES, WINDOWS, Meeting, Memory, TeamState, meet, pair_code

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LONG: Final = form.SPANS[1]


@dataclass(frozen=True)
class History:
    """All versions, and where they are found."""

    memory: Memory
    teams: Sequences
    leagues: Sequences
    pairs: Sequences
    pair_codes: Ints
    names: Names
    as_of: int

    def look(self, fixtures: Fixtures, moment: Ints) -> Meeting:
        """Matches as they stood at a moment each, (n,) microseconds: later results are not seen."""
        team = np.stack([self.teams.find(side, moment) for side in (fixtures.home, fixtures.away)])
        pair = self._pair(pair_code(fixtures.home, fixtures.away, len(self.names.teams)))
        return meet(
            self.memory, fixtures, team, self.leagues.find(fixtures.competition, moment), self.pairs.find(pair, moment)
        )

    def _pair(self, code: Ints) -> Ints:
        at = np.searchsorted(self.pair_codes, code)
        return np.where(np.append(self.pair_codes, NONE)[at] == code, at, NONE)

    def state(self, fixtures: Fixtures) -> TeamState:
        """The newest version of every team, league and pair; teams that have fixtures only are known as newcomers."""
        newest = self.teams.newest()
        played = newest != NONE
        memory = self.memory.newest(newest[played], self.leagues.newest(), self.pairs.newest())
        listed = np.full(len(newest), NONE)
        for side in (fixtures.home, fixtures.away):
            np.maximum.at(listed, side, fixtures.competition)
        listed[played] = memory.competition
        rows = np.where(played, np.cumsum(played) - 1, NONE)
        return TeamState(self.names, rows, listed, self.pair_codes, self.as_of, memory)


def remember(played: Played, names: Names) -> History:
    """Every version of everything, from finished matches in teaching order.

    >>> from datetime import UTC, datetime
    >>> from touchline.domain import encoding, simulation
    >>> table = simulation.simulate(1, datetime(2026, 3, 2, tzinfo=UTC), seasons=2, teams=6)
    >>> fixtures, names = encoding.fixtures(table)
    >>> history = remember(encoding.played(table, fixtures), names)
    >>> history.look(fixtures, fixtures.kickoff).team[:, 0].tolist()
    [-1, -1]
    """
    match = played.fixtures
    codes, pair = np.unique(pair_code(match.home, match.away, len(names.teams)), return_inverse=True)
    both = np.tile(played.available, 2)
    teams = Sequences(np.concatenate([match.home, match.away]), both, len(names.teams))
    leagues = Sequences(match.competition, played.available, len(names.competitions))
    pairs = Sequences(pair, played.available, len(codes))
    team_ratings, league_versions = ratings.replay(played, teams, leagues)
    competition, season, kickoff = (
        np.tile(each, 2)[teams.order] for each in (match.competition, match.season, match.kickoff)
    )
    memory = Memory(
        ratings=team_ratings,
        form=_form(played, teams),
        standing=_standing(played, teams, competition, season),
        kickoffs=form.recent_kickoffs(kickoff, teams),
        competition=competition,
        season=season,
        leagues=league_versions,
        pairs=_pairs(played, pairs),
    )
    as_of = int(played.available.max()) if len(played.available) else 0
    return History(memory, teams, leagues, pairs, codes, names, as_of)


def _form(played: Played, teams: Sequences) -> Floats:
    statistics = played.statistics
    own = np.concatenate([statistics[:, 0], statistics[:, 1]], axis=1)[:, teams.order]
    other = np.concatenate([statistics[:, 1], statistics[:, 0]], axis=1)[:, teams.order]
    values = np.concatenate([own[:1], *np.stack([own[1:], other[1:]], axis=1)])
    at_home = teams.order < len(played.available)
    made = np.empty((len(WINDOWS), len(MEASURES), len(at_home)))
    made[0] = form.last_mean(values, teams)
    made[1], made[2] = (form.exponential(values, teams, span) for span in form.SPANS)
    made[3] = form.exponential(np.where(at_home, values, np.nan), teams, _LONG)
    made[4] = form.exponential(np.where(at_home, np.nan, values), teams, _LONG)
    return made


def _standing(played: Played, teams: Sequences, competition: Ints, season: Ints) -> Floats:
    points, goals = (played.statistics[STATISTICS.index(name)] for name in ("points", "goals"))
    made = np.stack([points, goals - goals[::-1]]).reshape(2, -1)[:, teams.order]
    before = teams.before(1)
    begins = (before == NONE) | (competition[before] != competition) | (season[before] != season)
    in_season = form.running(np.concatenate([np.ones_like(made[:1]), made]), np.cumsum(begins))
    return np.concatenate([[teams.position + 1], in_season, [form.stint(competition, teams)]])


def _pairs(played: Played, pairs: Sequences) -> Floats:
    points, goals = (played.statistics[STATISTICS.index(name)] for name in ("points", "goals"))
    swapped = played.fixtures.home > played.fixtures.away
    first, second = np.where(swapped, points[::-1], points)
    difference = np.where(swapped, goals[1] - goals[0], goals[0] - goals[1])
    return form.last_sum(np.stack([np.ones_like(first), first, second, difference])[:, pairs.order], pairs)
