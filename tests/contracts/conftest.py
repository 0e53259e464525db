"""Databases and object stores for the behaviour suites: each test has one of its own, of each kind that can be had."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

import gcs
import postgres
import s3
from touchline.adapters import database
from touchline.adapters.stores import open_store
from touchline.ports import ObjectStore

Connect = Callable[[], sa.Engine]
_numbers = count()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Address of a server."""
    with postgres.server() as address:
        yield address


@pytest.fixture(scope="session")
def administrator(postgresql_server: str) -> Iterator[sa.Engine]:
    """Makes and drops databases; there is a migrated one to copy."""
    engine = sa.create_engine(postgresql_server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    _execute(engine, "CREATE DATABASE touchline_template")
    database.connect(postgresql_server.format(database="touchline_template")).dispose()
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[str]:
    """Address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'touchline.db')}"
        return
    engine, name = request.getfixturevalue("administrator"), f"touchline_{next(_numbers)}"
    _execute(engine, f"CREATE DATABASE {name} TEMPLATE touchline_template")
    yield request.getfixturevalue("postgresql_server").format(database=name)
    _execute(engine, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connect(address: str) -> Iterator[Connect]:
    """Opens further engines on the test's database: what another process would have."""
    engines: list[sa.Engine] = []

    def one_more(lock_timeout: float = 30.0) -> sa.Engine:
        engines.append(database.connect(address, lock_timeout=lock_timeout))
        return engines[-1]

    yield one_more
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(connect: Connect) -> sa.Engine:
    """The test's database."""
    return connect()


@pytest.fixture(params=["local", "s3", "gcs"])
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], ObjectStore]:
    """Opens a store on a place; opened again on the same place, it is what another process would have."""
    if request.param == "local":
        return lambda place: open_store("", place / "objects")
    cloud, scheme = (s3, "s3") if request.param == "s3" else (gcs, "gs")
    endpoint, buckets = request.getfixturevalue(f"{request.param}_endpoint"), dict[Path, str]()
    for name, value in cloud.environment(endpoint).items():
        monkeypatch.setenv(name, value)

    def open_bucket(place: Path) -> ObjectStore:
        if place not in buckets:
            buckets[place] = cloud.bucket(endpoint)
        return open_store(f"{scheme}://{buckets[place]}", place)

    return open_bucket


def _execute(engine: sa.Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
