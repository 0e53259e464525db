"""The health of sources: an old page asked again, its age, missing results, and who is told."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

from live_world import FIXTURES, KICKOFF, Watched, told
from small_site import Page, Site, serve
from touchline.domain.source_health import SourceHealth
from touchline.errors import ConfigurationError
from touchline.sources.compare import compare
from touchline.sources.football_data_org import NAME
from touchline.sources.table import Parsed
from touchline.stages import scrape, scrape_canary
from touchline.work import Event, Result

SEASON = "/v4/competitions/PL/matches?season=2025"
TEAMS = ["Aldermoor", "Foxglove", "Honeyfell", "Ironmead", "Brackenby", "Dunmere"]
PAIRS = [(home, away) for home in TEAMS for away in TEAMS if home != away]


def season(goals: int = 1, results: int = 25, **more: Any) -> list[dict[str, Any]]:
    """Thirty matches, a day apart, of which some are played."""
    return [
        told(number, home, away, *(("FINISHED", goals, 0) if number < results else ("TIMED",)))
        | {"utcDate": f"{KICKOFF - timedelta(days=40 - number):%Y-%m-%dT%H:%M:%SZ}"} | more
        for number, (home, away) in enumerate(PAIRS)
    ]  # fmt: skip


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        put(site, season())
        yield site


def put(site: Site, matches: list[dict[str, Any]]) -> None:
    site.put(SEASON, json.dumps({"matches": matches, "competition": {"code": "PL"}}))


class Looked(Watched):
    """An installation that collects, and whose sources are looked at."""

    def collect(self) -> Result:
        event = Event(id="c", kind="cron", source="test", time=self.clock.now(), key="twice-daily")
        return scrape.run(event, self.ports, self._settings(sources=(NAME,)))

    def look(self, days: float = 1, **options: Any) -> Result:
        self.clock.move(KICKOFF + timedelta(days=days))
        event = Event(id=f"canary-{days}", kind="cron", source="test", time=self.clock.now(), key="canary")
        return scrape.run(event, self.ports, self._settings(**({"sources": (NAME,)} | options)))

    def _settings(self, **options: Any) -> Any:
        usual = {"live_source": "", "competitions": ("E0",)}
        return msgspec.structs.replace(self.settings, **(usual | options))

    @property
    def found(self) -> SourceHealth:
        health = scrape_canary.latest(self.ports.store)
        assert health
        one = health.of(NAME)
        assert one
        return one

    @property
    def alerts(self) -> dict[str, Any]:
        keys = [info.key for info in self.ports.store.list(scrape_canary.ALERTS)]
        return {key.removeprefix(scrape_canary.ALERTS): json.loads(self.ports.store.get(key)) for key in keys}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the season collected, to be copied."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    with serve() as site:
        put(site, season())
        world = Looked(home, site, KICKOFF)
        world.put(FIXTURES.replace("E1,", "E0,"))
        assert world.collect().summary["pages_fetched"] == 1
    return home


@pytest.fixture
def looked(prepared: Path, tmp_path: Path, site: Site) -> Looked:
    return Looked(Path(shutil.copytree(prepared, tmp_path / "home")), site, KICKOFF)


def test_without_a_source_there_is_nothing_to_look_at(looked: Looked) -> None:
    assert looked.look(sources=()).outcome == "skipped"
    assert scrape_canary.latest(looked.ports.store) is None


def test_a_source_that_is_well(looked: Looked) -> None:
    result = looked.look()
    assert (result.outcome, result.reason, result.summary) == ("done", "", {"troubles": [], "alerts": []})
    assert (looked.found.page, looked.found.compared, looked.found.different) == ("E0/2025-26/matches.json", 25, 0)
    assert (looked.found.newest, looked.found.pages, looked.alerts) == (KICKOFF, 1, {})
    assert looked.site.paths.count(SEASON) == 1
    assert looked.ports.metrics.collect()[f'source_health{{source="{NAME}",state="well"}}'] == 1


def test_what_came_since_is_no_change(looked: Looked, site: Site) -> None:
    put(site, season(results=30))
    looked.look()
    assert (looked.found.troubles, looked.found.compared) == ((), 25)


def test_a_few_corrections_are_no_change(looked: Looked, site: Site) -> None:
    matches = season()
    matches[3]["score"]["fullTime"]["home"] = 4
    put(site, matches)
    looked.look()
    assert (looked.found.troubles, looked.found.different) == ((), 1)


def test_a_page_that_says_something_else_is_told(looked: Looked, site: Site) -> None:
    put(site, season(goals=2))
    result = looked.look()
    assert (looked.found.troubles, looked.found.different) == (("changed",), 25)
    alert = looked.alerts[f"{NAME}-2026-03-08-changed.json"]
    assert "25 of 25 rows of E0/2025-26/matches.json read otherwise" in alert["notes"][0]
    assert (alert["source"], alert["trouble"], alert["day"]) == (NAME, "changed", "2026-03-08")
    assert result.summary["alerts"] == [f"scrapes/alerts/{NAME}-2026-03-08-changed.json"]
    assert result.reason == f"{NAME}: changed"


@pytest.mark.parametrize(
    ("page", "trouble"),
    [
        (Page(b'{"matches": 3}'), "changed"),
        (Page(b'{"matches": []}'), "changed"),
        (Page(b"", 500), "silent"),
        (Page(b"", 404), "changed"),
        (Page(b"", 429), "blocked"),
    ],
)
def test_a_source_that_is_not_well_is_told_of(looked: Looked, site: Site, page: Page, trouble: str) -> None:
    site.put(SEASON, page)
    assert looked.look().outcome == "done"
    assert looked.found.troubles == (trouble,)
    assert list(looked.alerts) == [f"{NAME}-2026-03-08-{trouble}.json"]


def test_a_host_that_blocks_us_is_told_of_once_a_day_and_left_alone(looked: Looked, site: Site) -> None:
    site.put(SEASON, Page(b"", 429))
    looked.look()
    asked = len(site.asked)
    again = looked.look(1.001)
    assert (looked.found.troubles, again.summary["alerts"], len(site.asked)) == (("blocked",), [], asked)
    assert len(looked.alerts) == 1
    assert len(list(looked.ports.store.list(scrape_canary.HEALTH))) == 1
    looked.look(2)
    assert len(looked.alerts) == 2


def test_a_source_of_which_nothing_new_came_for_days_is_stale(looked: Looked) -> None:
    looked.look(1.9)
    assert looked.found.troubles == ()
    looked.look(2.1)
    assert looked.found.troubles == ("stale",)
    assert "the newest good answer is of 2026-03-07 15:00 UTC, 1 pages are due" in looked.found.notes[0]
    looked.collect()
    looked.look(2.2)
    assert looked.found.troubles == ()


def test_a_source_that_was_asked_often_enough_is_let_be(looked: Looked) -> None:
    looked.look(pages_per_day=1)
    assert looked.found.troubles == ()
    assert "are allowed" in looked.found.notes[0]
    assert SEASON not in looked.site.paths


def test_a_source_of_which_nothing_was_collected_is_asked_for_nothing(looked: Looked) -> None:
    looked.look(sources=("openfootball",), live_source=NAME)
    health = scrape_canary.latest(looked.ports.store)
    assert health
    assert [one.source for one in health.sources] == [NAME, "openfootball"]
    assert health.sources[1].notes == ("no page was collected that could be asked again",)
    assert health.of("nonesuch") is None


@pytest.mark.parametrize("name", ["simulated", "the-odds-api"])
def test_a_source_without_old_pages_to_compare_is_asked_for_nothing(looked: Looked, name: str) -> None:
    looked.look(sources=(name,))
    health = scrape_canary.latest(looked.ports.store)
    assert health
    assert (health.sources[0].troubles, looked.site.asked) == ((), [])


def test_an_unknown_source_is_named(looked: Looked) -> None:
    with pytest.raises(ConfigurationError, match="unknown source 'nonesuch'"):
        looked.look(sources=("nonesuch",))


def test_missing_results_are_told(looked: Looked) -> None:
    """Last year had results in these weeks, and matches of this week stay without one."""
    rows = [
        f"E0,2024-25,{KICKOFF - timedelta(days=364 + back):%Y-%m-%dT%H:%MZ},{home},{away},1,0"
        for back, (home, away) in zip(range(-14, 16), PAIRS, strict=True)
    ]
    looked.put("\n".join(["competition,season,kickoff,home_team,away_team,home_goals,away_goals", *rows]))
    looked.look(5)
    health = scrape_canary.latest(looked.ports.store)
    assert health
    (volume,) = health.volumes
    assert (volume.competition, volume.finished, volume.usual, volume.missing) == ("E0", 0, 7, 3)
    assert (
        "E0: 0 results in seven days, 7 are usual; 3 are missing"
        in looked.alerts["matches-2026-03-12-shrunken.json"]["notes"]
    )


class TestCompare:
    def parsed(self, players: list[dict[str, Any]], **rows: Any) -> Parsed:
        matches = pd.DataFrame({"status": ["finished", "scheduled"], "home_goals": [1.0, None]}).assign(**rows)
        return Parsed(matches, (), (), {"player_stats": pd.DataFrame(players)})

    PLAYERS = [{"source_id": "1", "player": "A", "shots": 2.0}, {"source_id": "1", "player": "B", "shots": None}]  # noqa: RUF012

    def test_the_same_in_another_order_is_the_same(self) -> None:
        one, two = self.parsed(self.PLAYERS), self.parsed(self.PLAYERS[::-1], payload="another")
        assert (compare(one, two).rows, compare(one, two).different) == (3, 0)

    def test_details_that_are_gone_count_row_by_row(self) -> None:
        found = compare(self.parsed(self.PLAYERS), self.parsed(self.PLAYERS[:1]))
        assert (found.different, found.share) == (1, pytest.approx(1 / 3))
        assert found.example == "player_stats: player=B, source_id=1"

    def test_a_column_that_is_gone_changes_every_row_that_had_it(self) -> None:
        gone = [{"source_id": "1", "player": one["player"]} for one in self.PLAYERS]
        assert compare(self.parsed(self.PLAYERS), self.parsed(gone)).different == 1

    def test_nothing_to_compare_is_no_difference(self) -> None:
        empty = Parsed(pd.DataFrame({"status": []}), (), ())
        assert compare(empty, self.parsed(self.PLAYERS)).share == 0.0
