"""One engine for SQLite and PostgreSQL, and the only place that knows how they differ in transactions and errors.

On SQLite readers and the one writer do not block each other (write-ahead log), and a writer takes its lock at the start
(BEGIN IMMEDIATE), so that what it read cannot change before it writes. On PostgreSQL an advisory lock does the same.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from touchline import claiming
from touchline.adapters import postgres_dialect
from touchline.adapters.clock import SystemClock
from touchline.adapters.schema import HEAD
from touchline.errors import ConfigurationError, Conflict, RetryableError, Unavailable

_WRITES: Final = "touchline_writes"
_LOCKED_STATES: Final = ("55P03", "40001", "40P01")  # lock not available, serialization failure, deadlock
_BROKEN_STATES: Final = ("08", "42P01", "53", "57", "58")  # connection, no table yet, resources, operator, system
_GRACE: Final = 5.0
"""Seconds that a busy server has, however short the patience with another writer."""
FORBIDDEN: Final = "42501"
"""State of SQL: the user lacks a right."""


def connect(address: str, *, lock_timeout: float = 30.0) -> sa.Engine:
    """An engine on the database at a SQLAlchemy address, its schema brought up to date; an embedded one is created.

    Args:
        address: `sqlite:///<path>` or `postgresql://...`, driven by pg8000.
        lock_timeout: seconds to wait for another writer; a server silent for twice as long, and some, is given up.

    Raises:
        ConfigurationError: not an address of a database that we know, or its user may not change an older schema.
        Unavailable: the database cannot be opened, or was migrated by a newer version of Touchline.
    """
    engine = _engine(address, lock_timeout)
    try:
        migrate(engine)
    except Exception:
        engine.dispose()
        raise
    return engine


def _engine(address: str, lock_timeout: float) -> sa.Engine:
    try:
        url = sa.make_url(address)
    except sa.exc.ArgumentError as error:
        raise ConfigurationError("not a database address", where="TOUCHLINE_DATABASE") from error
    if url.get_backend_name() == "sqlite":
        return _embedded(url, lock_timeout)
    if url.get_backend_name() == "postgresql":
        return _postgresql(url, lock_timeout)
    raise ConfigurationError(
        f"no support for {url.get_backend_name()}", where="TOUCHLINE_DATABASE", hint="use sqlite:/// or postgresql://"
    )


def _embedded(url: sa.URL, lock_timeout: float) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError("the database needs a file", where="TOUCHLINE_DATABASE", hint="sqlite:///<path>")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"cannot make the database's folder: {error}", where=url.database) from error
    engine = sa.create_engine(url, pool_size=1, max_overflow=0, connect_args={"timeout": lock_timeout})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        _switch_journal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}").close()


def _switch_journal(connection: Any) -> None:
    """To the write-ahead log, one process at a time: SQLite does not wait where two of them switch together."""
    (_, _, file), *_ = connection.execute("PRAGMA database_list")
    folder = os.open(Path(file).parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        connection.execute("PRAGMA journal_mode=WAL").close()
    finally:
        os.close(folder)


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: sa.URL, lock_timeout: float) -> sa.Engine:
    engine = sa.create_engine(
        url.set(drivername=postgres_dialect.DRIVER), pool_size=1, max_overflow=0, pool_pre_ping=True,
        connect_args={"timeout": 2 * lock_timeout + _GRACE},
    )  # fmt: skip

    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(f"SET lock_timeout = {int(lock_timeout * 1000)}")
        connection.commit()

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", postgres_dialect.begin)
    return engine


@contextlib.contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that sees one state of the database from its first query to its end.

    Raises:
        Unavailable: the database does not answer.
    """
    with _translated(engine), _begun(engine, postgres_dialect.READS) as connection:
        yield connection


