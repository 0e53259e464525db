"""Kept payloads read again: what would differ is shown, and stored only when it is asked for."""

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

import whoscored_pages as pages
from taken_in import DAY, NOW, SETTINGS, Place, csv_file, match_page, month, numbered
from touchline.adapters.schema import match_versions
from touchline.errors import EventError, NotFound, UnknownName
from touchline.stages.scrape_record import keep
from touchline.stages.scrape_reparse import Comparison, Difference, Request, compare

MATCH = "e0-2025-26-wolves-man-united"
OURS = csv_file(("16/08/2025", "Wolves", "Man United", "2-1"), ("17/08/2025", "Aldermoor", "Foxglove", "0-0"))
WAITING = month(
    numbered(1, "Wolves", "Man Utd"), numbered(pages.MATCH, "Aldermoor Rovers", "Foxglove", "0-0", day="2025-08-17")
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def look(place: Place, source: str, since: datetime | None = None) -> Comparison:
    return compare(place.ports, SETTINGS, Request(source, since))


def altered(place: Place, **values: object) -> None:
    """Make the database say something else of a match than its payload, as an older parser would have."""
    with place.ports.engine.begin() as connection:
        connection.execute(sa.update(match_versions).values(**values))


def test_the_same_parser_finds_no_difference(place: Place) -> None:
    place.take(OURS)
    found = look(place, "files")
    assert (found.payloads, found.rows, found.differences, found.new, found.gone) == (1, 2, (), (), ())
    assert place.reparse("files").outcome == "unchanged"


def test_a_difference_is_shown_by_match_and_column_and_stored_when_asked_for(place: Place) -> None:
    place.take(csv_file(("16/08/2025", "Wolves", "Man United", "2-1")))
    altered(place, home_goals=7.0)
    found = look(place, "files")
    assert found.differences == (Difference(MATCH, "home_goals", 7.0, 2.0),)
    assert found.columns == {"home_goals": 1}
    assert place.table()[MATCH]["home_goals"] == 7
    result = place.reparse("files")
    assert (result.outcome, result.summary["matches_changed"]) == ("done", 1)
    assert result.publications == ("scrapes/published/000000000002.json",)
    assert place.table()[MATCH]["home_goals"] == 2
    assert look(place, "files").differences == ()


def test_it_can_be_done_again_and_again(place: Place) -> None:
    """Each time under a number of its own, though the payloads are the same."""
    place.take(csv_file(("16/08/2025", "Wolves", "Man United", "2-1")))
    for turn in range(2, 4):
        altered(place, home_goals=7.0)
        assert place.reparse("files").publications == (f"scrapes/published/{turn:012}.json",)


def test_what_is_not_stored_and_what_is_not_in_the_payloads_any_more_is_named(place: Place) -> None:
    place.take(OURS)
    place.take(WAITING)
    place.ports.matches.add_alias("England", "Aldermoor Rovers", "Aldermoor")
    place.ports.matches.add_alias("England", "Newcomers", "Newcomers")
    found = look(place, "whoscored")
    assert (found.new, found.gone, found.waiting) == ((), (), 0)
    place.take(month(numbered(8, "Newcomers", "Wolves", day="2025-08-23"), at=NOW - DAY / 2))
    with place.ports.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE matches SET match_id = 'e0-2025-26-newcomers-wolves-2' WHERE match_id LIKE '%newcomers-wolves'"
            )
        )
        connection.execute(sa.text("DELETE FROM source_matches"))
        connection.execute(sa.text("UPDATE match_versions SET kickoff = kickoff - 864000000000 * 3"))
    found = look(place, "whoscored")
    assert "e0-2025-26-newcomers-wolves" in found.new
    assert "e0-2025-26-newcomers-wolves-2" in found.gone


def test_what_a_later_payload_said_stands(place: Place) -> None:
    place.take(csv_file(("16/08/2025", "Wolves", "Man United", "2-1")))
    place.take(csv_file(("16/08/2025", "Wolves", "Man United", "3-1"), source="football-data", at=NOW))
    found = look(place, "files")
    assert (found.differences, found.later) == ((), 1)
    place.reparse("files")
    assert place.table()[MATCH]["home_goals"] == 3


