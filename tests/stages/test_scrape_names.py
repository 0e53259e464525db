"""Names of sources: known ones are resolved, unknown ones wait where somebody else named the teams, none is guessed."""

from pathlib import Path

import pytest

from taken_in import DAY, NOW, Place, csv_file, month, numbered, open_season
from touchline.errors import UnknownName

OURS = csv_file(("16/08/2025", "Wolves", "Man United", "2-1"), ("17/08/2025", "Aldermoor", "Foxglove", "0-0"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_other_sources_call_a_club_is_known(place: Place) -> None:
    place.take(OURS)
    result = place.take(month(numbered(1, "Wolverhampton Wanderers", "Manchester United")))
    assert (result.summary["rows_waiting"], result.summary["teams_new"]) == (0, 0)
    assert set(place.table()) == {"e0-2025-26-wolves-man-united", "e0-2025-26-aldermoor-foxglove"}
    assert place.teams() == {"Wolves", "Man United", "Aldermoor", "Foxglove"}


@pytest.mark.parametrize("name", ["Aldermoor Rovers", "Something Else"])
def test_a_name_of_a_stranger_never_becomes_a_team_beside_ours(place: Place, name: str) -> None:
    place.take(OURS)
    rows = [numbered(1, "Wolves", "Man Utd"), numbered(2, name, "Foxglove", "1-0", day="2025-08-17")]
    result = place.take(month(*rows))
    assert place.teams() == {"Wolves", "Man United", "Aldermoor", "Foxglove"}
    assert place.ports.matches.linked("whoscored", ["1", "2"]) == {"1": "e0-2025-26-wolves-man-united"}
    assert result.outcome == "done"
    assert name in result.reason
    assert "1 rows wait" in result.reason
    assert "touchline teams unresolved" in result.reason
    [waiting] = place.ports.names.unresolved()
    assert (waiting.source, waiting.country, waiting.competition, waiting.name) == ("whoscored", "England", "E0", name)
    assert (waiting.rows, waiting.first_seen, waiting.payload) == (1, NOW - DAY, _digest(place))


def test_rows_wait_also_where_nobody_else_is_left_to_be_named(place: Place) -> None:
    place.take(OURS)
    strangers = numbered(2, "Thornmere", "Ravenpool", day="2025-08-17")
    for goals in ("1-0", "2-0"):
        result = place.take(month(numbered(1, "Wolves", "Man Utd", goals), strangers))
        assert (result.summary["rows_waiting"], result.summary["names_unresolved"]) == (1, 2)
    assert place.teams() == {"Wolves", "Man United", "Aldermoor", "Foxglove"}


def _digest(place: Place) -> str:
    [key] = [info.key for info in place.ports.store.list("payloads/whoscored/") if info.key.endswith(".gz")]
    return key.rpartition("/")[2].removesuffix(".gz")


def test_a_waiting_name_comes_with_the_teams_that_it_may_be(place: Place) -> None:
    place.take(OURS)
    place.take(month(numbered(2, "Aldermoore Rovers", "Foxglove", day="2025-08-17")))
    [waiting] = place.ports.names.unresolved()
    assert waiting.suggestions[0] == "Aldermoor"
    assert len(waiting.suggestions) <= 3


def test_the_first_to_speak_of_a_country_names_its_teams_and_may_add_some(place: Place) -> None:
    result = place.take(month(numbered(1, "Northbridge", "Aldermoor Rovers")))
    assert result.summary["new_teams"] == ["Aldermoor Rovers (England)", "Northbridge (England)"]
    place.take(month(numbered(3, "Foxglove", "Northbridge", day="2025-08-30")))
    assert place.teams() == {"Northbridge", "Aldermoor Rovers", "Foxglove"}
    result = place.take(open_season(("2025-08-30", "Foxglove", "Ironmead", (1, 1))))
    assert (result.summary["rows_waiting"], result.summary["names_unresolved"]) == (1, 1)
    assert "Ironmead" not in place.teams()


def test_a_new_club_takes_our_name_where_we_know_it(place: Place) -> None:
    place.take(month(numbered(1, "Wolverhampton Wanderers", "Nottingham Forest")))
    assert place.teams() == {"Wolves", "Nott'm Forest"}
    place.take(csv_file(("23/08/2025", "Nott'm Forest", "Wolves", "1-1"), at=NOW))
    assert place.teams() == {"Wolves", "Nott'm Forest"}


def test_a_look_alike_of_its_own_teams_waits_and_takes_no_other_row_with_it(place: Place) -> None:
    place.take(month(numbered(1, "Northbridge", "Aldermoor"), numbered(4, "Foxglove", "Jessamy")))
    result = place.take(
        month(
            numbered(2, "Northbridg", "Foxglove", day="2025-08-23"),
            numbered(3, "Aldermoor", "Jessamy", day="2025-08-23"),
        )
    )
    assert result.summary["rows_waiting"] == 1
    assert "e0-2025-26-aldermoor-jessamy" in place.table()
    assert [waiting.suggestions[0] for waiting in place.ports.names.unresolved()] == ["Northbridge"]


def test_a_team_that_a_person_declares_closes_no_country(place: Place) -> None:
    place.take(month(numbered(1, "Northbridge", "Aldermoor"), numbered(4, "Foxglove", "Jessamy")))
    place.ports.matches.add_alias("England", "Northbridg", "Northbridg")
    result = place.take(month(numbered(2, "Northbridg", "Newcomers", day="2025-08-23")))
    assert result.summary["new_teams"] == ["Newcomers (England)"]


def test_files_are_as_they_were(place: Place) -> None:
    place.take(month(numbered(1, "Northbridge", "Aldermoor")))
    place.take(csv_file(("23/08/2025", "Foxglove", "Ironmead", "1-1"), at=NOW))
    assert {"Foxglove", "Ironmead"} <= place.teams()
    with pytest.raises(UnknownName, match="look of known"):
        place.take(csv_file(("30/08/2025", "Foxglov", "Ironmead", "1-1"), at=NOW + DAY))


def test_football_data_and_files_name_teams_alike(place: Place) -> None:
    place.take(csv_file(("16/08/2025", "Wolves", "Aldermoor", "2-1"), source="football-data"))
    result = place.take(csv_file(("23/08/2025", "Aldermoor", "Jessamy", "1-1"), at=NOW))
    assert result.summary["new_teams"] == ["Jessamy (England)"]
    result = place.take(open_season(("2025-08-30", "Jessamy", "Ironmead", (1, 1))))
    assert result.summary["rows_waiting"] == 1


def test_a_name_is_remembered_once_with_what_came_last(place: Place) -> None:
    place.take(OURS)
    rows = [
        numbered(2, "Strangers", "Foxglove", day="2025-08-17"),
        numbered(3, "Strangers", "Wolves", day="2025-08-24"),
    ]
    place.take(month(rows[0], at=NOW - 2 * DAY))
    place.take(month(*rows, at=NOW))
    [waiting] = place.ports.names.unresolved()
    assert (waiting.rows, waiting.first_seen, waiting.last_seen) == (2, NOW - 2 * DAY, NOW)
    place.ports.names.resolved("whoscored", "England", "Strangers")
    assert place.ports.names.unresolved() == []


def test_rows_that_wait_are_counted_over_all_payloads_of_a_run(place: Place) -> None:
    place.take(OURS)
    first, second = (
        month(numbered(number, "Strangers", team, day=f"2025-08-{number}"), at=NOW - number * DAY)
        for number, team in ((17, "Foxglove"), (24, "Wolves"))
    )
    assert place.take(first, second).summary["rows_waiting"] == 2
    [waiting] = place.ports.names.unresolved()
    assert (waiting.rows, waiting.last_seen) == (2, NOW - 17 * DAY)


def test_the_same_club_waits_once_for_each_source(place: Place) -> None:
    place.take(OURS)
    place.take(month(numbered(2, "Strangers", "Foxglove", day="2025-08-17")))
    place.take(open_season(("2025-08-17", "Strangers", "Foxglove", (2, 1))))
    assert {one.source for one in place.ports.names.unresolved()} == {"whoscored", "openfootball"}


def test_the_list_of_new_teams_stays_short(place: Place) -> None:
    rows = [
        numbered(at, f"Club {chr(65 + at)}{chr(97 + at) * 9}", f"Team {chr(65 + at)}{chr(107 + at) * 9}")
        for at in range(12)
    ]
    told = place.take(month(*rows)).summary["new_teams"]
    assert len(told) == 21
    assert told[-1] == "and 4 more"