@contextlib.contextmanager
def writing(engine: sa.Engine, what: str, *, fenced: bool = True) -> Iterator[sa.Connection]:
    """A transaction that alone may write `what`; everything in it happens, or nothing.

    Args:
        engine: the database.
        what: name of the lock.
        fenced: whether a run that lost its claim may write no more.

    Raises:
        Conflict: another writer held the lock for too long, or a later run took the claim over.
        Unavailable: the database does not answer.
    """
    with _translated(engine), _begun(engine, _WRITES) as connection:
        if engine.dialect.name == "postgresql":
            quoted = what.replace("'", "''")  # as plain text it goes to the server once, as a parameter three times
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock(hashtext('touchline {quoted}'))")
        if fenced:
            claiming.current().check(connection)
        yield connection


@contextlib.contextmanager
def _begun(engine: sa.Engine, kind: str) -> Iterator[sa.Connection]:
    """A transaction of a kind; options of a connection cost less than those of an engine, which make another one."""
    with engine.connect() as connection, connection.execution_options(**{kind: True}).begin():
        yield connection


@contextlib.contextmanager
def _translated(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except (sa.exc.DBAPIError, sa.exc.TimeoutError, engine.dialect.loaded_dbapi.Error) as error:
        translated = _translation(error)
        if translated is None:
            raise
        raise translated from error


def _translation(error: Exception) -> RetryableError | None:
    """The error in our words, None if the statement or a row is wrong."""
    cause = getattr(error, "orig", None) or error
    state = sql_state(cause)
    if state in _LOCKED_STATES or "database is locked" in str(cause):
        return Conflict("another writer holds the lock of the database", hint="try again")
    if not _is_broken(cause, state):
        return None
    return Unavailable(
        f"the database does not answer: {cause}", hint="check that it runs, can be written and is migrated"
    )


def _is_broken(cause: BaseException, state: str) -> bool:
    """Whether the database itself is at fault; PostgreSQL says so by its states, SQLite by the kind of the error."""
    if state:
        return state.startswith(_BROKEN_STATES)
    return type(cause).__name__ not in ("IntegrityError", "ProgrammingError", "DataError")


def sql_state(cause: BaseException | None) -> str:
    """State of SQL in an error of the driver, empty where it has none."""
    detail = cause.args[0] if cause and cause.args else None
    return str(detail.get("C", "")) if isinstance(detail, dict) else ""


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to the newest revision; one query when it is.

    Raises:
        ConfigurationError: the user of the address may not change the schema.
        Conflict: another process is migrating and takes too long.
        Unavailable: the database does not answer, or was migrated by a newer version of Touchline.
    """
    found = revision(engine)
    if found == HEAD:
        return
    from alembic.util import CommandError

    try:
        _upgrade(engine)
    except CommandError as error:
        raise Unavailable(
            f"the database has revision {found}, this code knows those up to {HEAD}", hint="update Touchline here, too"
        ) from error
    except sa.exc.DBAPIError as error:
        if sql_state(error.orig) != FORBIDDEN:
            raise
        raise ConfigurationError(
            f"the schema of the database is {found or 'not there'}, {HEAD} is needed, and its user may not change it",
            where="TOUCHLINE_DATABASE",
            hint="run `touchline migrate` once with the address of a user who may",
        ) from error


def _upgrade(engine: sa.Engine) -> None:
    from alembic import command
    from alembic.config import Config

    with writing(engine, "schema", fenced=False) as connection:
        config = Config()
        folder = str(resources.files("touchline.adapters") / "migrations")
        config.set_main_option("script_location", folder.replace("%", "%%"))  # the reader of options expands %
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(engine: sa.Engine) -> str:
    """Revision of the schema, empty if it has none.

    Raises:
        Unavailable: the database does not answer.
    """
    query = sa.select(sa.table("alembic_version", sa.column("version_num")))
    try:
        with _translated(engine), engine.connect() as connection:
            return str(connection.scalar(query) or "")
    except Unavailable as error:
        if "alembic_version" in str(error):  # both databases name the missing table
            return ""
        raise


def moment(connection: sa.Connection) -> datetime:
    """The present, by the clock of the database; SQLite has its machine's."""
    if connection.dialect.name != "postgresql":
        return SystemClock().now()
    told: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return told.astimezone(UTC)


def insert_new(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert the rows whose key is not there yet."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def insert_one(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert a row, unless its key is there; whether it was not."""
    return connection.execute(_insert(connection, table).on_conflict_do_nothing(), row).rowcount > 0


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