def test_payloads_are_taken_in_the_order_in_which_they_came(place: Place) -> None:
    place.take(csv_file(("16/08/2025", "Wolves", "Man United", "2-1"), at=NOW - DAY))
    place.take(csv_file(("16/08/2025", "Wolves", "Man United", "4-1"), at=NOW))
    place.take(csv_file(("16/08/2025", "Wolves", "Man United", "9-1"), at=NOW - 3 * DAY))
    assert look(place, "files").differences == ()
    place.reparse("files")
    assert place.table()[MATCH]["home_goals"] == 4


def test_only_what_came_since_a_moment(place: Place) -> None:
    place.take(OURS)
    place.take(csv_file(("23/08/2025", "Wolves", "Aldermoor", "1-1"), at=NOW))
    assert look(place, "files", NOW).rows == 1
    with pytest.raises(NotFound, match="no payload"):
        look(place, "files", NOW + DAY)


def test_rows_that_waited_are_taken_in_with_their_details_once_the_name_is_known(place: Place) -> None:
    place.take(OURS)
    place.take(WAITING)
    place.take(match_page())
    assert look(place, "whoscored").waiting == 1
    place.ports.matches.add_alias("England", "Aldermoor Rovers", "Aldermoor")
    found = look(place, "whoscored")
    assert found.waiting == 0
    assert {one.column for one in found.differences} >= {"kickoff", "home_shots"}
    place.reparse("whoscored", since=NOW - 2 * DAY)
    row = place.table()["e0-2025-26-aldermoor-foxglove"]
    assert (row["home_goals"], row["home_shots"], row["kickoff_known"]) == (0, 3, True)
    assert place.ports.matches.linked("whoscored", [str(pages.MATCH)]) == {
        str(pages.MATCH): "e0-2025-26-aldermoor-foxglove"
    }
    assert look(place, "whoscored").differences == ()


def test_a_payload_that_is_refused_is_named_and_the_others_are_compared(place: Place) -> None:
    place.take(OURS)
    odd = csv_file(("16/08/2025", "Wolvess", "Man United", "2-1"), at=NOW)
    keep(place.ports, odd)
    found = look(place, "files")
    assert found.rows == 2
    assert [line.partition(":")[0] for line in found.refused] == ["E0.csv"]


def test_a_source_without_payloads_of_matches_is_refused(place: Place) -> None:
    with pytest.raises(NotFound):
        place.reparse("nowhere")
    with pytest.raises(UnknownName, match="prices"):
        look(place, "the-odds-api")


def test_a_request_that_cannot_be_understood_is_refused(place: Place) -> None:
    with pytest.raises(EventError, match="reparse"):
        place.reparse("files", until="tomorrow")


def test_details_are_compared_row_by_row_and_value_by_value(place: Place) -> None:
    schedule = month(numbered(pages.MATCH, "Wolves", "Man United"))
    place.take(schedule, match_page())
    assert look(place, "whoscored").differences == ()
    with place.ports.engine.begin() as connection:
        connection.execute(sa.text("UPDATE match_details SET venue = 'Elsewhere', attendance = NULL"))
        connection.execute(sa.text("UPDATE team_details SET formation = '352' WHERE side = 'home'"))
        connection.execute(sa.text("DELETE FROM line_ups WHERE player = 70003"))
        connection.execute(sa.text("UPDATE player_match_stats SET player = 7 WHERE player = 70004"))
    found = {(one.column, one.was, one.now) for one in look(place, "whoscored").differences}
    assert found == {
        ("match_details.venue", "Elsewhere", "Test Park"),
        ("match_details.attendance", None, 31000.0),
        ("team_details.formation (home)", "352", "433"),
        ("line_ups (70003)", None, "new"),
        ("player_stats (7)", "stored", None),
        ("player_stats (70004)", None, "new"),
    }
    assert place.reparse("whoscored").summary["details_changed"] > 0
    assert look(place, "whoscored").differences == ()
