"""Reads around matches that sources number and name: which of them have a number, and who named the teams."""

from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd
import sqlalchemy as sa

from touchline.adapters.schema import match_versions, matches, teams
from touchline.adapters.schema_collected import source_matches
from touchline.domain.vocabulary import IDENTITY

_ASKED: Final = 5_000  # matches in one query
_VERSIONED: Final = ("kickoff", "kickoff_known", "status", "available_time")
_DESCRIBED: Final = (*IDENTITY, "available_time")
_DTYPES: Final = dict.fromkeys(_DESCRIBED, "str") | {
    "kickoff": "datetime64[us, UTC]",
    "kickoff_known": "bool",
    "available_time": "datetime64[us, UTC]",
}


def numbered(connection: sa.Connection, source: str, competition: str, seasons: Sequence[str]) -> set[str]:
    """`match_id` of the matches of these seasons to which a source gave a number."""
    query = (
        sa.select(matches.c.match_id)
        .join_from(source_matches, matches, matches.c.number == source_matches.c.match)
        .where(source_matches.c.source == source)
        .where(matches.c.competition == competition, matches.c.season.in_(seasons))
    )
    return set(connection.scalars(query))


def described(connection: sa.Connection, match_ids: Iterable[str]) -> pd.DataFrame:
    """IDENTITY and `available_time` of matches, as they are stored now."""
    query = (
        sa.select(*((match_versions if name in _VERSIONED else matches).c[name] for name in _DESCRIBED))
        .join_from(matches, match_versions, match_versions.c.match == matches.c.number)
        .where(match_versions.c.until_seq.is_(None))
    )
    wanted = sorted(set(match_ids))
    parts = (wanted[start : start + _ASKED] for start in range(0, len(wanted), _ASKED))
    rows = [row for part in parts for row in connection.execute(query.where(matches.c.match_id.in_(part)))]
    return pd.DataFrame(rows, columns=list(_DESCRIBED)).astype(_DTYPES)


def team_sources(connection: sa.Connection) -> dict[str, set[str]]:
    """Country -> who named its teams; empty text: files, or a person."""
    found: dict[str, set[str]] = {}
    for country, source in connection.execute(sa.select(teams.c.country, teams.c.source).distinct()):
        found.setdefault(country, set()).add(source)
    return found
