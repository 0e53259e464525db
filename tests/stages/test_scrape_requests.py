"""Requests to collect, from the event to the publication; and faults on the way that change nothing in the end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from published import PLAIN, csv_of, match
from scrape_world import World
from small_site import Page, Site, serve
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.errors import ConfigurationError, DataError, EventError, NotFound, Unavailable, UnknownName
from touchline.manifest import read_publication
from touchline.settings import Scrape
from touchline.stages import scrape
from touchline.work import Event, Result


@pytest.fixture
def seasons() -> Iterator[Site]:
    """Five seasons of a league and its fixtures, as the site of football-data.co.uk would have them."""
    with serve() as site:
        for year in range(2021, 2026):
            rows = [
                match(f"{day:02}/10/{year}", home, away, f"{day % 4}-{year % 3}")
                for day, (home, away) in enumerate((("Aldermoor", "Foxglove"), ("Foxglove", "Honeyfell")), 1)
            ]
            site.put(f"/mmz4281/{year % 100}{year % 100 + 1}/E0.csv", csv_of(PLAIN, *rows))
        site.put("/fixtures.csv", csv_of(PLAIN, match("07/03/2026", "Honeyfell", "Aldermoor", "")))
        yield site


class Standing(VirtualClock):
    """A clock set by hand that counts as real: nothing is withheld."""

    mode = "live"


class Seasons(World):
    """An installation that collects five seasons when it is asked."""

    def __init__(self, folder: Path, url: str) -> None:
        environ = {"TOUCHLINE_HOME": str(folder), "TOUCHLINE_SCRAPE_FOOTBALL_DATA_URL": url}
        self.clock = Standing(datetime(2026, 3, 2, 9, tzinfo=UTC))
        super().__init__(bootstrap.ports(environ, clock=self.clock), self.clock)

    def request(self, **changes: Any) -> Result:
        asked = {"source": "football-data", "competitions": ["E0"], "seasons": ["2021-"]} | changes
        moment = self.clock.now()
        event = Event(id=f"{moment}", kind="http", source="test", time=moment, data={"collect": asked})
        settings = Scrape(pace_seconds=0, backoff_seconds=0, attempts=1, cool_down_seconds=60)
        return scrape.run(event, self.ports, settings)

    def state(self) -> list[dict[str, Any]]:
        """All matches as they are known."""
        rows: list[dict[str, Any]] = self.ports.matches.snapshot(self.ports.matches.head()).to_dict("records")
        return [{name: value for name, value in row.items() if value == value} for row in rows]


@pytest.fixture
def world(tmp_path: Path, seasons: Site) -> Seasons:
    return Seasons(tmp_path / "home", seasons.url)


class TestRequests:
    def test_a_request_is_collected_and_published(self, world: Seasons) -> None:
        result = world.request()
        assert (result.outcome, result.publications) == ("done", ("scrapes/published/000000000001.json",))
        assert result.summary | {"pages_fetched": 6, "left": 0, "blocked": {}, "matches_new": 11} == result.summary
        _, manifest = read_publication(world.ports.store, result.publications[0])
        assert [name for _, name, _ in manifest.parameters["taken"]][-2:] == ["mmz4281/2526/E0.csv", "fixtures.csv"]
        assert manifest.parameters["competitions"] == ["E0"]
        assert {ref.key.rpartition(".")[2] for ref in manifest.inputs} == {"gz"}

    def test_again_it_is_known(self, world: Seasons) -> None:
        first = world.request()
        again = world.request()
        assert (again.outcome, again.publications) == ("unchanged", first.publications)
        assert again.summary | {"pages_fetched": 0, "pages_kept": 6} == again.summary

    @pytest.mark.parametrize("asked", ["E0", {"source": "football-data"}, {"competitions": ["E0"], "source": 7}, None])
    def test_what_is_no_request_is_refused(self, world: Seasons, asked: Any) -> None:
        event = Event(id="e", kind="http", source="test", time=world.clock.now(), data={"collect": asked})
        with pytest.raises(EventError, match="no request to collect"):
            scrape.run(event, world.ports, Scrape())

    def test_an_unknown_source_or_competition_is_named(self, world: Seasons) -> None:
        with pytest.raises(UnknownName, match="unknown source 'nonesuch'"):
            world.request(source="nonesuch")
        with pytest.raises(ConfigurationError, match="no competition XX"):
            world.request(competitions=["XX"])

    def test_a_wall_stores_what_came_before(self, world: Seasons, seasons: Site) -> None:
        seasons.put("/mmz4281/2324/E0.csv", Page(b"<title>Attention Required! | Cloudflare</title>", 403))
        result = world.request()
        assert (result.outcome, len(result.publications)) == ("parked", 1)
        assert result.summary | {"blocked": {"football-data": "cloudflare_ban"}, "left": 4} == result.summary
        assert result.summary["matches_new"] == 4
        metrics = world.ports.metrics.collect()
        assert [value for name, value in metrics.items() if "scrape_blocked" in name] == [1.0]

    def test_a_wall_at_the_door_is_parked_and_nothing_is_published(self, world: Seasons, seasons: Site) -> None:
        seasons.put("/mmz4281/2122/E0.csv", Page(status=403))
        for _ in range(2):
            result = world.request()
            assert (result.outcome, result.publications) == ("parked", ())
            assert result.summary["blocked"] == {"football-data": "forbidden"}
        assert seasons.paths == ["/robots.txt", "/mmz4281/2122/E0.csv"]

    def test_a_site_that_is_down_is_for_later(self, world: Seasons, seasons: Site) -> None:
        for path in seasons.pages:
            seasons.put(path, Page(status=503))
        with pytest.raises(Unavailable, match="the server answers 503"):
            world.request()
        assert world.ports.matches.head() == 0

    def test_only_pages_that_cannot_be_read_are_an_error(self, world: Seasons, seasons: Site) -> None:
        for path in seasons.pages:
            seasons.put(path, Page(b"<html>moved</html>"))
        with pytest.raises(DataError, match="a web page instead of a CSV file"):
            world.request()

    def test_a_publication_that_was_lost_comes_with_the_same_request(self, world: Seasons) -> None:
        first = world.request()
        path = world.ports.home / "objects" / first.publications[0]
        body = path.read_bytes()
        path.unlink()
        for kept in world.ports.journal.pages("football-data"):  # as a run leaves it that dies before the end
            world.ports.journal.note("football-data", msgspec.structs.replace(kept, taken=False))
        assert world.request().publications == first.publications
        assert path.read_bytes() == body


@pytest.mark.parametrize("seed", range(2))
def test_faults_on_the_way_end_in_the_same_matches(tmp_path: Path, seasons: Site, seed: int) -> None:
    calm = Seasons(tmp_path / "calm", seasons.url)
    calm.request()
    draw, good = Random(seed), {path: pages[-1] for path, pages in seasons.pages.items()}
    faults = [
        Page(status=503),
        Page(b"<html>try later</html>"),
        Page(b""),
        Page(status=404),
        Page(b"Div,Date\nE0,", 500),
    ]
    faults += [Page(b"<title>Just a moment...</title>_cf_chl_opt /cdn-cgi/challenge-platform/", 403)]
    rough = Seasons(tmp_path / "rough", seasons.url)
    for _ in range(30):
        for path, page in good.items():
            seasons.put(path, draw.choice(faults) if draw.random() < 0.1 else page)
        try:
            result = rough.request()
        except (Unavailable, DataError, NotFound):
            result = None
        if result is not None and not result.summary["pages_waiting"] and result.outcome != "parked":
            break
        rough.clock.move(rough.clock.now() + timedelta(minutes=61))
    else:
        pytest.fail("it never came to an end")
    assert rough.state() == calm.state()
