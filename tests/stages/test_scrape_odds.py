"""Prices on their way to the match that another source announced."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from odds_answers import TRIPLE, bookmaker, event, h2h, odds_payload, totals
from published import match
from scrape_world import NOW, World, world_at
from touchline.adapters.clock import VirtualClock
from touchline.errors import DataError
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.stages.scrape_record import ingest, keep
from touchline.work import Event, Result

ALDERMOOR, IRONMEAD = "e0-2025-26-aldermoor-foxglove", "e0-2025-26-honeyfell-ironmead"
KICKOFF = datetime(2026, 3, 7, 15, tzinfo=UTC)
TIMED = "Div,Date,Time,HomeTeam,AwayTeam\nE0,07/03/2026,15:00,Aldermoor,Foxglove\n"
COLUMNS = [f"odds_ps_{outcome}" for outcome in ("home", "draw", "away")]


class Odds(World):
    """Takes prices in."""

    def prices(self, *events: Any, retrieved: datetime | None = None) -> Result:
        return self.take(odds_payload(retrieved or self.clock.now(), *events))

    def take(self, *payloads: Payload) -> Result:
        for payload in payloads:
            keep(self.ports, payload)
        asked = Event(id="e", kind="http", source="test", time=self.clock.now(), data={"collect": {}})
        return ingest(asked, self.ports, Scrape(), payloads)

    def triple(self, match_id: str = ALDERMOOR) -> list[float]:
        return [self.table()[match_id][column] for column in COLUMNS]


@pytest.fixture(scope="module")
def announced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two fixtures of Saturday, and a result of before."""
    home = tmp_path_factory.mktemp("announced") / "home"
    odds = at(home)
    odds.season(
        match("07/03/2026", "Aldermoor", "Foxglove", ""),
        match("07/03/2026", "Honeyfell", "Ironmead", ""),
        match("21/02/2026", "Ironmead", "Honeyfell", "0-0"),
    )
    odds.ports.engine.dispose()
    return home


@pytest.fixture
def world(announced: Path, tmp_path: Path) -> Odds:
    """A copy of that home."""
    return at(Path(shutil.copytree(announced, tmp_path / "home")))


def at(home: Path) -> Odds:
    """An installation in real time, which stands still until it is moved."""
    clock = VirtualClock(NOW)
    clock.mode = "live"
    return Odds(world_at(home, clock).ports, clock)


def pinnacle(moment: datetime, triple: tuple[float, float, float] = TRIPLE, home: str = "Aldermoor") -> dict[str, Any]:
    away = {"Aldermoor": "Foxglove", "Honeyfell": "Ironmead"}.get(home, "Foxglove")
    return bookmaker("pinnacle", h2h(home, away, moment, triple), totals(moment))


def test_prices_are_kept_and_stand_for_their_bookmaker(world: Odds) -> None:
    before = world.table()
    result = world.prices(event("Aldermoor", "Foxglove", KICKOFF, pinnacle(NOW)))
    assert result.outcome == "done"
    assert {name: result.summary[name] for name in ("quotes", "quotes_new", "quoted_matches", "unlinked")} == {
        "quotes": 5, "quotes_new": 5, "quoted_matches": 1, "unlinked": 0,
    }  # fmt: skip
    assert len(world.ports.quotes.of([ALDERMOOR])) == 5
    assert world.triple() == list(TRIPLE)
    same = [name for name in before[ALDERMOOR] if name not in (*COLUMNS, "payload")]
    assert {name: str(world.table()[ALDERMOOR][name]) for name in same} == {
        name: str(before[ALDERMOOR][name]) for name in same
    }
    assert str(world.table()[IRONMEAD]) == str(before[IRONMEAD])


def test_the_same_answer_again_changes_nothing(world: Odds) -> None:
    first = world.prices(event("Aldermoor", "Foxglove", KICKOFF, pinnacle(NOW)))
    again = world.prices(event("Aldermoor", "Foxglove", KICKOFF, pinnacle(NOW)))
    assert (again.outcome, again.summary["quotes_new"]) == ("unchanged", 0)
    assert again.publications == first.publications


def test_an_event_makes_no_match_and_no_team(world: Odds) -> None:
    teams = world.ports.matches.teams()
    stranger = event("Northbridge", "Foxglove", KICKOFF, bookmaker("pinnacle", h2h("Northbridge", "Foxglove", NOW)))
    result = world.prices(stranger)
    assert len(world.table()) == 3
    assert world.ports.matches.teams() == teams
    (shown,) = result.summary["unlinked_events"]
    assert shown["home_team"] == "Northbridge"
    assert "nobody declared 'Northbridge'" in shown["why"]


def test_a_name_that_resembles_a_team_is_never_taken_for_it(world: Odds) -> None:
    result = world.prices(
        event("Aldermor", "Foxglove", KICKOFF, bookmaker("pinnacle", h2h("Aldermor", "Foxglove", NOW)))
    )
    (shown,) = result.summary["unlinked_events"]
    assert shown["names"] == ({"country": "England", "name": "Aldermor", "resembles": ("Aldermoor",)},)
    assert world.ports.quotes.of([ALDERMOOR]).empty
    (waiting,) = world.ports.names.unresolved()
    assert (waiting.source, waiting.name, waiting.suggestions) == ("the-odds-api", "Aldermor", ("Aldermoor",))


def test_once_the_name_is_accepted_the_kept_answer_is_taken_again(world: Odds) -> None:
    payload = odds_payload(
        NOW, event("Alder Rovers", "Foxglove", KICKOFF, bookmaker("pinnacle", h2h("Alder Rovers", "Foxglove", NOW)))
    )
    assert world.take(payload).summary["unlinked"] == 1
    world.ports.matches.add_alias("England", "Alder Rovers", "Aldermoor")
    result = world.take(payload)
    assert (result.summary["unlinked"], result.summary["quotes_new"]) == (0, 3)
    assert world.triple() == list(TRIPLE)


