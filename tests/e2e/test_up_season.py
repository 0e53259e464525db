"""A league through functions in processes of their own ends in the state that one process comes to."""

from pathlib import Path

import psutil
import pytest

import small_league
from touchline import bootstrap
from touchline.domain.simulation import simulate
from touchline.platform.runner import Platform
from touchline.sources.files import incoming_key
from touchline.testing.digests import difference, digest
from up_process import running

pytestmark = pytest.mark.slow
LEAGUE = small_league.as_csv(simulate(7, small_league.NOW, seasons=2, teams=12))
"""Too small for a drift report, which would come to nothing before there is a champion, and which takes its time."""


def put_league(environ: dict[str, str]) -> None:
    key = incoming_key("league.csv", LEAGUE, small_league.NOW)
    assert bootstrap.ports(environ).store.create(key, LEAGUE)


def test_a_league_through_processes_that_get_killed_is_as_if_nothing_had_happened(tmp_path: Path) -> None:
    now = {"TOUCHLINE_NOW": small_league.NOW.isoformat()}
    calm, wild = (small_league.environment(tmp_path / name, **now) for name in ("calm", "wild"))
    put_league(calm)
    with Platform(calm) as platform:
        platform.drain()
    with running(wild) as up:
        put_league(wild)
        for function in ("export", "feature", "train"):
            up.told("begun", function)
            psutil.Process(up.status()["functions"][function]["pid"]).kill()
        up.told("done", "train")
        up.kill()
        assert up.gone() == []
    with running(wild) as up:
        up.rest()
        assert all(row["dead"] == 0 for row in up.status()["functions"].values())
    assert difference(digest(bootstrap.ports(calm)), digest(bootstrap.ports(wild))) == []
