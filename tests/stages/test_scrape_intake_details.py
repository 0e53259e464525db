"""The number of a source says which match a row and its details belong to; nothing of them is lost or guessed."""

from pathlib import Path

import pytest
import sqlalchemy as sa

import whoscored_pages as pages
from taken_in import DAY, DETAIL_TABLES, NOW, Place, csv_file, match_page, month, numbered
from touchline.adapters.clock import VirtualClock

FIRST = "e0-2025-26-northbridge-koln-athletic-co"
HOME, AWAY = "Northbridge", "Köln Athletic & Co"
FINISHED = numbered(pages.MATCH, HOME, AWAY)
OTHER = numbered(1900002, "Aldermoor", "Foxglove", "", day="2025-08-30")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def counts(place: Place) -> dict[str, int]:
    """Rows of each table of details that are current."""
    with place.ports.engine.connect() as connection:
        statement = "SELECT count(*) FROM {} WHERE until_seq IS NULL"
        return {name: connection.scalar(sa.text(statement.format(name))) for name in DETAIL_TABLES}


# Rows


def test_a_match_that_is_moved_to_another_month_stays_the_same_match(place: Place) -> None:
    place.take(month(OTHER, at=NOW - 5 * DAY))
    place.take(month(numbered(1900002, "Aldermoor", "Foxglove", "", day="2025-08-10"), at=NOW - 4 * DAY))
    place.take(month(numbered(1900002, "Aldermoor", "Foxglove", "1-1", day="2025-09-01"), at=NOW))
    [(match_id, row)] = place.table().items()
    assert (match_id, row["status"], row["home_goals"]) == ("e0-2025-26-aldermoor-foxglove", "finished", 1)


def test_an_older_day_needs_the_number(place: Place) -> None:
    """Without it, a day before the match was last seen is another meeting."""
    place.take(month(OTHER, at=NOW - DAY))
    place.take(month(numbered(7, "Aldermoor", "Foxglove", "1-1", day="2025-08-10"), at=NOW))
    assert set(place.table()) == {"e0-2025-26-aldermoor-foxglove", "e0-2025-26-aldermoor-foxglove-2"}


def test_another_number_of_the_same_source_is_another_meeting(place: Place) -> None:
    place.take(month(OTHER, at=NOW - 5 * DAY))
    place.take(month(numbered(7, "Aldermoor", "Foxglove", "", day="2025-09-20"), at=NOW))
    assert place.ports.matches.linked("whoscored", ["1900002", "7"]) == {
        "1900002": "e0-2025-26-aldermoor-foxglove",
        "7": "e0-2025-26-aldermoor-foxglove-2",
    }


def test_a_file_without_numbers_still_finds_the_match_by_teams_and_day(place: Place) -> None:
    place.take(month(OTHER, at=NOW - 5 * DAY))
    place.take(csv_file(("30/08/2025", "Aldermoor", "Foxglove", "3-0"), at=NOW))
    [(match_id, row)] = place.table().items()
    assert (match_id, row["home_goals"]) == ("e0-2025-26-aldermoor-foxglove", 3)


def test_a_known_number_needs_no_known_name(place: Place) -> None:
    place.take(csv_file(("16/08/2025", "Wolves", "Aldermoor", "2-1")))
    place.take(month(numbered(5, "Wolves", "Aldermoor"), at=NOW - 2 * DAY))
    result = place.take(month(numbered(5, "Wolves", "Aldermoor Rovers AFC", "2-2"), at=NOW))
    assert result.summary["rows_waiting"] == 0
    assert place.table()["e0-2025-26-wolves-aldermoor"]["away_goals"] == 2
    assert place.teams() == {"Wolves", "Aldermoor"}


def test_a_number_that_stands_beside_other_teams_than_before_is_set_aside(place: Place) -> None:
    place.take(month(FINISHED, OTHER, at=NOW - 2 * DAY))
    swapped = numbered(pages.MATCH, "Aldermoor", "Foxglove", "5-5")
    result = place.take(month(swapped, at=NOW))
    assert place.table()[FIRST]["home_goals"] == 2
    assert result.outcome == "unchanged"
    [key] = [info.key for info in place.ports.store.list("quarantine/scrape/")]
    assert b"which others play" in place.ports.store.get(key)


def test_a_number_and_its_match_are_known_within_a_run(place: Place) -> None:
    place.take(
        month(OTHER, at=NOW - 2 * DAY),
        month(numbered(1900002, "Aldermoor", "Foxglove", "4-0", day="2025-08-01"), at=NOW),
    )
    [(match_id, row)] = place.table().items()
    assert (match_id, row["home_goals"]) == ("e0-2025-26-aldermoor-foxglove", 4)


