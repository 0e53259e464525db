"""Reads around matches that sources number and name: which have a number, their details, and who named the teams."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

import pandas as pd
import sqlalchemy as sa

from touchline.adapters import bulk, database
from touchline.adapters import schema_collected as collected
from touchline.adapters.schema import match_versions, matches, teams
from touchline.adapters.schema_collected import source_matches
from touchline.domain.vocabulary import IDENTITY

_T = TypeVar("_T")
_ASKED: Final = 5_000  # matches in one query
_VERSIONED: Final = ("kickoff", "kickoff_known", "status", "available_time")
_DESCRIBED: Final = (*IDENTITY, "available_time")
_DTYPES: Final = dict.fromkeys(_DESCRIBED, "str") | {
    "kickoff": "datetime64[us, UTC]",
    "kickoff_known": "bool",
    "available_time": "datetime64[us, UTC]",
}
_DETAILS: Final = {
    "match_details": collected.match_details,
    "team_details": collected.team_details,
    "line_ups": collected.line_ups,
    "player_stats": collected.player_match_stats,
    "shots": collected.shots,
}


class SqlLinks:
    """A `Links` in SQLite or PostgreSQL."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def numbered(self, source: str, competition: str, seasons: Sequence[str]) -> set[str]:
        """`match_id` of the matches of these seasons to which a source gave a number."""
        query = (
            sa.select(matches.c.match_id)
            .join_from(source_matches, matches, matches.c.number == source_matches.c.match)
            .where(source_matches.c.source == source)
            .where(matches.c.competition == competition, matches.c.season.in_(seasons))
        )
        with database.reading(self._engine) as connection:
            return set(connection.scalars(query))

    def details(self, source: str, match_ids: Iterable[str]) -> dict[str, pd.DataFrame]:
        """Details of matches that are stored now, by table; the index is `match_id` and what else tells rows apart."""
        query = sa.select(matches.c.number, matches.c.match_id)
        with database.reading(self._engine) as connection:
            found = (connection.execute(query.where(matches.c.match_id.in_(part))) for part in _parts(match_ids))
            known = {number: match_id for rows in found for number, match_id in rows}
            return {name: _current(connection, table, source, known) for name, table in _DETAILS.items()}

    def team_sources(self) -> dict[str, set[str]]:
        """Country -> who named its teams; empty text: files, or a person."""
        with database.reading(self._engine) as connection:
            return team_sources(connection)


def described(connection: sa.Connection, match_ids: Iterable[str]) -> pd.DataFrame:
    """IDENTITY and `available_time` of matches, as they are stored now."""
    query = (
        sa.select(*((match_versions if name in _VERSIONED else matches).c[name] for name in _DESCRIBED))
        .join_from(matches, match_versions, match_versions.c.match == matches.c.number)
        .where(match_versions.c.until_seq.is_(None))
    )
    found = (connection.execute(query.where(matches.c.match_id.in_(part))) for part in _parts(match_ids))
    rows = [row for some in found for row in some]
    return pd.DataFrame(rows, columns=list(_DESCRIBED)).astype(_DTYPES)


def _current(connection: sa.Connection, table: sa.Table, source: str, known: dict[int, str]) -> pd.DataFrame:
    key = [column.name for column in table.primary_key if column.name not in ("match", "source", "seq")]
    columns = [column for column in table.columns if column.name not in ("payload", "seq", "until_seq")]
    query = sa.select(*columns).where(table.c.until_seq.is_(None))
    rows = pd.concat([bulk.fetch(connection, query.where(table.c.match.in_(part))) for part in _parts(known) or [[]]])
    rows = rows[rows["source"] == source]
    rows = rows.assign(match_id=rows["match"].map(known).astype("str")).drop(columns=["match", "source"])
    return rows.set_index(["match_id", *key])


def team_sources(connection: sa.Connection) -> dict[str, set[str]]:
    """Country -> who named its teams; empty text: files, or a person."""
    found: dict[str, set[str]] = {}
    for country, source in connection.execute(sa.select(teams.c.country, teams.c.source).distinct()):
        found.setdefault(country, set()).add(source)
    return found


def _parts(values: Iterable[_T]) -> list[list[_T]]:
    """So many at a time as one query takes."""
    wanted = list(dict.fromkeys(values))
    return [wanted[start : start + _ASKED] for start in range(0, len(wanted), _ASKED)]
