"""The schema: what the migrations build is what the tables say, from nothing and from a database in use."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraped import NOW, match, run, teams_of
from touchline.adapters import database, schema
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.errors import ConfigurationError, Unavailable

FOLDER = Path(database.__file__).parent / "migrations"


def test_the_tables_are_what_the_code_says(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def test_the_code_knows_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def test_migrating_a_database_in_use_keeps_what_is_in_it(engine: sa.Engine) -> None:
    store = SqlMatchStore(engine, VirtualClock(NOW))
    store.record(run(), match(), teams_of(match()))
    before = store.snapshot(1)
    with database.writing(engine, "test") as connection:  # as if it had been left by an interrupted start
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{schema.HEAD}'")
    store.migrate()
    assert store.snapshot(1).equals(before)


def test_a_database_at_head_is_asked_one_question(engine: sa.Engine) -> None:
    asked: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    database.migrate(engine)
    assert len([statement for statement in asked if not statement.startswith("BEGIN")]) == 1


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    program = f"from touchline.adapters.database import connect; connect('sqlite:///{tmp_path}/new/touchline.db')"
    processes = [subprocess.Popen([sys.executable, "-W", "error", "-c", program]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    engine = database.connect(f"sqlite:///{tmp_path}/new/touchline.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == [schema.HEAD]
    engine.dispose()


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/touchline.db"
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE promotions (mine TEXT)")
    engine.dispose()
    with pytest.raises(Unavailable, match="promotions already exists"):
        database.connect(address)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["promotions"]
    engine.dispose()


@pytest.mark.parametrize("table", ["predictions", "promotions"])
def test_replacing_rows_does_not_go_round_the_triggers(tmp_path: Path, table: str) -> None:
    engine = database.connect(f"sqlite:///{tmp_path}/touchline.db")
    columns = [column.name for column in schema.metadata.tables[table].columns]
    late = {"kickoff": 2, "sealed_at": 1, "number": 1}
    row = ", ".join(str(late.get(name, "'1'")) for name in columns)
    insert = f"INTO {table} ({', '.join(columns)}) VALUES ({row})"
    with database.writing(engine, "test") as connection:
        connection.exec_driver_sql(f"INSERT {insert}")
    with pytest.raises(sa.exc.IntegrityError, match="never changed"), database.writing(engine, "test") as connection:
        connection.exec_driver_sql(f"INSERT OR REPLACE {insert}")
    engine.dispose()


# Addresses


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "not a database address"),
        ("mysql://localhost/x", "no support for mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_a_wrong_address_is_named(address: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        database.connect(address)


def test_secrets_in_an_address_are_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        database.connect("mysql://user:hunter2@localhost/x")
    assert "hunter2" not in str(caught.value)


def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "text.db").write_text("this is no database, " * 100)
    for name, message in (("file/x.db", "folder"), ("folder.db", "unable to open"), ("text.db", "not a database")):
        with pytest.raises(Unavailable, match=message):
            database.connect(f"sqlite:///{tmp_path}/{name}")


def test_a_server_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    engine = database.connect(f"postgresql://nobody@/nothing?unix_sock={tmp_path}/none")
    with pytest.raises(Unavailable, match="does not answer"):
        database.migrate(engine)
    with pytest.raises(Unavailable, match="does not answer"):
        SqlMatchStore(engine, VirtualClock(NOW)).head()


def test_a_missing_schema_is_said(postgresql_server: str) -> None:
    engine = database.connect(postgresql_server.format(database="postgres"))
    with pytest.raises(Unavailable, match="does not exist"):
        SqlMatchStore(engine, VirtualClock(NOW)).head()
    engine.dispose()


# Moments

_OFFSETS = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=_OFFSETS)


@given(moment=_MOMENTS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_moments_come_back_in_utc_to_the_microsecond(engine: sa.Engine, moment: datetime) -> None:
    with engine.connect() as connection:
        found = connection.scalar(sa.select(sa.cast(sa.literal(moment, schema.Moment), schema.Moment)))
    assert found == moment
    assert found.tzinfo is UTC


def test_a_moment_without_offset_is_refused(connect: Callable[[], sa.Engine]) -> None:
    naive = datetime(2026, 1, 1)
    query = sa.select(sa.literal(naive, schema.Moment))
    with connect().connect() as connection, pytest.raises(sa.exc.StatementError, match="has no offset"):
        connection.scalar(query)


def test_an_absent_moment_stays_absent(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.cast(sa.null(), schema.Moment))) is None
        assert connection.scalar(sa.select(sa.cast(sa.literal(None, schema.Moment), schema.Moment))) is None
