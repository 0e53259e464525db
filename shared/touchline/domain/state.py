"""What is remembered of teams, leagues and pairs: every version while features are built, the newest as `TeamState`.

Both are the same arrays, so that one function reads a match from either. This module needs numpy only.
"""

import difflib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import ratings
from touchline.domain.competitions import competition as competition_of
from touchline.domain.encoding import SEPARATOR, STATISTICS, Fixtures, Names, team_key
from touchline.domain.sequences import NONE, take
from touchline.errors import DataError, UnknownName

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MEASURES: Final = ("points", *(f"{name}_{way}" for name in STATISTICS[1:] for way in ("for", "against")))
"""Rows of form: what a team did, and what was done to it."""
WINDOWS: Final = ("last5", "span6", "span20", "at_home", "away")
"""Last five matches, exponentially weighted with both spans, and with the longer span at home or away only."""
STANDING: Final = ("matches", "season_matches", "season_points", "season_goals", "stint")
"""Matches known; matches, points, goals in the season of the last one; matches in a row in its competition."""
PAIR: Final = ("meetings", "first_points", "second_points", "first_goals")
"""Of the newest meetings of two teams: how many, points of either, goal difference seen from the first by code."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_FORMAT: Final = 1


@dataclass(frozen=True)
class Memory:
    """Rows of what is remembered; the last axis counts versions, or teams, leagues and pairs."""

    ratings: Floats
    """(ratings.SIZE, t)."""
    form: Floats
    """(len(WINDOWS), len(MEASURES), t)."""
    standing: Floats
    """(len(STANDING), t)."""
    kickoffs: Ints
    """(form.RECENT, t) microseconds since 1970, newest first."""
    competition: Ints
    """(t,) code of the last match."""
    season: Ints
    """(t,) code of the last match."""
    leagues: Floats
    """(8 + ratings.SIZE, l)."""
    pairs: Floats
    """(len(PAIR), p)."""

    def newest(self, team: Ints, league: Ints, pair: Ints) -> "Memory":
        """Only these rows; NONE for a league of which nothing is known."""
        return Memory(
            ratings=self.ratings[:, team],
            form=self.form[..., team],
            standing=self.standing[:, team],
            kickoffs=self.kickoffs[:, team],
            competition=self.competition[team],
            season=self.season[team],
            leagues=self.league(league),
            pairs=self.pairs[:, pair],
        )

    def league(self, row: Ints) -> Floats:
        """Rows of leagues, (8 + ratings.SIZE, n); NONE is a league of which nothing is known."""
        known = take(self.leagues, row, np.nan)
        return np.where(row == NONE, ratings.LEAGUE_START[:, np.newaxis], known)


@dataclass(frozen=True)
class Meeting:
    """All that the features of n matches read; nothing in it was known after the moment of reading."""

    memory: Memory
    team: Ints
    """(2, n) rows of home and away, NONE for a team that never played."""
    league: Floats
    pair: Floats
    """(len(PAIR), n), turned so that the first team is the home team; zero meetings where there are none."""
    ratings: Floats
    """(ratings.SIZE, 2, n), settled."""
    new_season: NDArray[np.bool_]
    """(2, n) whether the team's last match was in another season or competition."""
    moved: NDArray[np.bool_]
    """(2, n) whether it was in another competition."""
    kickoff: Ints

    @cached_property
    def expected_goals(self) -> Floats:
        """(3, 2, n) by kind of `goal_rates`, home and away."""
        return ratings.expected_goals(self.ratings, self.league)


def meet(memory: Memory, fixtures: Fixtures, team: Ints, league: Ints, pair: Ints) -> Meeting:
    """Matches with the rows to be read: (2, n) of teams, (n,) of leagues and pairs, NONE where nothing is known."""
    season, competition = (take(each, team, NONE) for each in (memory.season, memory.competition))
    rows = memory.league(league)
    unknown, other_season = team == NONE, season != fixtures.season
    known = np.stack([take(rating, team, np.nan) for rating in memory.ratings])
    settled = ratings.settle(known, rows[ratings.MEANS], unknown, other_season)
    met, first, second, goals = take(memory.pairs, pair, 0.0)
    swapped = fixtures.home > fixtures.away
    points = np.where(swapped, second, first), np.where(swapped, first, second)
    turned = np.stack([met, *points, np.where(swapped, -goals, goals)])
    moved = competition != fixtures.competition
    return Meeting(memory, team, rows, turned, settled, other_season | moved, moved, fixtures.kickoff)


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

    @cached_property
    def _teams(self) -> dict[str, int]:
        return {key: code for code, key in enumerate(self.names.teams.tolist())}

    def teams(self) -> list[tuple[str, str, str]]:
        """Country, competition last seen in, and name of every team, sorted."""
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
    ) -> Meeting:
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
        return meet(self.memory, fixtures, self.rows[found].reshape(2, -1), leagues, np.where(met, at, NONE))

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
        close = difflib.get_close_matches(team.casefold(), known, n=3)
        told = ", ".join(known[name] for name in close)
        return f"{team!r} in {country}: " + (
            f"did you mean {told}?" if told else f"none of its {len(known)} teams is close"
        )

    def to_bytes(self) -> bytes:
        """A numpy archive; the same state gives the same bytes."""
        arrays: dict[str, NDArray[Any]] = {field.name: getattr(self.memory, field.name) for field in fields(Memory)}
        arrays |= {f"names_{field.name}": getattr(self.names, field.name) for field in fields(Names)}
        arrays |= {"format": np.array([_FORMAT]), "as_of": np.array([self.as_of]), "pair_codes": self.pair_codes}
        arrays |= {"team_rows": self.rows, "team_competition": self.competition}
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w") as archive:
            for name, array in sorted(arrays.items()):
                entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
                entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
                content = io.BytesIO()
                np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
                archive.writestr(entry, content.getvalue())
        return body.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "TeamState":
        """State from `to_bytes`.

        Raises:
            DataError: the bytes are no such archive, or of another format.
        """
        hint = "build the features again"
        if not zipfile.is_zipfile(io.BytesIO(data)):
            raise DataError("not a team state: no numpy archive", where="team state", hint=hint)
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
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
            )
        except (ValueError, KeyError, zipfile.BadZipFile) as error:
            raise DataError(f"not a team state: {error}", where="team state", hint=hint) from error


def _codes(known: NDArray[np.str_], wanted: Sequence[str]) -> Ints:
    code = {name: number for number, name in enumerate(known.tolist())}
    return np.array([code.get(name, NONE) for name in wanted], np.int64)
