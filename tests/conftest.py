"""Fixtures that all suites share."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from touchline import bootstrap
from touchline.adapters.clock import VirtualClock

ROOT = Path(__file__).parents[1]
REAL_DATA = ROOT.parent / "shared" / "data"

settings.register_profile("touchline", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("touchline")


@pytest.fixture
def clock() -> VirtualClock:
    """A clock set to a Monday morning of the simulated league's last season."""
    return VirtualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture
def ports(tmp_path: Path, clock: VirtualClock) -> bootstrap.Container:
    """Embedded ports in a folder of their own, at the time of `clock`."""
    return bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path / "home")}, clock=clock)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real matches; tests that want it are skipped where it is not."""
    folder = Path(os.environ.get("TOUCHLINE_REAL_DATA", REAL_DATA))
    if not (folder / "football_data_uk.parquet").exists():
        pytest.skip(f"no real matches at {folder}")
    return folder
