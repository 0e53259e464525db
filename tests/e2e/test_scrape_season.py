"""A season from the replica through a real browser into a real database: as it is true, whatever happens on the way."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import chromium
import postgres
import replica_server
import season

pytestmark = [pytest.mark.browser, pytest.mark.slow, chromium.NEEDED]
OVER = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.fixture
def database() -> Iterator[str]:
    with postgres.server() as server:
        yield server.format(database="postgres")


@pytest.fixture
def replica() -> Iterator[replica_server.Running]:
    with replica_server.running(teams=4, now=OVER) as replica:
        yield replica


def test_a_season_is_stored_as_it_is_true_and_asked_for_once(
    database: str, replica: replica_server.Running, tmp_path: Path
) -> None:
    environ = season.environment(tmp_path, database, replica.url)
    told = season.until_done(environ)
    found = season.compared(database, replica)
    assert (told["runs"], found["differences"], found["cells"] > 5000) == (1, {}, True)
    assert replica.hits.of("asset") == []
    assert season.collect(environ)["pages_fetched"] == 0
    assert season.compared(database, replica)["requests by kind"] == found["requests by kind"]


@pytest.mark.timeout(600)
def test_faults_and_deaths_change_nothing(database: str, replica: replica_server.Running, tmp_path: Path) -> None:
    season.disturb(replica, 0.3)
    told = season.until_done(season.environment(tmp_path, database, replica.url), kills=3, longest=8.0)
    found = season.compared(database, replica)
    assert (found["differences"], told["last"]["exit code"]) == ({}, 0)
    assert found["faults by kind"]
    assert told["killed"] or told["runs"] > 1