def test_a_number_that_a_payload_has_twice_is_one_match(place: Place) -> None:
    again = numbered(1900002, "Aldermoor", "Foxglove", "2-2", day="2025-08-25")
    place.take(month(OTHER, again))
    [(match_id, row)] = place.table().items()
    assert (match_id, row["home_goals"]) == ("e0-2025-26-aldermoor-foxglove", 2)


# Details


def test_a_match_page_adds_what_the_schedule_does_not_say(place: Place) -> None:
    result = place.take(month(FINISHED), match_page())
    row = place.table()[FIRST]
    assert (row["home_goals"], row["home_goals_half_time"], row["away_goals_half_time"]) == (2, 1, 0)
    assert (row["home_shots"], row["home_corners"], row["home_fouls"]) == (3, 3, 2)
    assert counts(place)["line_ups"] == 28
    assert result.summary["details_changed"] == sum(counts(place).values())


def test_a_match_page_that_comes_in_a_later_run_changes_nothing_but_its_details(place: Place) -> None:
    place.take(month(FINISHED, OTHER), csv_file(("16/08/2025", HOME, AWAY, "2-1"), at=NOW - 5 * DAY))
    before = place.table()
    place.take(match_page())
    after = place.table()
    assert after[FIRST]["home_shots"] == 3
    kept = ("kickoff", "kickoff_known", "status", "home_goals", "away_goals", "available_time")
    assert [after[FIRST][name] for name in kept] == [before[FIRST][name] for name in kept]
    assert after.keys() == before.keys()


def test_both_ways_lead_to_the_same_table(place: Place, tmp_path: Path) -> None:
    place.take(month(FINISHED), match_page())
    later = Place(tmp_path / "later")
    later.take(month(FINISHED))
    later.take(match_page())
    assert str(without_payload(place)) == str(without_payload(later))
    assert counts(place) == counts(later)


def without_payload(place: Place) -> dict[str, dict[str, object]]:
    return {
        match: {name: value for name, value in row.items() if name != "payload"} for match, row in place.table().items()
    }


def test_the_score_is_that_of_the_schedule(place: Place) -> None:
    wrong = {**pages.side("home"), "scores": {"halftime": 1, "fulltime": 9, "running": 9}}
    place.take(month(FINISHED), match_page(home=wrong, score="9 : 1", ftScore="9 : 1"))
    assert place.table()[FIRST]["home_goals"] == 2


def test_a_later_page_takes_the_place_of_the_earlier_one(place: Place) -> None:
    fewer = {**pages.side("away"), "players": pages.side("away")["players"][:11]}
    place.take(month(FINISHED), match_page(), match_page(NOW + DAY, away=fewer))
    assert counts(place)["line_ups"] == 25


def test_the_same_page_again_changes_nothing(place: Place) -> None:
    place.take(month(FINISHED), match_page())
    head = place.ports.matches.head()
    result = place.take(match_page(NOW + DAY))
    assert (result.outcome, place.ports.matches.head()) == ("unchanged", head)


def test_details_of_a_match_that_nobody_told_of_are_set_aside_and_taken_in_later(place: Place) -> None:
    result = place.take(match_page())
    assert sum(counts(place).values()) == 0
    assert result.outcome == "skipped"
    [key] = [info.key for info in place.ports.store.list("quarantine/scrape/")]
    assert b"match 1900001" in place.ports.store.get(key)
    place.take(month(FINISHED))
    place.reparse("whoscored")
    assert counts(place)["line_ups"] == 28
    assert place.table()[FIRST]["home_shots"] == 3


def test_statistics_of_a_match_that_is_still_to_be_played_are_set_aside(place: Place) -> None:
    place.take(month(numbered(pages.MATCH, HOME, AWAY, "")))
    place.take(match_page())
    row = place.table()[FIRST]
    assert row["status"] == "scheduled"
    assert row["home_shots"] != row["home_shots"]
    assert counts(place)["line_ups"] == 28


def test_what_is_not_known_yet_is_withheld_with_its_details(tmp_path: Path) -> None:
    early = Place(tmp_path, VirtualClock(NOW - 17 * DAY))  # on the day of the match, before it
    early.take(month(FINISHED, at=early.clock.now()), match_page(early.clock.now()))
    assert early.table()[FIRST]["status"] == "scheduled"
    assert sum(counts(early).values()) == 0
    early.clock.move(NOW)
    early.take(month(FINISHED), match_page())
    assert early.table()[FIRST]["home_shots"] == 3
    assert counts(early)["line_ups"] == 28
