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
import serving
from touchline.adapters import database
from touchline.adapters.stores import open_store
from touchline.ports import ObjectStore

Connect = Callable[[], sa.Engine]
_numbers = count()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Address of a server with a migrated database to copy."""
    try:
        with postgres.server() as address:
            _execute(address, "CREATE DATABASE touchline_template")
            engine = database.connect(address.format(database="touchline_template"))
            database.migrate(engine)
            engine.dispose()
            yield address
    except postgres.Missing as missing:
        pytest.skip(f"no PostgreSQL: {missing}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "touchline.db"
    database.connect(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[str]:
    """Address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'touchline.db')}"
        return
    server, name = request.getfixturevalue("postgresql_server"), f"touchline_{next(_numbers)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE touchline_template")
    yield server.format(database=name)
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


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


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Address of an S3 server."""
    try:
        with s3.server() as endpoint:
            yield endpoint
    except serving.Missing as missing:
        pytest.skip(f"no S3: {missing}")


@pytest.fixture(scope="session")
def gcs_endpoint() -> Iterator[str]:
    """Address of a server of Google Cloud Storage."""
    try:
        with gcs.server() as endpoint:
            yield endpoint
    except serving.Missing as missing:
        pytest.skip(f"no Google Cloud Storage: {missing}")


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


def _execute(server: str, statement: str) -> None:
    engine = sa.create_engine(server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
