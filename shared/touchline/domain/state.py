"""What is remembered of teams, leagues and pairs: every version while features are built, the newest as `TeamState`.

Both are the same tables, so that one function reads a match from either. This module needs numpy only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import archives, ratings, rows
from touchline.domain.batch_ratings import Batch
from touchline.domain.competitions import competition as competition_of
from touchline.domain.encoding import SEPARATOR, Fixtures, Names, team_key
from touchline.domain.rows import NONE
from touchline.errors import DataError, UnknownName

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_FORMAT: Final = 4


@dataclass(frozen=True)
class Memory:
    """Rows of what is remembered: versions, or the newest of each; the last row of each table is what is known of one
    that never played, so that NONE finds it. The columns are those of `rows`.
    """

    teams: Floats
    """(t + 1, rows.TEAM)."""
    leagues: Floats
    """(l + 1, rows.LEAGUE)."""
    pairs: Floats
    """(p + 1, len(rows.PAIR))."""

    def newest(self, team: Ints, league: Ints, pair: Ints) -> "Memory":
        """Only these rows, and what stands for nothing known."""
        return Memory(*(table[np.append(row, NONE)] for table, row in zip(self, (team, league, pair), strict=True)))

    def __iter__(self) -> Iterator[Floats]:
        return iter((self.teams, self.leagues, self.pairs))


def nothing() -> Memory:
    """What is known of teams, leagues and pairs that never played."""
    team = np.zeros((1, rows.TEAM))
    team[:, rows.FORM] = np.nan
    team[:, rows.KICKOFFS] = -np.inf
    team[:, [rows.COMPETITION, rows.SEASON]] = NONE
    return Memory(team, ratings.LEAGUE_START[np.newaxis], np.zeros((1, len(rows.PAIR))))


@dataclass(frozen=True)
class Meeting:
    """All that the features of n matches read; nothing in it was known after the moment of reading."""

    teams: Floats
    """(rows.TEAM, 2, n) of home and away."""
    league: Floats
    """(rows.LEAGUE, n)."""
    pair: Floats
    """(len(PAIR), n), turned so that the first team is the home team; zero meetings where there are none."""
    ratings: Floats
    """(rows.RATINGS, 2, n), settled."""
    new_season: NDArray[np.bool_]
    """(2, n) whether the team's last match was in another season or competition."""
    moved: NDArray[np.bool_]
    """(2, n) whether it was in another competition."""
    kickoff: Ints
    refitted: Floats
    """(len(batch_kinds.KINDS), 2, n) log of what the newest refit expects of home and away."""

    @cached_property
    def expected(self) -> Floats:
        """(len(rows.KINDS), 2, n) what to expect of home and away."""
        return ratings.expected(self.ratings, self.league)


@dataclass(frozen=True)
class Lookup:
    """Matches, and which rows of the memory are read for them."""

    memory: Memory
    fixtures: Fixtures
    found: Ints
    """(4, n) rows of home, away, league and pair, NONE where nothing is known."""
    batch: Batch
    refit: Ints
    """(3, n) rows of home, away and league in the batch."""

    def __len__(self) -> int:
        return len(self.fixtures.kickoff)

    def meeting(self, part: slice) -> Meeting:
        """Some of the matches, read."""
        match = Fixtures(*(getattr(self.fixtures, name)[part] for name in Fixtures.__dataclass_fields__))
        home, away, league_row, pair_row = self.found[:, part]
        teams = np.ascontiguousarray(np.stack([self.memory.teams[home], self.memory.teams[away]]).transpose(2, 0, 1))
        league = np.ascontiguousarray(self.memory.leagues[league_row].T)
        moved = teams[rows.COMPETITION] != match.competition
        other_season = teams[rows.SEASON] != match.season
        unknown = self.found[:2, part] == NONE
        settled = ratings.settle(teams[: rows.RATINGS], league[rows.MEANS], unknown, other_season)
        pair = _turned(self.memory.pairs[pair_row].T, match.home > match.away)
        refitted = self.batch.rates(self.refit[:, part])
        return Meeting(teams, league, pair, settled, other_season | moved, moved, match.kickoff, refitted)


def _turned(pair: Floats, swapped: NDArray[np.bool_]) -> Floats:
    met, first, second, goals = pair
    points = np.where(swapped, second, first), np.where(swapped, first, second)
    return np.stack([met, *points, np.where(swapped, -goals, goals)])


def pair_code(home: Ints, away: Ints, teams: int) -> Ints:
    """One number for two teams, whoever is at home.

    >>> pair_code(np.array([1, 0]), np.array([0, 1]), 5).tolist()
    [1, 1]
    """
    return np.asarray(np.minimum(home, away) * teams + np.maximum(home, away))


