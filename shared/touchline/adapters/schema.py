"""Tables of the database, the same for SQLite and PostgreSQL; `migrations/` builds them.

A fact (a version of a match, its statistics, a price) is valid from `seq` until `until_seq`, which is empty while it is
current. `scrape_runs` says when each `seq` was recorded and where its rows came from; `payload` is the one that last
changed the fact. Numbers of matches, payloads and runs are the database's own; people see `match_id` and `run_id`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from touchline.domain.vocabulary import STATISTIC_COLUMNS

HEAD: Final = "0006"
"""Newest revision under `migrations/versions`."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware datetime: `timestamptz` on PostgreSQL, microseconds since 1970 in UTC on SQLite."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Type of the column in this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Into the database; a datetime without offset is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no offset: moments are aware")
        return value if dialect.name == "postgresql" else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Out of the database, in UTC."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            moment: datetime = value
            return moment.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


GOALS: Final = tuple(column for column in STATISTIC_COLUMNS if "_goals" in column)
STATISTICS: Final = tuple(column for column in STATISTIC_COLUMNS if "_goals" not in column)
PRICES: Final = ("home", "draw", "away")

metadata: Final = sa.MetaData()

Number: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""Key that the database gives; only INTEGER numbers itself in SQLite."""


def fact_columns() -> tuple[sa.Column[Any], ...]:
    """Columns that every fact has: the payload that last changed it, and the `seq` of its beginning and end."""
    return (
        sa.Column("payload", Number, sa.ForeignKey("payloads.number"), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("until_seq", sa.BigInteger),
    )


def valid(facts: Any, seq: int) -> sa.ColumnElement[bool]:
    """Of a table of facts, or an alias of it: those that were current at `seq`."""
    return sa.and_(facts.c.seq <= seq, sa.or_(facts.c.until_seq.is_(None), facts.c.until_seq > seq))


competitions = sa.Table(
    "competitions",
    metadata,
    sa.Column("competition", sa.Text, primary_key=True),
    sa.Column("country", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
)

seasons = sa.Table(
    "seasons",
    metadata,
    sa.Column("competition", sa.Text, sa.ForeignKey("competitions.competition"), primary_key=True),
    sa.Column("season", sa.Text, primary_key=True),
)

teams = sa.Table(
    "teams",
    metadata,
    sa.Column("country", sa.Text, primary_key=True),
    sa.Column("team", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False, server_default=""),  # who named it so; empty: files, or a person
)

team_aliases = sa.Table(
    "team_aliases",
    metadata,
    sa.Column("country", sa.Text, primary_key=True),
    sa.Column("alias", sa.Text, primary_key=True),
    sa.Column("team", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(("country", "team"), ("teams.country", "teams.team")),
)

scrape_runs = sa.Table(
    "scrape_runs",
    metadata,
    sa.Column("number", Number, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False, index=True),
    sa.Column("seq", sa.BigInteger, unique=True),  # empty: the run changed nothing
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("payloads", sa.JSON, nullable=False),
    sa.Column("simulated_source", sa.Boolean, nullable=False),
    sa.Column("retrieved", Moment, nullable=False),
    sa.Column("recorded_time", Moment, nullable=False),
)

payloads = sa.Table(
    "payloads",
    metadata,
    sa.Column("number", Number, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False, unique=True),
)

matches = sa.Table(
    "matches",
    metadata,
    sa.Column("number", Number, primary_key=True),
    sa.Column("match_id", sa.Text, nullable=False, unique=True),
    sa.Column("competition", sa.Text, nullable=False),
    sa.Column("season", sa.Text, nullable=False),
    sa.Column("country", sa.Text, nullable=False),
    sa.Column("home_team", sa.Text, nullable=False),
    sa.Column("away_team", sa.Text, nullable=False),
    sa.Column("seen", Moment, nullable=False),  # when the payload was retrieved that last told how it stands
    sa.Column("statistics_seen", Moment),  # the same of its statistics and prices; empty: nobody told of them
    sa.Column("prices_seen", Moment),
    sa.ForeignKeyConstraint(("competition", "season"), ("seasons.competition", "seasons.season")),
    sa.ForeignKeyConstraint(("country", "home_team"), ("teams.country", "teams.team")),
    sa.ForeignKeyConstraint(("country", "away_team"), ("teams.country", "teams.team")),
    sa.Index("matches_by_season", "competition", "season"),
)

match_versions = sa.Table(
    "match_versions",
    metadata,
    sa.Column("match", Number, sa.ForeignKey("matches.number"), nullable=False),
    sa.Column("kickoff", Moment, nullable=False),
    sa.Column("kickoff_known", sa.Boolean, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("raw_status", sa.Text),  # as the source says it, where that is more than our words
    sa.Column("available_time", Moment),
    *(sa.Column(name, sa.Double) for name in GOALS),
    *fact_columns(),
    sa.PrimaryKeyConstraint("match", "seq"),
    sqlite_with_rowid=False,
)

team_match_stats = sa.Table(
    "team_match_stats",
    metadata,
    sa.Column("match", Number, sa.ForeignKey("matches.number"), nullable=False),
    *(sa.Column(name, sa.Double) for name in STATISTICS),  # a fraction is for the gates to refuse, so it must fit
    *fact_columns(),
    sa.PrimaryKeyConstraint("match", "seq"),
    sqlite_with_rowid=False,
)

odds_quotes = sa.Table(
    "odds_quotes",
    metadata,
    sa.Column("match", Number, sa.ForeignKey("matches.number"), nullable=False),
    sa.Column("bookmaker", sa.Text, nullable=False),
    sa.Column("closing", sa.Boolean, nullable=False),
    *(sa.Column(name, sa.Double) for name in PRICES),
    sa.Column("available_time", Moment, nullable=False),
    *fact_columns(),
    sa.PrimaryKeyConstraint("match", "bookmaker", "closing", "seq"),
    sqlite_with_rowid=False,
)

predictions = sa.Table(  # insert-only: triggers refuse changes, and rows that come at or after kick-off
    "predictions",
    metadata,
    sa.Column("number", Number, primary_key=True),
    sa.Column("match_id", sa.Text, nullable=False),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("promotion", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("kickoff", Moment, nullable=False),
    *(sa.Column(name, sa.Double, nullable=False) for name in PRICES),
    sa.Column("features_hash", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("sealed_at", Moment, sa.FetchedValue(), nullable=False),
    sa.UniqueConstraint("match_id", "model_version", "mode", "seq", "kickoff", "features_hash"),
)

settlements = sa.Table(
    "settlements",
    metadata,
    sa.Column("number", Number, primary_key=True),
    sa.Column("match_id", sa.Text, nullable=False),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("sealed_at", Moment),
    sa.Column("outcome", sa.Text, nullable=False),
    *(sa.Column(name, sa.Double) for name in ("log_loss", "rps", "brier")),
    sa.Column("void_reason", sa.Text, nullable=False),
    sa.Column("settled_at", Moment, nullable=False),
    sa.Column("replaced_at", Moment),  # empty while current
    sa.Column("correct", sa.Boolean),
    *(sa.Column(name, sa.Double) for name in ("expected", "stake", "returned", "closing_value")),
)
sa.Index(
    "settlements_current",
    settlements.c.match_id,
    settlements.c.model_version,
    settlements.c.mode,
    unique=True,
    sqlite_where=settlements.c.replaced_at.is_(None),
    postgresql_where=settlements.c.replaced_at.is_(None),
)

promotions = sa.Table(
    "promotions",
    metadata,
    sa.Column("number", Number, primary_key=True, autoincrement=False),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("champion", sa.Text, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("inputs", sa.JSON, nullable=False),
    sa.Column("decided_at", Moment, nullable=False),
    sa.Column("work", sa.Text, nullable=False, unique=True),
)

claims = sa.Table(
    "claims",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("token", sa.BigInteger, nullable=False),  # grows with every holder
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", Moment, nullable=False),  # long past: nobody has it
)

sealed = sa.Table(  # publications of claimed runs, before they become objects
    "sealed",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("function", sa.Text, nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False),
)

api_keys = sa.Table(  # insert-only, but for `revoked`, which is set once: triggers refuse all else
    "api_keys",
    metadata,
    sa.Column("number", Number, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),  # SHA-256 of the key; the key is kept nowhere
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("per_minute", sa.BigInteger, nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("expires", Moment),  # empty: never
    sa.Column("revoked", Moment),
)

inbox = sa.Table(  # events on their way to the broker; rows that are settled are removed after a while
    "inbox",
    metadata,
    sa.Column("number", Number, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("function", sa.Text, nullable=False),  # whom it is for; empty: whoever is woken by the key
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("event", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("attempts", sa.BigInteger, nullable=False),
    sa.Column("received", Moment, nullable=False),
    sa.Column("due", Moment, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", Moment),  # somebody posts it until then, or has died over it
    sa.Column("settled", Moment),
    sa.Index("inbox_by_due", "state", "due"),
)
