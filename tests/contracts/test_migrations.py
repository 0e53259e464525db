"""The schema: what the migrations build is what the tables say, from nothing and from a database in use."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraped import NOW, finished, match, run, teams_of
from touchline.adapters import database, schema, schema_collected
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.errors import ConfigurationError, Unavailable

FOLDER = Path(database.__file__).parent / "migrations"


def test_the_tables_are_what_the_code_says(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert schema_collected.pages.metadata is schema.metadata
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


# From any revision, on both databases


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes a database of its own, migrated up to some revision and no further; gives its address."""
    if request.param == "sqlite":
        yield lambda revision: _upgraded(f"sqlite:///{tmp_path}/old.db", revision)
        return
    server: str = request.getfixturevalue("postgresql_server")
    _execute(server, "CREATE DATABASE touchline_old")
    yield lambda revision: _upgraded(server.format(database="touchline_old"), revision)
    _execute(server, "DROP DATABASE touchline_old WITH (FORCE)")


def _upgraded(address: str, revision: str) -> str:
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    return address


def _execute(address: str, *statements: str, database: str = "postgres") -> None:
    engine = sa.create_engine(address.format(database=database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@contextlib.contextmanager
def connected(address: str) -> Iterator[sa.Engine]:
    engine = database.connect(address)
    try:
        yield engine
    finally:
        engine.dispose()


def contents(engine: sa.Engine) -> dict[str, list[dict[str, object]]]:
    with engine.connect() as connection:
        tables = sorted(set(sa.inspect(connection).get_table_names()) - {"alembic_version"})
        rows = {name: connection.exec_driver_sql(f"SELECT * FROM {name}").mappings().all() for name in tables}
    return {name: sorted(map(dict, found), key=repr) for name, found in rows.items()}


REVISIONS = sorted(path.name[:4] for path in (FOLDER / "versions").glob("[0-9]*.py"))
"""Every schema that was ever released."""


def kind_of(column: "sa.Column[Any]") -> type:
    return dict if isinstance(column.type, sa.JSON) else column.type.python_type


def furnish(connection: sa.Connection) -> None:
    """Put a row into every table that has none, with something in each of its columns."""
    made = {
        str: "simulated", int: 1, float: 1.5, bool: True, bytes: b"1", dict: {"a": 1}, date: date(2026, 1, 1),
        datetime: datetime(2026, 1, 1, 9, tzinfo=UTC),
    }  # fmt: skip
    found = sa.MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        if table.name != "alembic_version" and not connection.scalar(sa.select(sa.func.count()).select_from(table)):
            row: dict[str, object] = {column.name: made[kind_of(column)] for column in table.columns}
            for column in table.columns:
                for key in column.foreign_keys:
                    row[column.name] = connection.scalar(sa.select(key.column).limit(1))
            if "kickoff" in row and "sealed_at" in row:
                row["kickoff"] = 2 if row["sealed_at"] == 1 else datetime(2026, 1, 2, tzinfo=UTC)
            connection.execute(table.insert(), row)


@pytest.mark.parametrize("revision", REVISIONS)
def test_all_rows_of_an_older_revision_are_there_at_the_newest(old: Callable[[str], str], revision: str) -> None:
    address = old(revision)
    bare = sa.create_engine(address)
    with bare.begin() as connection:
        moment = "'2026-01-01T09:00:00Z'" if address.startswith("postgresql") else "1767258000000000"
        for statement in (*FILL, *(FILL_CLAIMS if revision > "0001" else ())):
            connection.exec_driver_sql(statement.format(moment=moment))
        furnish(connection)
    before = contents(bare)
    assert len(before) >= 13
    assert all(before.values())
    bare.dispose()
    with connected(address) as engine:
        after = contents(engine)
        for name, rows in before.items():
            assert [row.items() <= now.items() for row, now in zip(rows, after[name], strict=True)] == [True] * len(
                rows
            )
        assert {row["source"] for row in after["teams"]} == {""}
        assert {row["raw_status"] for row in after["match_versions"]} == {None}
        assert database.revision(engine) == schema.HEAD
        with engine.connect() as connection:
            assert schema_collected.pages.metadata is schema.metadata
            assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        store = SqlMatchStore(engine, VirtualClock(NOW))
        assert store.head() == 1
        assert store.snapshot(1)["match_id"].tolist() == ["e0-2025-26-leeds-hull"]
        again = match(**finished(1, 0), kickoff=datetime(2026, 1, 1, 9, tzinfo=UTC), raw_status="6/FT", source_id="9")
        assert store.record(run(), again, teams_of(again)).matches_changed == 1


FILL = (
    "INSERT INTO competitions VALUES ('E0', 'England', 'Premier League')",
    "INSERT INTO seasons VALUES ('E0', '2025-26')",
    "INSERT INTO teams (country, team) VALUES ('England', 'Leeds'), ('England', 'Hull')",
    "INSERT INTO payloads (sha256) VALUES ('aa')",
    "INSERT INTO scrape_runs (run_id, seq, source, payloads, simulated_source, retrieved, recorded_time)"
    " VALUES ('r', 1, 's', '[\"aa\"]', false, {moment}, {moment})",
    "INSERT INTO matches (match_id, competition, season, country, home_team, away_team, seen)"
    " VALUES ('e0-2025-26-leeds-hull', 'E0', '2025-26', 'England', 'Leeds', 'Hull', {moment})",
    'INSERT INTO match_versions ("match", kickoff, kickoff_known, status, payload, seq)'
    " VALUES (1, {moment}, true, 'scheduled', 1, 1)",
    "INSERT INTO promotions VALUES (1, '1', 'champion', '', '1', 'models/a', 'better', '{{}}', {moment}, 'w')",
)


FILL_CLAIMS = (
    "INSERT INTO claims VALUES ('scrape', 7, 'somebody', {moment})",
    "INSERT INTO sealed VALUES ('scrapes/published/000000000001.json', 'x', 'scrape', 7)",
)


@pytest.mark.parametrize("revision", ["0001", schema.HEAD])
def test_a_database_migrated_by_a_newer_version_is_left_alone(old: Callable[[str], str], revision: str) -> None:
    address = old(revision)
    bare = sa.create_engine(address)
    with bare.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    bare.dispose()
    with pytest.raises(Unavailable, match="revision 9999") as caught:
        database.connect(address)
    assert "update Touchline" in str(caught.value)


def test_a_server_that_was_never_migrated_is_by_whoever_comes_first(postgresql_server: str) -> None:
    _execute(postgresql_server, "CREATE DATABASE touchline_new")
    address = postgresql_server.format(database="touchline_new")
    program = "import sys; from touchline.adapters.database import connect; connect(sys.argv[1]).dispose()"
    processes = [subprocess.Popen([sys.executable, "-W", "error", "-c", program, address]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with connected(address) as engine:
        assert database.revision(engine) == schema.HEAD
    _execute(postgresql_server, "DROP DATABASE touchline_new WITH (FORCE)")


def test_a_user_who_may_not_change_the_schema_works_once_it_was_migrated(postgresql_server: str) -> None:
    _execute(postgresql_server, "CREATE DATABASE touchline_guarded", "CREATE ROLE worker LOGIN")
    owner = postgresql_server.format(database="touchline_guarded")
    worker = owner.replace("//touchline@", "//worker@")
    with pytest.raises(ConfigurationError, match="its user may not change it") as caught:
        database.connect(worker)
    assert "touchline migrate" in str(caught.value)
    database.connect(owner).dispose()
    _execute(
        postgresql_server, "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO worker",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO worker", database="touchline_guarded",
    )  # fmt: skip
    with connected(worker) as engine:
        store = SqlMatchStore(engine, VirtualClock(NOW))
        assert store.record(run(), match(), teams_of(match())).seq == 1
    _execute(postgresql_server, "DROP DATABASE touchline_guarded WITH (FORCE)", "DROP ROLE worker")


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
    with pytest.raises(Unavailable, match="does not answer"):
        database.connect(f"postgresql://nobody@/nothing?unix_sock={tmp_path}/none")


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
