"""What a database holds of a source's matches, in the tables and columns of the replica's truth.

found = replica_stored.tables(engine)
for name, key in {"schedule": ["source_id"], **replica_walk.KEYS}.items():
    assert replica_walk.differences(found[name], replica.truth.table(name, "E0"), key) == {}
"""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from touchline.adapters import schema, schema_collected
from touchline.adapters.database import reading

_LINKS = schema_collected.source_matches.c
_MATCH, _VERSION, _STATS = schema.matches.c, schema.match_versions.c, schema.team_match_stats.c
_HALVES = ("home_goals_half_time", "away_goals_half_time")
_DETAILS = {
    "match_details": schema_collected.match_details,
    "team_details": schema_collected.team_details,
    "line_ups": schema_collected.line_ups,
    "player_stats": schema_collected.player_match_stats,
    "shots": schema_collected.shots,
}


def tables(engine: sa.Engine, source: str = "whoscored") -> dict[str, pd.DataFrame]:
    """Everything that is current, by the names of the truth's tables; straight from the tables of the database."""
    asked = {"schedule": _schedule(), "statistics": _statistics()}
    asked |= {name: _detail(table).where(table.c.source == source) for name, table in _DETAILS.items()}
    found = {}
    with reading(engine) as connection:
        for name, select in asked.items():
            answer = connection.execute(select.where(_LINKS.source == source))
            found[name] = pd.DataFrame(answer.mappings().all(), columns=list(answer.keys()))
    return found


def _schedule() -> sa.Select[Any]:
    columns = (
        _LINKS.source_id, _MATCH.competition, _MATCH.season, _VERSION.kickoff, _MATCH.home_team, _MATCH.away_team,
        _VERSION.status, _VERSION.raw_status, _VERSION.home_goals, _VERSION.away_goals,
    )  # fmt: skip
    return (
        sa.select(*columns)
        .join(schema.matches, _MATCH.number == _LINKS.match)
        .join(schema.match_versions, _VERSION.match == _LINKS.match)
        .where(_VERSION.until_seq.is_(None))
    )


def _statistics() -> sa.Select[Any]:
    columns = (_LINKS.source_id, *(_VERSION[name] for name in _HALVES), *(_STATS[name] for name in schema.STATISTICS))
    return (
        sa.select(*columns)
        .join(schema.match_versions, _VERSION.match == _LINKS.match)
        .join(schema.team_match_stats, _STATS.match == _LINKS.match)
        .where(_VERSION.until_seq.is_(None), _STATS.until_seq.is_(None), _STATS.home_shots.is_not(None))
    )


def _detail(table: sa.Table) -> sa.Select[Any]:
    ours = ("match", "source", "payload", "seq", "until_seq")
    columns = [column for column in table.columns if column.name not in ours]
    link = sa.join(table, schema_collected.source_matches, table.c.match == _LINKS.match)
    return sa.select(_LINKS.source_id, *columns).select_from(link).where(table.c.until_seq.is_(None))
