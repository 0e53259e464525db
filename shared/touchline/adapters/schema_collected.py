"""Tables of what is collected beside results and prices: line-ups, players, shots, quotes; what is known of pages."""

from typing import Any, Final

import sqlalchemy as sa

from touchline.adapters.schema import Moment, Number, fact_columns, metadata

TEAM_DETAILS: Final = (
    "rating", "possession", "touches", "passes", "passes_accurate", "key_passes", "tackles", "interceptions",
    "clearances", "aerials_won", "dribbles_won", "dispossessed", "offsides", "shots_blocked", "shots_off_target",
)  # fmt: skip
"""Of one side of a match: `possession` is its share of both (0 to 1), `rating` goes up to 10, the others are counts."""
PLAYER_STATISTICS: Final = (
    "rating", "goals", "own_goals", "assists", "shots", "shots_on_target", "key_passes", "passes", "passes_accurate",
    "touches", "tackles", "interceptions", "clearances", "aerials_won", "dribbles_won", "fouls", "yellow_cards",
    "red_cards",
)  # fmt: skip
"""Of one player in a match."""


def _detail(name: str, key: tuple[sa.Column[Any], ...], *columns: sa.Column[Any]) -> sa.Table:
    names = ("match", "source", *(column.name for column in key), "seq")
    return sa.Table(
        name,
        metadata,
        sa.Column("match", Number, sa.ForeignKey("matches.number"), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        *key,
        *columns,
        *fact_columns(),
        sa.PrimaryKeyConstraint(*names),
        sqlite_with_rowid=False,
    )


source_matches: Final = sa.Table(
    "source_matches",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("source_id", sa.Text, primary_key=True),  # as the source numbers its matches
    sa.Column("match", Number, sa.ForeignKey("matches.number"), nullable=False, index=True),
)

details_seen: Final = sa.Table(  # when the payload was retrieved that last described a match in one table of details
    "details_seen",
    metadata,
    sa.Column("match", Number, sa.ForeignKey("matches.number"), primary_key=True, autoincrement=False),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("seen", Moment, nullable=False),
    sqlite_with_rowid=False,
)

match_details: Final = _detail(
    "match_details",
    (),
    sa.Column("completeness", sa.Text, nullable=False),
    sa.Column("venue", sa.Text),
    sa.Column("attendance", sa.Double),
    sa.Column("referee", sa.Text),
    sa.Column("events", sa.Double),
    sa.Column("last_minute", sa.Double),
    *(sa.Column(name, sa.Double) for name in ("home_goals_extra_time", "away_goals_extra_time")),
    *(sa.Column(name, sa.Double) for name in ("home_penalties", "away_penalties")),
)

team_details: Final = _detail(
    "team_details",
    (sa.Column("side", sa.Text, nullable=False),),
    sa.Column("formation", sa.Text),
    sa.Column("manager", sa.Text),
    *(sa.Column(name, sa.Double) for name in TEAM_DETAILS),
)

line_ups: Final = _detail(
    "line_ups",
    (sa.Column("player", sa.BigInteger, nullable=False),),
    sa.Column("side", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("shirt_number", sa.Double),
    sa.Column("position", sa.Text),
    sa.Column("starter", sa.Boolean, nullable=False),
    sa.Column("captain", sa.Boolean, nullable=False),
    sa.Column("minute_on", sa.Double),
    sa.Column("minute_off", sa.Double),
)

player_match_stats: Final = _detail(
    "player_match_stats",
    (sa.Column("player", sa.BigInteger, nullable=False),),
    sa.Column("side", sa.Text, nullable=False),
    *(sa.Column(name, sa.Double) for name in PLAYER_STATISTICS),
)

shots: Final = _detail(
    "shots",
    (sa.Column("shot", sa.BigInteger, nullable=False),),
    sa.Column("side", sa.Text, nullable=False),
    sa.Column("player", sa.BigInteger),
    sa.Column("minute", sa.Double, nullable=False),
    sa.Column("second", sa.Double),
    sa.Column("period", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),  # goal, saved, missed, post, blocked
    *(sa.Column(name, sa.Double) for name in ("x", "y", "goal_y", "goal_z")),
    sa.Column("penalty", sa.Boolean, nullable=False),
    sa.Column("own_goal", sa.Boolean, nullable=False),
)

quotes: Final = sa.Table(  # insert-only: a price at a moment does not change
    "quotes",
    metadata,
    sa.Column("match", Number, sa.ForeignKey("matches.number"), primary_key=True),
    sa.Column("bookmaker", sa.Text, primary_key=True),
    sa.Column("market", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, primary_key=True),
    sa.Column("line", sa.Double, primary_key=True),
    sa.Column("quoted_at", Moment, primary_key=True),
    sa.Column("price", sa.Double, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("payload", Number, sa.ForeignKey("payloads.number"), nullable=False),
    sqlite_with_rowid=False,
)

unresolved_names: Final = sa.Table(
    "unresolved_names",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("country", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("competition", sa.Text, nullable=False),
    sa.Column("suggestions", sa.JSON, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("first_seen", Moment, nullable=False),
    sa.Column("last_seen", Moment, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
)

pages: Final = sa.Table(
    "pages",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("retrieved", Moment),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("tries", sa.BigInteger, nullable=False),
    sa.Column("due", Moment),
    sa.Column("taken", sa.Boolean, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)

hosts: Final = sa.Table(
    "hosts",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("asked", sa.BigInteger, nullable=False),
    sa.Column("last_asked", Moment),
    sa.Column("failures", sa.BigInteger, nullable=False),
    sa.Column("open_until", Moment),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
)
