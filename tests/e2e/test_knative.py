"""A season through bucket, bridge and broker, by the rendered manifests, ends in the state of the local platform."""

from pathlib import Path

import pytest

import seasons
from bridge import Chances
from cluster import Cluster
from touchline.testing.digests import difference

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_season_behind_the_broker_ends_in_the_state_of_the_local_platform(tmp_path: Path) -> None:
    expected = seasons.local(seasons.settings_of(tmp_path / "local"))
    chances = Chances(lost=0.1, doubled=0.2, late=0.3)
    with Cluster(seasons.settings_of(tmp_path / "knative"), tmp_path, chances=chances) as cluster:
        found = seasons.deployed(cluster)
        assert cluster.waiting() == 0
        assert not list(cluster.ports.store.list("deadletter/"))
    assert min(chances.counted.values()) > 0
    assert difference(expected, found) == []
