"""Fixtures that all suites share."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from touchline import bootstrap
from touchline.adapters.clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import real_parts

ROOT = Path(__file__).parents[1]
REAL_DATA = ROOT.parent / "shared" / "data"

settings.register_profile("touchline", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("touchline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: workers take files in this order, and the last ones must not be long."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> "Generator[None, object, object]":
    """Slow tests play whole platforms: lines are counted while the others run, since counting costs a fifth more."""
    counting = item.config.pluginmanager.getplugin("_cov") if item.get_closest_marker("slow") else None
    if counting is None:
        return (yield)
    counting.cov_controller.pause()
    try:
        return (yield)
    finally:
        counting.cov_controller.resume()


@pytest.fixture
def clock() -> VirtualClock:
    """A clock set to a Monday morning of the simulated league's last season."""
    return VirtualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy, which is a tenth of the work of migrating another."""
    home = tmp_path_factory.mktemp("template")
    bootstrap.ports({"TOUCHLINE_HOME": str(home)}).engine.dispose()
    return home / "touchline.db"


@pytest.fixture
def ports(tmp_path: Path, clock: VirtualClock, sqlite_template: Path) -> bootstrap.Container:
    """Embedded ports in a folder of their own, at the time of `clock`."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(sqlite_template, home / "touchline.db")
    return bootstrap.ports({"TOUCHLINE_HOME": str(home)}, clock=clock)


@pytest.fixture(scope="session")
def public_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home of a small league with a champion and forecasts, to be copied."""
    import served

    ports = served.container(tmp_path_factory.mktemp("public"))
    served.public(ports)
    ports.engine.dispose()
    return ports.home


@pytest.fixture(scope="module")
def filled(public_home: Path, tmp_path_factory: pytest.TempPathFactory) -> bootstrap.Container:
    """A small league with a champion and forecasts, for the tests of one file, which only read it."""
    import served

    return served.container(Path(shutil.copytree(public_home, tmp_path_factory.mktemp("filled") / "home")))


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new home that commands find, and no other setting from around the tests."""
    for name in [name for name in os.environ if name.startswith("TOUCHLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TOUCHLINE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real matches; tests that want it are skipped where it is not."""
    folder = Path(os.environ.get("TOUCHLINE_REAL_DATA", REAL_DATA))
    if not (folder / "football_data_uk.parquet").exists():
        pytest.skip(f"no real matches at {folder}")
    return folder


@pytest.fixture(scope="session")
def servers() -> "Iterator[real_parts.Parts]":
    """One server of each kind; `real_parts.emptied` makes them new."""
    import real_parts

    with real_parts.started() as found:
        yield found


@pytest.fixture(scope="session")
def s3_endpoint() -> "Iterator[str]":
    """Address of an S3 server."""
    import s3

    with s3.server() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def gcs_endpoint() -> "Iterator[str]":
    """Address of a server of Google Cloud Storage."""
    import gcs

    with gcs.server() as endpoint:
        yield endpoint
