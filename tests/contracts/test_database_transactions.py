"""Transactions: readers see one state, writers follow each other, and a connection that drops leaves nothing behind."""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from scraped import NOW, match, run, teams_of
from touchline.adapters import database, database_check
from touchline.adapters.clock import SystemClock, VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.adapters.schema import HEAD, claims
from touchline.errors import Conflict, Unavailable
from waiting import wait_until

Connect = Callable[..., sa.Engine]
POSTGRESQL = pytest.mark.parametrize("address", ["postgresql"], indirect=True)


def put(connection: sa.Connection, name: str, token: int = 1) -> None:
    connection.execute(sa.insert(claims).values(name=name, token=token, holder="", until=NOW))


def names(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.select(claims.c.name).order_by(claims.c.name)))


def seen(engine: sa.Engine) -> list[str]:
    with database.reading(engine) as connection:
        return names(connection)


def test_a_reader_sees_nothing_of_a_write_before_it_is_whole(connect: Connect) -> None:
    writer, reader = connect(), connect()
    with database.writing(writer, "test", fenced=False) as connection:
        put(connection, "a")
        assert seen(reader) == []
        put(connection, "b")
        assert seen(reader) == []
    assert seen(reader) == ["a", "b"]


def test_a_reader_sees_one_state_from_its_first_query_to_its_end(connect: Connect) -> None:
    writer, reader = connect(), connect()
    with database.reading(reader) as connection:
        assert names(connection) == []
        with database.writing(writer, "test", fenced=False) as other:
            put(other, "a")
        assert names(connection) == []
    assert seen(reader) == ["a"]


def test_a_write_that_fails_leaves_nothing(connect: Connect) -> None:
    engine = connect()
    with contextlib.suppress(RuntimeError), database.writing(engine, "test", fenced=False) as connection:
        put(connection, "a")
        raise RuntimeError("on the way")
    assert seen(engine) == []


def test_what_a_writer_read_stays_true_until_it_has_written(connect: Connect) -> None:
    """Each of these reads the highest number and writes the next: without the lock two would write the same."""

    def count_up() -> None:
        engine = connect()
        for _ in range(10):
            with database.writing(engine, "test", fenced=False) as connection:
                highest = connection.scalar(sa.select(sa.func.max(claims.c.token))) or 0
                put(connection, str(highest + 1), highest + 1)

    threads = [threading.Thread(target=count_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen(connect())) == 30


def test_a_writer_who_waits_too_long_is_told(connect: Connect) -> None:
    with database.writing(connect(), "test", fenced=False) as connection:
        put(connection, "a")
        with pytest.raises(Conflict), database.writing(connect(lock_timeout=0.2), "test", fenced=False):
            pass


@POSTGRESQL
def test_writers_of_different_things_do_not_wait(connect: Connect) -> None:
    with database.writing(connect(), "one", fenced=False) as one:
        put(one, "a")
        with database.writing(connect(lock_timeout=1), "other", fenced=False) as other:
            put(other, "b")
    assert seen(connect()) == ["a", "b"]


# Connections that drop


def _end(connect: Connect, pid: int) -> None:
    with connect().execution_options(isolation_level="AUTOCOMMIT").connect() as connection:  # each look is a new one
        connection.execute(sa.select(sa.func.pg_terminate_backend(pid)))
        gone = sa.text("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = :pid").bindparams(pid=pid)
        wait_until(lambda: connection.execute(gone).scalar_one(), "the backend ends")


def _pid(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.pg_backend_pid())).scalar_one())


@POSTGRESQL
def test_a_connection_that_drops_in_the_middle_writes_nothing_and_the_next_one_works(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    engine = connect()

    def interrupted() -> None:
        with database.writing(engine, "test", fenced=False) as connection:
            put(connection, "a")
            _end(connect, _pid(connection))
            put(connection, "b")

    with pytest.raises(Unavailable):
        interrupted()
    assert seen(engine) == []
    assert caplog.messages == []  # the pool has nothing to say of it
    with database.writing(engine, "test", fenced=False) as connection:
        put(connection, "c")
    assert seen(connect()) == ["c"]


@POSTGRESQL
def test_a_connection_that_drops_before_the_end_is_said_writes_nothing(connect: Connect) -> None:
    engine = connect()

    def interrupted() -> None:
        with database.writing(engine, "test", fenced=False) as connection:
            put(connection, "a")
            _end(connect, _pid(connection))

    with pytest.raises(Unavailable):
        interrupted()
    assert seen(engine) == []


@POSTGRESQL
def test_a_connection_that_dropped_meanwhile_is_not_noticed(connect: Connect) -> None:
    engine = connect()
    with database.reading(engine) as connection:
        pid = _pid(connection)
    _end(connect, pid)
    store = SqlMatchStore(engine, VirtualClock(NOW))
    assert store.record(run(), match(), teams_of(match())).seq == 1
    assert len(store.snapshot(1)) == 1


def test_a_server_that_takes_calls_and_never_answers_is_given_up() -> None:
    program = "import sys; from touchline.adapters.database import connect; connect(sys.argv[1], lock_timeout=0)"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/x"
        done = subprocess.run([sys.executable, "-c", program, address], capture_output=True, text=True, timeout=30)
    assert "the database does not answer" in done.stderr


# The doctor's questions


def test_a_check_leaves_nothing_behind(connect: Connect) -> None:
    engine = connect()
    assert f"revision {HEAD}" in database_check.check(engine, SystemClock().now)
    assert seen(engine) == []


@POSTGRESQL
@pytest.mark.parametrize("seconds", [-60, 60])
def test_a_clock_that_is_far_from_ours_is_told(connect: Connect, seconds: int) -> None:
    with pytest.raises(Unavailable, match="its clock is"):
        database_check.check(connect(), lambda: SystemClock().now() + timedelta(seconds=seconds))
