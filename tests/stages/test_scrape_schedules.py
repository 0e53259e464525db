"""Scrape by schedule, from real servers and the simulated league; and deliveries in any order."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from published import PLAIN, csv_of, match
from scrape_world import NOW, ROUND, World, world_at
from small_site import Site, serve
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.errors import ConfigurationError, DataError
from touchline.sources import files
from touchline.work import Result


@pytest.fixture
def world(ports: Container, clock: VirtualClock) -> World:
    return World(ports, clock)


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        site.put("/mmz4281/2526/E0.csv", csv_of(PLAIN, *ROUND, match("28/02/2026", "Foxglove", "Honeyfell", "1-1")))
        site.put(
            "/fixtures.csv",
            csv_of(
                PLAIN,
                match("28/02/2026", "Foxglove", "Honeyfell", ""),
                match("07/03/2026", "Ironmead", "Aldermoor", ""),
            ),
        )
        yield site


class TestSchedules:
    def test_no_source_is_no_work(self, world: World) -> None:
        result = world.tick()
        assert (result.outcome, result.reason) == (
            "skipped",
            "no source is set, or none had anything: TOUCHLINE_SCRAPE_SOURCES",
        )

    def test_an_unknown_source_is_named(self, world: World) -> None:
        with pytest.raises(ConfigurationError, match="unknown source 'nonesuch'"):
            world.tick(sources=("nonesuch",))

    def test_the_simulated_league(self, world: World) -> None:
        result = world.tick(sources=("simulated",))
        assert result.summary["matches_new"] == 2280
        assert world.tick("next", sources=("simulated",)).outcome == "unchanged"
        world.clock.move(NOW + timedelta(days=7))
        assert world.tick("later", sources=("simulated",)).summary["seq"] == 2

    def fetch(self, world: World, site: Site, identity: str = "tick") -> Result:
        environ = {
            "TOUCHLINE_HOME": str(world.ports.home),
            "TOUCHLINE_SCRAPE_FOOTBALL_DATA_URL": site.url,
            "TOUCHLINE_SCRAPE_PACE_SECONDS": "0",
        }
        ports = bootstrap.ports(environ, clock=world.clock)
        return World(ports, world.clock).tick(identity, sources=("football-data",))

    def test_season_and_fixtures_come_under_one_number(self, world: World, site: Site) -> None:
        result = self.fetch(world, site)
        assert result.summary | {"matches_new": 4, "payloads": 2, "seq": 1, "stale": 1} == result.summary
        assert {name: row["status"] for name, row in world.table().items()} == {
            "e0-2025-26-aldermoor-foxglove": "finished",
            "e0-2025-26-honeyfell-ironmead": "finished",
            "e0-2025-26-foxglove-honeyfell": "finished",
            "e0-2025-26-ironmead-aldermoor": "scheduled",
        }
        assert len(world.keys("payloads/football-data/")) == 4

    def test_fixtures_of_other_competitions_are_left_alone(self, world: World, site: Site) -> None:
        row = match("07/03/2026", "Embercliff", "Jessamy", "", div="SP1")
        site.put("/fixtures.csv", csv_of(PLAIN, row))
        assert self.fetch(world, site).summary["rows"] == 3
        assert set(world.ports.matches.teams()) == {"England"}

    def test_prices_of_a_fixture_join_its_row(self, world: World, site: Site) -> None:
        site.put("/mmz4281/2526/E0.csv", csv_of(PLAIN, match("02/03/2026", "Foxglove", "Honeyfell", "")))
        site.put(
            "/fixtures.csv",
            csv_of((*PLAIN, "AvgH", "AvgD", "AvgA"), match("02/03/2026", "Foxglove", "Honeyfell", "", 1.8, 3.6, 4.5)),
        )
        world.clock.move(NOW + timedelta(hours=4))
        assert self.fetch(world, site).summary["matches_new"] == 1
        assert world.table()["e0-2025-26-foxglove-honeyfell"]["odds_avg_home"] == 1.8

    def test_one_bad_file_does_not_keep_the_others_away(self, world: World, site: Site) -> None:
        site.put("/mmz4281/2526/E0.csv", csv_of((*PLAIN, "Weather"), *ROUND))
        result = self.fetch(world, site)
        assert (result.outcome, result.reason) == ("parked", "mmz4281/2526/E0.csv: unknown column Weather")
        assert result.publications == ("scrapes/published/000000000001.json",)
        assert result.summary | {"payloads_refused": 1, "matches_new": 2} == result.summary
        [key] = world.keys("quarantine/scrape/")
        assert "unknown column Weather" in world.json(key)[0]
        again = self.fetch(world, site, "again")
        assert (again.outcome, again.publications) == ("parked", result.publications)

    def test_one_bad_file_and_nothing_else_in_it_is_parked(self, world: World, site: Site) -> None:
        site.put("/mmz4281/2526/E0.csv", csv_of((*PLAIN, "Weather"), *ROUND))
        site.put("/fixtures.csv", csv_of(PLAIN))
        result = self.fetch(world, site)
        assert (result.outcome, result.publications) == ("parked", ())
        assert "E0.csv: unknown column Weather" in result.reason

    def test_what_came_counts_even_if_the_next_page_does_not_come(self, world: World, site: Site) -> None:
        del site.pages["/fixtures.csv"]
        result = self.fetch(world, site)
        assert (result.outcome, result.summary["pages_failed"]) == ("parked", 1)
        assert result.reason == f"{site.url}/fixtures.csv: no such page (status 404)"
        assert len(world.keys("payloads/football-data/")) == 2
        assert world.ports.matches.head() == 1

    def test_payloads_are_kept_even_if_no_page_comes_to_be_stored(self, world: World, site: Site) -> None:
        site.put("/mmz4281/2526/E0.csv", csv_of((*PLAIN, "Weather"), *ROUND))
        del site.pages["/fixtures.csv"]
        with pytest.raises(DataError, match="unknown column Weather"):
            self.fetch(world, site)
        assert len(world.keys("payloads/football-data/")) == 2
        assert world.ports.matches.head() == 0


DELIVERIES = [
    (0, [match("07/03/2026", "Aldermoor", "Foxglove", ""), match("08/03/2026", "Honeyfell", "Ironmead", "")]),
    (2, [match("10/03/2026", "Aldermoor", "Foxglove", ""), match("08/03/2026", "Honeyfell", "Ironmead", "")]),
    (8, [match("10/03/2026", "Aldermoor", "Foxglove", ""), match("08/03/2026", "Honeyfell", "Ironmead", "3-1")]),
    (12, [match("10/03/2026", "Aldermoor", "Foxglove", "0-0"), match("08/03/2026", "Honeyfell", "Ironmead", "3-2")]),
]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 3), max_size=3).map(lambda more: [*more, 0, 1, 2, 3]).flatmap(st.permutations))
def test_any_schedule_of_deliveries_ends_in_the_same_state(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    late = VirtualClock(NOW + timedelta(days=30))
    world = world_at(tmp_path_factory.mktemp("home"), late)
    for place in order:
        day, rows = DELIVERIES[place]
        body = csv_of(PLAIN, *rows).encode()
        key = files.incoming_key("e0_2025-26.csv", body, NOW + timedelta(days=day))
        world.ports.store.create(key, body)
        world.wake("object", key)
    assert {name: (row["home_goals"], row["away_goals"]) for name, row in world.table().items()} == {
        "e0-2025-26-aldermoor-foxglove": (0, 0),
        "e0-2025-26-honeyfell-ironmead": (3, 2),
    }
