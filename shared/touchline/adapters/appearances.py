"""Who played in which match, how long, and what he did: line-ups and player statistics beside the matches."""

from typing import Any, Final

import sqlalchemy as sa

from touchline.adapters.schema import match_versions, matches, valid
from touchline.adapters.schema_collected import line_ups, match_details, player_match_stats

FULL_TIME: Final = 90.0


def as_of(seq: int) -> sa.Select[Any]:
    """Appearances in finished matches as of `seq`, one row a player and match, of those who came on.

    A player who is in no table of statistics scored nothing. Sources number players for themselves: players of one
    source are one person.
    """

    def same(table: sa.Table, *more: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        told = table.c.match == line_ups.c.match, table.c.source == line_ups.c.source
        return sa.and_(*told, valid(table, seq), *more)

    end = sa.func.coalesce(match_details.c.last_minute, FULL_TIME)
    on = sa.func.coalesce(line_ups.c.minute_on, sa.case((line_ups.c.starter, 0.0), else_=end))
    minutes = sa.func.coalesce(line_ups.c.minute_off, end) - on
    version = match_versions
    side = line_ups.c.side
    return (
        sa.select(
            matches.c.match_id, matches.c.competition, matches.c.season, version.c.kickoff, version.c.available_time,
            sa.case((side == "home", matches.c.home_team), else_=matches.c.away_team).label("team"), side,
            line_ups.c.source, line_ups.c.player, line_ups.c.name, line_ups.c.position, line_ups.c.starter,
            minutes.label("minutes"),
            sa.func.coalesce(player_match_stats.c.goals, 0.0).label("goals"),
            sa.func.coalesce(player_match_stats.c.assists, 0.0).label("assists"),
        )
        .select_from(line_ups)
        .join(matches, matches.c.number == line_ups.c.match)
        .join(version, sa.and_(version.c.match == matches.c.number, valid(version, seq)))
        .outerjoin(player_match_stats, same(player_match_stats, player_match_stats.c.player == line_ups.c.player))
        .outerjoin(match_details, same(match_details))
        .where(valid(line_ups, seq), version.c.status == "finished", minutes > 0)
        .order_by(version.c.kickoff, matches.c.match_id, line_ups.c.source, line_ups.c.player)
    )  # fmt: skip
