"""Whatever order payloads come in, and whoever is killed on the way: the newest that was told stands."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import whoscored_pages as pages
from published import PLAIN, csv_of, match
from scrape_world import World
from small_site import Site, serve
from taken_in import NOW, Place, match_page, month, numbered
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.collecting import Progress, watcher
from touchline.settings import Scrape
from touchline.sources import files
from touchline.stages import scrape
from touchline.work import Event

FIRST = "e0-2024-25-aldermoor-foxglove"


class Standing(VirtualClock):
    mode = "live"


class Killed(BaseException):
    """What nothing catches."""


class Collecting(World):
    """An installation that collects two seasons, an hour for each page."""

    def __init__(self, folder: Path, url: str) -> None:
        environ = {"TOUCHLINE_HOME": str(folder), "TOUCHLINE_SCRAPE_FOOTBALL_DATA_URL": url}
        clock = Standing(datetime(2026, 3, 2, 9, tzinfo=UTC))
        super().__init__(bootstrap.ports(environ, clock=clock), clock)

    def collect(self, watch: Any = None) -> None:
        asked = {"source": "football-data", "competitions": ["E0"], "seasons": ["2024-"]}
        moment = self.clock.now()
        event = Event(id=f"{moment}", kind="http", source="test", time=moment, data={"collect": asked})
        token = watcher.set(watch or (lambda _: None))
        try:
            scrape.run(event, self.ports, Scrape(pace_seconds=0, backoff_seconds=0, attempts=1))
        finally:
            watcher.reset(token)

    def pass_time(self) -> None:
        self.clock.move(self.clock.now() + timedelta(minutes=10))

    def send(self) -> Event:
        """A file with a corrected score arrives; the event of it."""
        data = csv_of(PLAIN, match("05/10/2024", "Aldermoor", "Foxglove", "3-1")).encode()
        key = files.incoming_key("e0_2024-25.csv", data, self.clock.now())
        self.ports.store.create(key, data)
        return Event(id=key, kind="object", source="test", time=self.clock.now(), key=key)

    def score(self) -> tuple[float, float]:
        row = self.table()[FIRST]
        return row["home_goals"], row["away_goals"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Collecting]:
    with serve() as site:
        _season(site)
        yield Collecting(tmp_path, site.url)


def _season(site: Site) -> None:
    site.put("/mmz4281/2425/E0.csv", csv_of(PLAIN, match("05/10/2024", "Aldermoor", "Foxglove", "2-1")))
    site.put("/mmz4281/2526/E0.csv", csv_of(PLAIN, match("04/10/2025", "Foxglove", "Aldermoor", "0-0")))
    site.put("/fixtures.csv", csv_of(PLAIN, match("07/03/2026", "Honeyfell", "Aldermoor", "")))


def test_what_a_killed_run_kept_does_not_override_a_later_correction(world: Collecting) -> None:
    def kill(_: Progress) -> None:
        raise Killed

    with pytest.raises(Killed):
        world.collect(kill)
    assert world.ports.matches.head() == 0
    world.pass_time()
    scrape.run(world.send(), world.ports, Scrape())
    world.pass_time()
    world.collect()
    assert world.score() == (3, 1)


def test_a_file_that_arrives_during_a_collection_is_newer_than_what_was_read_before(world: Collecting) -> None:
    sent: list[Event] = []

    def send(_: Progress) -> None:
        world.pass_time()
        sent.extend([] if sent else [world.send()])
        world.pass_time()

    world.collect(send)
    scrape.run(sent[0], world.ports, Scrape())
    assert world.score() == (3, 1)


def test_statistics_of_a_page_outlive_a_schedule_that_was_read_later(tmp_path: Path) -> None:
    place = Place(tmp_path)
    schedule = numbered(pages.MATCH, "Northbridge", "Köln Athletic & Co")
    place.take(month(schedule, at=NOW - timedelta(days=1)))
    place.take(month(schedule | {"attendance": 7}, at=NOW + timedelta(hours=2)))
    place.take(match_page(NOW))
    assert place.table()["e0-2025-26-northbridge-koln-athletic-co"]["home_shots"] == 3


def test_a_page_read_after_the_schedule_of_a_later_file_does_not_bring_back_the_old_score(tmp_path: Path) -> None:
    place = Place(tmp_path)
    old = numbered(pages.MATCH, "Northbridge", "Köln Athletic & Co", "2-1")
    new = numbered(pages.MATCH, "Northbridge", "Köln Athletic & Co", "2-2")
    place.take(month(new, at=NOW - timedelta(hours=1)))
    place.take(month(old, at=NOW - timedelta(hours=2)), match_page(NOW))
    row = place.table()["e0-2025-26-northbridge-koln-athletic-co"]
    assert (row["away_goals"], row["home_shots"]) == (2, 3)
