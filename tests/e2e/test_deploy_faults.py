"""Whatever goes wrong between the bucket and the functions, nothing is lost, and it goes on by itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import faults
import postgres
import real_parts
from bridge import Chances
from cluster import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
OBJECTS = 15


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    with postgres.running() as made:
        yield made


def all_at_once(cluster: Cluster, server: postgres.Server) -> Callable[[], None]:
    def happen() -> None:
        faults.broker_restart(cluster, 0.5)
        faults.bridge_killed(cluster, 0.2)
        faults.database_gone(server, 2.0)

    return happen


def test_restarts_kills_and_outages_one_after_the_other_lose_nothing(server: postgres.Server, tmp_path: Path) -> None:
    database = real_parts.made_database(server.address, "touchline")
    environ = faults.environment(tmp_path, TOUCHLINE_DATABASE=database, TOUCHLINE_LEASE_SECONDS="2")
    chances = Chances(lost=0.1, doubled=0.2, late=0.3)
    with Cluster(environ, tmp_path, chances=chances) as cluster:
        found = faults.survive(cluster, all_at_once(cluster, server), OBJECTS)
        assert found.lost == 0, faults.missing(cluster, [])
        assert cluster.notifier.refused > 0
        numbers = cluster.bridge.metrics()
        assert numbers["touchline_inbox_oldest_seconds"] == 0
        assert numbers['touchline_inbox_events{state="refused"}'] == 0
    assert min(chances.counted.values()) > 0
