"""Tables of matches with their history, the ledger and the promotions; triggers that keep the last two as written."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from touchline.adapters.schema import Moment

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_SQLITE_CLOCK: Final = (  # microseconds; SQLite counts milliseconds, and 'now' stands still within a statement
    "(CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1000)"
)

_SQLITE_SEAL: Final = f"""
CREATE TRIGGER predictions_seal BEFORE INSERT ON predictions
BEGIN
    SELECT RAISE(ABORT, 'touchline: live forecasts are sealed by the database clock')
    WHERE NEW.mode = 'live' AND NEW.sealed_at <> {_SQLITE_CLOCK};
    SELECT RAISE(ABORT, 'touchline: sealed at or after kick-off') WHERE NEW.kickoff <= NEW.sealed_at;
END
"""

_SQLITE_NO_REPLACE: Final = """
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} AS kept WHERE {same})
BEGIN
    SELECT RAISE(ABORT, 'touchline: {table} are never changed');
END
"""  # INSERT OR REPLACE deletes without waking the triggers for DELETE

_SQLITE_SAME: Final = {
    "predictions": "kept.number = NEW.number OR (kept.match_id = NEW.match_id AND kept.model_version = NEW.model_version "
    "AND kept.mode = NEW.mode AND kept.seq = NEW.seq AND kept.kickoff = NEW.kickoff "
    "AND kept.features_hash = NEW.features_hash)",
    "promotions": "kept.number = NEW.number OR kept.work = NEW.work",
}

_SQLITE_KEEP: Final = """
CREATE TRIGGER {table}_keep_{change} BEFORE {change} ON {table}
BEGIN
    SELECT RAISE(ABORT, 'touchline: {table} are never changed');
END
"""

_POSTGRESQL_SEAL: Final = """
CREATE FUNCTION touchline_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.mode = 'live' THEN
        NEW.sealed_at := clock_timestamp();
    END IF;
    IF NEW.kickoff <= NEW.sealed_at THEN
        RAISE EXCEPTION 'touchline: sealed at or after kick-off' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""

