"""When too few results are a gap, and when they are a break."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.source_health import LATE, Volume, is_stale, volumes, windows

NOW = datetime(2026, 3, 7, 4, 40, tzinfo=UTC)


class Match(NamedTuple):
    competition: str
    kickoff: datetime
    status: str


def matches(*days: float, code: str = "E0", status: str = "finished") -> list[Match]:
    """Matches so many days ago."""
    return [Match(code, NOW - timedelta(days=day), status) for day in days]


def of(*groups: list[Match]) -> Volume:
    (found,) = volumes([one for group in groups for one in group], ["E0"], NOW)
    return found


LAST_YEAR = matches(*[364 + shift + day for shift in (-7, 0, 7) for day in (1, 1.1, 2, 2.1, 3, 4)])


def test_a_week_like_that_of_the_last_year_is_no_gap() -> None:
    found = of(LAST_YEAR, matches(1, 2, 3))
    assert (found.finished, found.usual, found.shrunken) == (3, 6, False)


def test_a_week_with_less_than_half_is_a_gap_where_no_calendar_is_known() -> None:
    assert of(LAST_YEAR, matches(1, 2)).shrunken


def test_a_week_without_matches_is_a_break_where_the_calendar_is_known() -> None:
    coming = matches(-3, status="scheduled")
    assert not of(LAST_YEAR, coming).shrunken
    assert of(LAST_YEAR, coming, matches(3, status="scheduled")).shrunken


def test_matches_of_the_last_two_days_are_not_missed_yet() -> None:
    assert of(LAST_YEAR, matches(-3, 1.9, status="scheduled")).missing == 0
    assert of(LAST_YEAR, matches(-3, 2.1, status="scheduled")).missing == 1


def test_a_break_that_moved_by_a_week_is_none() -> None:
    broken = [one for one in LAST_YEAR if not timedelta(364) < NOW - one.kickoff < timedelta(371)]
    assert not of(broken).shrunken


@pytest.mark.parametrize("usual", [[], LAST_YEAR[:3]])
def test_outside_the_season_nothing_is_missed(usual: list[Match]) -> None:
    assert not of(usual).shrunken


def test_each_competition_is_looked_at_alone() -> None:
    found = volumes([*LAST_YEAR, *matches(1, 2, 3, code="E1")], ["E0", "E1"], NOW)
    assert [(one.competition, one.finished, one.shrunken) for one in found] == [("E0", 0, True), ("E1", 3, False)]


@given(st.lists(st.floats(-13, 400), max_size=40))
def test_all_that_counts_lies_in_the_windows(days: list[float]) -> None:
    everything = matches(*days)
    seen = [one for one in everything if any(first <= one.kickoff <= last for first, last in windows(NOW))]
    assert volumes(everything, ["E0"], NOW) == volumes(seen, ["E0"], NOW)


@pytest.mark.parametrize(("age", "due", "stale"), [(2.1, 1, True), (2.1, 0, False), (1.9, 1, False), (None, 5, False)])
def test_who_owes_something_for_days_is_stale(age: float | None, due: int, stale: bool) -> None:
    assert timedelta(days=2) == LATE
    assert is_stale(None if age is None else NOW - timedelta(days=age), due, NOW) is stale
