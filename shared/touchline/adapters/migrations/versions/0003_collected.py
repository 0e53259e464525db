"""What is collected beside results and prices, and the memory of collecting."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from touchline.adapters.schema import Moment

revision: Final = "0003"
down_revision: Final = "0002"
branch_labels: Final = None
depends_on: Final = None

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the tables, the status as a source says it, who named a team, and a memory for each kind of fact."""
    op.add_column("teams", sa.Column("source", sa.Text(), nullable=False, server_default=""))
    op.add_column("match_versions", sa.Column("raw_status", sa.Text()))
    for name in ("statistics_seen", "prices_seen"):
        op.add_column("matches", sa.Column(name, Moment()))
    op.execute("UPDATE matches SET statistics_seen = seen, prices_seen = seen")  # until now there was one for all
    op.create_table(
        "source_matches",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("match", _Number, nullable=False),
        sa.ForeignKeyConstraint(["match"], ["matches.number"]),
        sa.PrimaryKeyConstraint("source", "source_id"),
    )
    op.create_table(
        "details_seen",
        sa.Column("match", _Number, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seen", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["match"], ["matches.number"]),
        sa.PrimaryKeyConstraint("match", "source", "kind"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "match_details",
        sa.Column("match", _Number, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("completeness", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=True),
        sa.Column("attendance", sa.Double(), nullable=True),
        sa.Column("referee", sa.Text(), nullable=True),
        sa.Column("events", sa.Double(), nullable=True),
        sa.Column("last_minute", sa.Double(), nullable=True),
        sa.Column("home_goals_extra_time", sa.Double(), nullable=True),
        sa.Column("away_goals_extra_time", sa.Double(), nullable=True),
        sa.Column("home_penalties", sa.Double(), nullable=True),
        sa.Column("away_penalties", sa.Double(), nullable=True),
        sa.Column("payload", _Number, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("until_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["match"], ["matches.number"]),
        sa.ForeignKeyConstraint(["payload"], ["payloads.number"]),
        sa.PrimaryKeyConstraint("match", "source", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "team_details",
        sa.Column("match", _Number, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("formation", sa.Text(), nullable=True),
        sa.Column("manager", sa.Text(), nullable=True),
        sa.Column("rating", sa.Double(), nullable=True),
        sa.Column("possession", sa.Double(), nullable=True),
        sa.Column("touches", sa.Double(), nullable=True),
        sa.Column("passes", sa.Double(), nullable=True),
        sa.Column("passes_accurate", sa.Double(), nullable=True),
        sa.Column("key_passes", sa.Double(), nullable=True),
        sa.Column("tackles", sa.Double(), nullable=True),
        sa.Column("interceptions", sa.Double(), nullable=True),
        sa.Column("clearances", sa.Double(), nullable=True),
        sa.Column("aerials_won", sa.Double(), nullable=True),
        sa.Column("dribbles_won", sa.Double(), nullable=True),
        sa.Column("dispossessed", sa.Double(), nullable=True),
        sa.Column("offsides", sa.Double(), nullable=True),
        sa.Column("shots_blocked", sa.Double(), nullable=True),
        sa.Column("shots_off_target", sa.Double(), nullable=True),
        sa.Column("payload", _Number, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("until_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["payload"], ["payloads.number"]),
        sa.ForeignKeyConstraint(["match"], ["matches.number"]),
        sa.PrimaryKeyConstraint("match", "source", "side", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "line_ups",
        sa.Column("match", _Number, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("player", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shirt_number", sa.Double(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("starter", sa.Boolean(), nullable=False),
        sa.Column("captain", sa.Boolean(), nullable=False),
        sa.Column("minute_on", sa.Double(), nullable=True),
        sa.Column("minute_off", sa.Double(), nullable=True),
        sa.Column("payload", _Number, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("until_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["payload"], ["payloads.number"]),
        sa.ForeignKeyConstraint(["match"], ["matches.number"]),
        sa.PrimaryKeyConstraint("match", "source", "player", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "player_match_stats",
        sa.Column("match", _Number, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("player", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("rating", sa.Double(), nullable=True),
        sa.Column("goals", sa.Double(), nullable=True),
        sa.Column("own_goals", sa.Double(), nullable=True),
        sa.Column("assists", sa.Double(), nullable=True),
        sa.Column("shots", sa.Double(), nullable=True),
        sa.Column("shots_on_target", sa.Double(), nullable=True),
        sa.Column("key_passes", sa.Double(), nullable=True),
        sa.Column("passes", sa.Double(), nullable=True),
        sa.Column("passes_accurate", sa.Double(), nullable=True),
        sa.Column("touches", sa.Double(), nullable=True),
        sa.Column("tackles", sa.Double(), nullable=True),
        sa.Column("interceptions", sa.Double(), nullable=True),
        sa.Column("clearances", sa.Double(), nullable=True),
        sa.Column("aerials_won", sa.Double(), nullable=True),
        sa.Column("dribbles_won", sa.Double(), nullable=True),
        sa.Column("fouls", sa.Double(), nullable=True),
        sa.Column("yellow_cards", sa.Double(), nullable=True),
        sa.Column("red_cards", sa.Double(), nullable=True),
        sa.Column("payload", _Number, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("until_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["payload"], ["payloads.number"]),
        sa.ForeignKeyConstraint(["match"], ["matches.number"]),
        sa.PrimaryKeyConstraint("match", "source", "player", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shots",
        sa.Column("match", _Number, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("shot", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("player", sa.BigInteger(), nullable=True),
        sa.Column("minute", sa.Double(), nullable=False),
        sa.Column("second", sa.Double(), nullable=True),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("x", sa.Double(), nullable=True),
        sa.Column("y", sa.Double(), nullable=True),
        sa.Column("goal_y", sa.Double(), nullable=True),
        sa.Column("goal_z", sa.Double(), nullable=True),
        sa.Column("penalty", sa.Boolean(), nullable=False),
        sa.Column("own_goal", sa.Boolean(), nullable=False),
        sa.Column("payload", _Number, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("until_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["payload"], ["payloads.number"]),
        sa.ForeignKeyConstraint(["match"], ["matches.number"]),
        sa.PrimaryKeyConstraint("match", "source", "shot", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quotes",
        sa.Column("match", _Number, nullable=False),
        sa.Column("bookmaker", sa.Text(), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("line", sa.Double(), nullable=False),
        sa.Column("quoted_at", Moment(), nullable=False),
        sa.Column("price", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("payload", _Number, nullable=False),
        sa.ForeignKeyConstraint(["match"], ["matches.number"]),
        sa.ForeignKeyConstraint(["payload"], ["payloads.number"]),
        sa.PrimaryKeyConstraint("match", "bookmaker", "market", "outcome", "line", "quoted_at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unresolved_names",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("competition", sa.Text(), nullable=False),
        sa.Column("suggestions", sa.JSON(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("first_seen", Moment(), nullable=False),
        sa.Column("last_seen", Moment(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "country", "name"),
    )
    op.create_table(
        "pages",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("retrieved", Moment(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "name"),
    )
    op.create_table(
        "hosts",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("last_asked", Moment(), nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("open_until", Moment(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("host"),
    )
    op.create_index("ix_source_matches_match", "source_matches", ["match"])
    if op.get_bind().dialect.name == "postgresql":  # room in each page for `seen`, so that no index changes with it
        op.execute("ALTER TABLE matches SET (fillfactor = 80)")