_POSTGRESQL_KEEP: Final = """
CREATE FUNCTION touchline_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'touchline: % are never changed', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def upgrade() -> None:
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        _create_postgresql_triggers()
    else:
        _create_sqlite_triggers()


def _clock() -> sa.TextClause:
    return sa.text("clock_timestamp()" if op.get_bind().dialect.name == "postgresql" else _SQLITE_CLOCK)


def _create_sqlite_triggers() -> None:
    op.execute(_SQLITE_SEAL)
    for table, same in _SQLITE_SAME.items():
        op.execute(_SQLITE_NO_REPLACE.format(table=table, same=same))
        for change in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_KEEP.format(table=table, change=change))


def _create_postgresql_triggers() -> None:
    op.execute(_POSTGRESQL_SEAL)
    op.execute(_POSTGRESQL_KEEP)
    op.execute(
        "CREATE TRIGGER predictions_seal BEFORE INSERT ON predictions FOR EACH ROW EXECUTE FUNCTION touchline_seal()"
    )
    for table in ("predictions", "promotions"):
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION touchline_keep()"
        )


def _create_tables() -> None:
    op.create_table(
        "competitions",
        sa.Column("competition", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("competition"),
    )
    op.create_table(
        "payloads",
        sa.Column("number", _Number, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("sha256"),
    )
    op.create_table(
        "predictions",
        sa.Column("number", _Number, nullable=False),
        sa.Column("match_id", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("promotion", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kickoff", Moment(), nullable=False),
        sa.Column("home", sa.Double(), nullable=False),
        sa.Column("draw", sa.Double(), nullable=False),
        sa.Column("away", sa.Double(), nullable=False),
        sa.Column("features_hash", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("sealed_at", Moment(), server_default=_clock(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("match_id", "model_version", "mode", "seq", "kickoff", "features_hash"),
    )
    op.create_table(
        "promotions",
        sa.Column("number", _Number, autoincrement=False, nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("champion", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("decided_at", Moment(), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("work"),
    )
    op.create_table(
        "scrape_runs",
        sa.Column("number", _Number, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("payloads", sa.JSON(), nullable=False),
        sa.Column("simulated_source", sa.Boolean(), nullable=False),
        sa.Column("retrieved", Moment(), nullable=False),
        sa.Column("recorded_time", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("seq"),
    )
    op.create_index("ix_scrape_runs_run_id", "scrape_runs", ["run_id"], unique=False)
    op.create_table(
        "settlements",
        sa.Column("number", _Number, nullable=False),
        sa.Column("match_id", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("sealed_at", Moment(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("log_loss", sa.Double(), nullable=True),
        sa.Column("rps", sa.Double(), nullable=True),
        sa.Column("brier", sa.Double(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=False),
        sa.Column("replaced_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(
        "settlements_current",
        "settlements",
        ["match_id", "model_version", "mode"],
        unique=True,
        sqlite_where=sa.text("replaced_at IS NULL"),
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "teams",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("country", "team"),
    )
    op.create_table(
        "seasons",
        sa.Column("competition", sa.Text(), nullable=False),
        sa.Column("season", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition"],
            ["competitions.competition"],
        ),
        sa.PrimaryKeyConstraint("competition", "season"),
    )
    op.create_table(
        "team_aliases",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["country", "team"],
            ["teams.country", "teams.team"],
        ),
        sa.PrimaryKeyConstraint("country", "alias"),
    )
    op.create_table(
        "matches",
        sa.Column("number", _Number, nullable=False),
        sa.Column("match_id", sa.Text(), nullable=False),
        sa.Column("competition", sa.Text(), nullable=False),
        sa.Column("season", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("home_team", sa.Text(), nullable=False),
        sa.Column("away_team", sa.Text(), nullable=False),
        sa.Column("seen", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition", "season"],
            ["seasons.competition", "seasons.season"],
        ),
        sa.ForeignKeyConstraint(
            ["country", "away_team"],
            ["teams.country", "teams.team"],
        ),
        sa.ForeignKeyConstraint(
            ["country", "home_team"],
            ["teams.country", "teams.team"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("match_id"),
    )
    op.create_index("matches_by_season", "matches", ["competition", "season"], unique=False)
    op.create_table(
        "match_versions",
        sa.Column("match", _Number, nullable=False),
        sa.Column("kickoff", Moment(), nullable=False),
        sa.Column("kickoff_known", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("available_time", Moment(), nullable=True),
        sa.Column("home_goals", sa.Double(), nullable=True),
        sa.Column("away_goals", sa.Double(), nullable=True),
        sa.Column("home_goals_half_time", sa.Double(), nullable=True),
        sa.Column("away_goals_half_time", sa.Double(), nullable=True),
        sa.Column("payload", _Number, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("until_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["match"],
            ["matches.number"],
        ),
        sa.ForeignKeyConstraint(
            ["payload"],
            ["payloads.number"],
        ),
        sa.PrimaryKeyConstraint("match", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "odds_quotes",
        sa.Column("match", _Number, nullable=False),
        sa.Column("bookmaker", sa.Text(), nullable=False),
        sa.Column("closing", sa.Boolean(), nullable=False),
        sa.Column("home", sa.Double(), nullable=True),
        sa.Column("draw", sa.Double(), nullable=True),
        sa.Column("away", sa.Double(), nullable=True),
        sa.Column("available_time", Moment(), nullable=False),
        sa.Column("payload", _Number, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("until_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["match"],
            ["matches.number"],
        ),
        sa.ForeignKeyConstraint(
            ["payload"],
            ["payloads.number"],
        ),
        sa.PrimaryKeyConstraint("match", "bookmaker", "closing", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "team_match_stats",
        sa.Column("match", _Number, nullable=False),
        sa.Column("home_shots", sa.Double(), nullable=True),
        sa.Column("away_shots", sa.Double(), nullable=True),
        sa.Column("home_shots_on_target", sa.Double(), nullable=True),
        sa.Column("away_shots_on_target", sa.Double(), nullable=True),
        sa.Column("home_corners", sa.Double(), nullable=True),
        sa.Column("away_corners", sa.Double(), nullable=True),
        sa.Column("home_fouls", sa.Double(), nullable=True),
        sa.Column("away_fouls", sa.Double(), nullable=True),
        sa.Column("home_yellow_cards", sa.Double(), nullable=True),
        sa.Column("away_yellow_cards", sa.Double(), nullable=True),
        sa.Column("home_red_cards", sa.Double(), nullable=True),
        sa.Column("away_red_cards", sa.Double(), nullable=True),
        sa.Column("payload", _Number, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("until_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["match"],
            ["matches.number"],
        ),
        sa.ForeignKeyConstraint(
            ["payload"],
            ["payloads.number"],
        ),
        sa.PrimaryKeyConstraint("match", "seq"),
        sqlite_with_rowid=False,
    )