def test_known_teams_without_such_a_match_are_said_to_have_none(world: Odds) -> None:
    result = world.prices(
        event("Foxglove", "Honeyfell", KICKOFF, bookmaker("pinnacle", h2h("Foxglove", "Honeyfell", NOW)))
    )
    (shown,) = result.summary["unlinked_events"]
    assert (shown["why"], shown["names"]) == ("no such match is stored", ())
    assert "1 event of the-odds-api not linked" in result.reason


@pytest.mark.parametrize("hours", [-36, 36, 24 * 40])
def test_another_kickoff_is_the_same_match_while_it_is_the_only_one_to_come(world: Odds, hours: int) -> None:
    moved = KICKOFF + timedelta(hours=hours)
    assert world.prices(event("Aldermoor", "Foxglove", moved, pinnacle(NOW))).summary["unlinked"] == 0
    assert world.table()[ALDERMOOR]["kickoff"] == KICKOFF.replace(hour=12), "prices move no match"


def test_a_played_match_of_the_same_teams_is_another_one(world: Odds) -> None:
    later = datetime(2026, 3, 21, 15, tzinfo=UTC)
    result = world.prices(
        event("Ironmead", "Honeyfell", later, bookmaker("pinnacle", h2h("Ironmead", "Honeyfell", NOW)))
    )
    assert result.summary["unlinked"] == 1


def test_a_number_once_linked_needs_no_name(world: Odds) -> None:
    world.prices(event("Aldermoor", "Foxglove", KICKOFF, pinnacle(NOW), id="x1"))
    renamed = event(
        "AFC Alder",
        "Foxglove",
        KICKOFF,
        bookmaker("pinnacle", h2h("AFC Alder", "Foxglove", NOW + timedelta(hours=1))),
        id="x1",
    )
    world.clock.move(NOW + timedelta(hours=2))
    assert world.prices(renamed).summary["unlinked"] == 0
    assert len(world.ports.quotes.of([ALDERMOOR])) == 8


def test_the_newest_price_an_hour_before_kickoff_counts(world: Odds) -> None:
    world.put(TIMED)
    moments = [KICKOFF - timedelta(hours=hours) for hours in (30, 1, 0.5)]
    for place, moment in enumerate(moments):
        triple = (2.0 + place / 10, 3.4, 3.6)
        world.prices(event("Aldermoor", "Foxglove", KICKOFF, pinnacle(moment, triple)), retrieved=moment)
    assert len(world.ports.quotes.of([ALDERMOOR])) == 15
    assert world.triple()[0] == 2.1


def test_where_only_the_day_is_known_prices_of_that_day_do_not_count(world: Odds) -> None:
    late = datetime(2026, 3, 7, 0, 30, tzinfo=UTC)
    world.prices(event("Aldermoor", "Foxglove", KICKOFF, pinnacle(late)), retrieved=late)
    assert world.triple()[0] != world.triple()[0]


def test_bookmakers_without_a_column_are_kept_in_the_history_only(world: Odds) -> None:
    world.prices(event("Aldermoor", "Foxglove", KICKOFF, bookmaker("unibet", h2h("Aldermoor", "Foxglove", NOW))))
    assert world.ports.quotes.of([ALDERMOOR])["bookmaker"].unique().tolist() == ["unibet"]
    assert not [name for name, value in world.table()[ALDERMOOR].items() if name.startswith("odds_") and value == value]


def test_in_simulated_time_nothing_of_later_is_known(tmp_path: Path) -> None:
    clock = VirtualClock(NOW)
    simulated = Odds(world_at(tmp_path / "home", clock).ports, clock)
    simulated.put(TIMED)
    answers = [
        pinnacle(NOW - timedelta(days=1)),
        bookmaker("williamhill", h2h("Aldermoor", "Foxglove", NOW + timedelta(hours=1))),
    ]
    result = simulated.prices(event("Aldermoor", "Foxglove", KICKOFF, *answers), retrieved=NOW + timedelta(hours=3))
    assert result.summary["withheld"] == 3
    assert simulated.ports.quotes.of([ALDERMOOR])["bookmaker"].unique().tolist() == ["pinnacle"]
    assert simulated.triple()[0] != simulated.triple()[0], "prices are known an hour before kick-off, not earlier"


def test_fixtures_of_the_same_run_can_be_quoted(world: Odds) -> None:
    rows = Payload("files", "new.csv", b"competition,date,home_team,away_team\nE0,2026-03-08,Foxglove,Honeyfell\n", NOW)
    prices = odds_payload(
        NOW, event("Foxglove", "Honeyfell", KICKOFF, bookmaker("pinnacle", h2h("Foxglove", "Honeyfell", NOW)))
    )
    result = world.take(prices, rows)
    assert (result.summary["matches_new"], result.summary["unlinked"]) == (1, 0)
    assert result.publications == (f"scrapes/published/{world.ports.matches.head():012d}.json",)


def test_an_answer_without_prices_is_no_fault(world: Odds) -> None:
    result = world.prices()
    assert (result.outcome, result.summary["rows"]) == ("unchanged", 0)


def test_what_is_no_list_of_events_is_refused(world: Odds) -> None:
    refusal = Payload("the-odds-api", "E0/odds.json", b'{"message": "no", "error_code": "MISSING_KEY"}', NOW)
    with pytest.raises(DataError, match="MISSING_KEY"):
        world.take(refusal)
