"""A match day of the replica, watched through a real browser: told as it stands, stored once it is over."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import replica_server
from chromium import NEEDED
from live_world import RealClock
from replica_server import Running
from touchline import bootstrap
from touchline.collecting import LIVE_COLUMNS
from touchline.domain.live import POINTER
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.sources import batches
from touchline.stages import scrape_live
from touchline.stages.scrape_record import ingest, keep
from touchline.work import Event, Result

pytestmark = [pytest.mark.browser, pytest.mark.slow, NEEDED]
TOLD = [name for name in LIVE_COLUMNS if name != "source_id"]


@pytest.fixture(scope="module")
def replica() -> Iterator[Running]:
    with replica_server.running(teams=6, now=datetime(2025, 8, 1, tzinfo=UTC)) as running:
        yield running


class MatchDay:
    """An installation that knows the fixtures of the replica and watches it."""

    def __init__(self, home: Path, replica: Running) -> None:
        environ = {
            "TOUCHLINE_HOME": str(home), "TOUCHLINE_SCRAPE_WHOSCORED_URL": replica.url,
            "TOUCHLINE_SCRAPE_WHOSCORED_TERMS": "acknowledged", "TOUCHLINE_SCRAPE_PACE_SECONDS": "0",
        }  # fmt: skip
        self.clock, self.replica = RealClock(replica.site.now), replica
        self.ports = bootstrap.ports(environ, clock=self.clock)
        self.settings = Scrape(live_source="whoscored", competitions=("E0",), pace_seconds=0)
        fixtures = replica.truth.schedule("E0")[["competition", "season", "kickoff", "home_team", "away_team"]]
        rows = fixtures.drop_duplicates(["home_team", "away_team"]).assign(kickoff=fixtures["kickoff"].map(str))
        self._ingest(batches.payload(rows.to_dict("records"), self.clock.now()))

    def _ingest(self, payload: Payload) -> None:
        keep(self.ports, payload)
        ingest(self._event("http"), self.ports, self.settings, [payload])

    def _event(self, kind: Any) -> Event:
        now = self.clock.now()
        return Event(id=f"{now}", kind=kind, source="test", time=now, key="live" if kind == "cron" else "")

    def at(self, moment: datetime) -> Result:
        """A tick at a moment, which it is for the site as well."""
        self.replica.site.now = moment
        self.clock.move(moment)
        return scrape_live.run(self._event("cron"), self.ports, self.settings)

    def told(self) -> pd.DataFrame:
        matches = json.loads(self.ports.store.get(POINTER))["matches"]
        return typed(pd.DataFrame(matches))


def true(replica: Running) -> pd.DataFrame:
    return typed(replica.truth.live("E0").sort_values(["kickoff", "home_team"], ignore_index=True))


def typed(table: pd.DataFrame) -> pd.DataFrame:
    goals = dict.fromkeys(["home_goals", "away_goals"], "float64")
    return table.assign(kickoff=pd.to_datetime(table["kickoff"], utc=True)).astype(goals)[TOLD]


def test_a_match_day_is_told_as_it_stands_and_stored_when_it_is_over(tmp_path: Path, replica: Running) -> None:
    day = MatchDay(tmp_path, replica)
    first = replica.truth.schedule("E0")["kickoff"].min().to_pydatetime()
    published = []
    for minutes in (-10, 20, 55, 80, 130):
        result = day.at(first + timedelta(minutes=minutes))
        pd.testing.assert_frame_equal(day.told(), true(replica), check_dtype=False)
        published.append(len(result.publications))
    assert published == [0, 1, 0, 0, 1]
    (over,) = day.told()[lambda table: table["state"] == "finished"].to_dict("records")
    rows = day.ports.matches.snapshot(day.ports.matches.head())
    (stored,) = rows[rows["status"] == "finished"].to_dict("records")
    assert [stored[name] for name in ("home_team", "away_team", "home_goals", "away_goals")] == [
        over[name] for name in ("home_team", "away_team", "home_goals", "away_goals")
    ]
    assert len(replica.hits.of("day")) == 5
