"""Rows whose number says which match they are: they are that match on any day, and no other row is."""

from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.identity import Identified, identify
from touchline.ports import MatchRef

MONDAY = datetime(2024, 9, 2, 9, tzinfo=UTC)
GROUP = "sc0-2024-25-celtic-hearts"


def stored(match_id: str, day: int, status: str = "scheduled", seen: int = 0) -> MatchRef:
    moments = [MONDAY + timedelta(days=count) for count in (day, seen)]
    return MatchRef(match_id, "SC0", "2024-25", "Celtic", "Hearts", moments[0], status, moments[1])


def rows(*matches: tuple[str | None, int, str]) -> pd.DataFrame:
    """Rows of number, day, status."""
    return pd.DataFrame(
        {
            "competition": "SC0", "season": "2024-25", "home_team": "Celtic", "away_team": "Hearts",
            "source_id": pd.Series([number for number, *_ in matches], dtype="str"),
            "kickoff": pd.Series([MONDAY + timedelta(days=day) for _, day, _ in matches], dtype="datetime64[us, UTC]"),
            "status": [status for *_, status in matches],
        }
    )  # fmt: skip


def ids(found: Identified) -> dict[str, str]:
    return dict(zip(found.rows["source_id"], found.rows["match_id"], strict=True))


def at(day: int) -> datetime:
    return MONDAY + timedelta(days=day)


def test_the_number_says_it_whatever_the_day() -> None:
    found = identify(rows(("7", -20, "finished")), [stored(GROUP, 5, seen=1)], at(2), {"7": GROUP})
    assert ids(found) == {"7": GROUP}


def test_who_takes_the_day_that_a_numbered_match_left_is_another_match() -> None:
    moved, replay = ("7", 30, "scheduled"), ("8", 5, "scheduled")
    found = identify(rows(moved, replay), [stored(GROUP, 5)], at(1), {"7": GROUP})
    assert ids(found) == {"7": GROUP, "8": f"{GROUP}-2"}


def test_a_match_with_another_number_is_not_moved_here() -> None:
    row = rows(("8", 40, "scheduled"))
    assert ids(identify(row, [stored(GROUP, 5)], at(1))) == {"8": GROUP}
    assert ids(identify(row, [stored(GROUP, 5)], at(1), {}, {GROUP})) == {"8": f"{GROUP}-2"}


def test_a_match_that_got_a_new_number_is_still_the_one_of_that_day() -> None:
    found = identify(rows(("8", 5, "finished")), [stored(GROUP, 5)], at(6), {}, {GROUP})
    assert ids(found) == {"8": GROUP}


def test_a_fixture_beside_a_result_is_stale_whatever_its_number() -> None:
    found = identify(rows(("7", 9, "scheduled")), [stored(GROUP, 5, "finished")], at(10), {"7": GROUP})
    assert (len(found.rows), found.stale) == (0, 1)


def test_a_link_to_a_match_that_is_not_among_the_stored_says_nothing() -> None:
    assert ids(identify(rows(("7", 5, "finished")), [], at(6), {"7": "elsewhere"})) == {"7": GROUP}


days = st.integers(0, 60)


@given(st.lists(days, min_size=1, max_size=4, unique=True), st.data())
def test_numbers_that_were_linked_keep_their_matches_through_any_reshuffle(
    first: list[int], data: st.DataObject
) -> None:
    numbers = [str(place) for place in range(len(first))]
    before = identify(
        rows(*((number, day, "scheduled") for number, day in zip(numbers, first, strict=True))), [], at(0)
    )
    linked = ids(before)
    assert len(set(linked.values())) == len(numbers)
    refs = [
        stored(match_id, round((kickoff - MONDAY) / timedelta(days=1)))
        for match_id, kickoff in zip(before.rows["match_id"], before.rows["kickoff"], strict=True)
    ]
    moved = data.draw(st.lists(days, min_size=len(first), max_size=len(first), unique=True))
    extra = data.draw(days.filter(lambda day: day not in moved))
    after = rows(
        *((number, day, "scheduled") for number, day in zip(numbers, moved, strict=True)), ("new", extra, "scheduled")
    )
    found = ids(identify(after, refs, at(61), linked, set(linked.values())))
    assert {number: found[number] for number in numbers} == linked
    assert found["new"] not in {linked[number] for number in numbers}