@dataclass(frozen=True)
class TeamState:
    """The newest version of everything, as predict reads it.

    A match at or after `as_of` has the same features from here as from the table, bit for bit.
    """

    names: Names
    rows: Ints
    """Row of each team in the memory, NONE for a team that has fixtures only."""
    competition: Ints
    """Code of the competition that each team was last seen in."""
    pair_codes: Ints
    """Sorted codes of the pairs that met."""
    as_of: int
    """Moment of the last result that is in it, microseconds since 1970."""
    memory: Memory
    batch: Batch

    @cached_property
    def _teams(self) -> dict[str, int]:
        return {key: code for code, key in enumerate(self.names.teams.tolist())}

    def teams(self) -> list[tuple[str, str, str]]:
        """Country, competition last seen in, and name of every team, sorted."""
        return self._listed

    @cached_property
    def _listed(self) -> list[tuple[str, str, str]]:
        leagues = self.names.competitions[self.competition]
        told = [(*key.split(SEPARATOR), str(league)) for key, league in zip(self._teams, leagues, strict=True)]
        return sorted((country, league, team) for country, team, league in told)

    def look(
        self,
        home_team: Sequence[str],
        away_team: Sequence[str],
        competition: Sequence[str],
        season: Sequence[str],
        kickoff: NDArray[np.datetime64],
    ) -> Lookup:
        """Any matches between teams that are known, read now.

        Raises:
            UnknownName: the country of the competition has no such team; close names are suggested.
        """
        leagues, seasons = _codes(self.names.competitions, competition), _codes(self.names.seasons, season)
        found = self._find([*home_team, *away_team], [*competition, *competition])
        home, away = found.reshape(2, -1)
        fixtures = Fixtures(home, away, leagues, seasons, kickoff.astype("datetime64[us]").astype(np.int64))
        code = pair_code(home, away, len(self.names.teams))
        at = np.searchsorted(self.pair_codes, code)
        met = np.append(self.pair_codes, NONE)[at] == code
        rows_found = np.stack([*self.rows[found].reshape(2, -1), leagues, np.where(met, at, NONE)])
        return Lookup(self.memory, fixtures, rows_found, self.batch, self.batch.find(fixtures, fixtures.kickoff))

    def _find(self, team: Sequence[str], competition: Sequence[str]) -> Ints:
        keys = [team_key(competition_of(code).country, name) for name, code in zip(team, competition, strict=True)]
        unknown = sorted({key for key in keys if key not in self._teams})
        if unknown:
            raise UnknownName(
                f"{len(unknown)} unknown team{'s' * (len(unknown) > 1)}",
                where="team state",
                details=tuple(self._suggest(key) for key in unknown),
                hint="use the names under which the teams are stored; they are known per country",
            )
        return np.array([self._teams[key] for key in keys], np.int64)

    def _suggest(self, key: str) -> str:
        country, team = key.split(SEPARATOR)
        known = {name.casefold(): name for where, _, name in self.teams() if where == country}
        import difflib  # a look-up that finds its team does without

        close = difflib.get_close_matches(team.casefold(), known, n=3)
        told = ", ".join(known[name] for name in close)
        return f"{team!r} in {country}: " + (
            f"did you mean {told}?" if told else f"none of its {len(known)} teams is close"
        )

    def to_bytes(self) -> bytes:
        """A numpy archive; the same state gives the same bytes."""
        arrays: dict[str, NDArray[Any]] = {field.name: getattr(self.memory, field.name) for field in fields(Memory)}
        arrays |= {f"names_{field.name}": getattr(self.names, field.name) for field in fields(Names)}
        arrays |= {f"batch_{field.name}": getattr(self.batch, field.name) for field in fields(Batch)}
        arrays |= {"format": np.array([_FORMAT]), "as_of": np.array([self.as_of]), "pair_codes": self.pair_codes}
        arrays |= {"team_rows": self.rows, "team_competition": self.competition}
        return archives.pack(arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> "TeamState":
        """State from `to_bytes`.

        Raises:
            DataError: the bytes are no such archive, or of another format.
        """
        try:
            arrays = archives.unpack(data)
            if arrays["format"].tolist() != [_FORMAT]:
                raise ValueError(f"format {arrays['format'].tolist()}, this version reads {_FORMAT}")
            memory = Memory(*(arrays[field.name] for field in fields(Memory)))
            names = Names(*(arrays[f"names_{field.name}"] for field in fields(Names)))
            return cls(
                names=names,
                rows=arrays["team_rows"],
                competition=arrays["team_competition"],
                pair_codes=arrays["pair_codes"],
                as_of=int(arrays["as_of"][0]),
                memory=memory,
                batch=Batch(*(arrays[f"batch_{field.name}"] for field in fields(Batch))),
            )
        except (ValueError, KeyError) as error:
            hint = "build the features again"
            raise DataError(f"not a team state: {error}", where="team state", hint=hint) from error


def _codes(known: NDArray[np.str_], wanted: Sequence[str]) -> Ints:
    code = {name: number for number, name in enumerate(known.tolist())}
    return np.array([code.get(name, NONE) for name in wanted], np.int64)
