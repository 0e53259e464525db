"""Names of seasons, the days that they cover, and how a range of them is asked for."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.seasons import bounds, label, normalise, season_of, start_year, years

YEARS = st.integers(1900, 2098)


@given(YEARS, st.booleans())
def test_a_label_names_its_year(year, calendar_year):
    assert start_year(label(year, calendar_year)) == year
    assert normalise(label(year, calendar_year)) == label(year, calendar_year)


@given(st.dates(date(1900, 1, 1), date(2098, 12, 31)), st.booleans())
def test_a_day_lies_within_its_season(day, calendar_year):
    first, last = bounds(season_of(day, calendar_year))
    assert first <= day <= last


@given(YEARS, st.booleans())
def test_seasons_follow_each_other(year, calendar_year):
    first, last = bounds(label(year, calendar_year))
    following, _ = bounds(label(year + 1, calendar_year))
    assert first < following <= last + timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "season"),
    [
        ("2012/2013", "2012-13"),
        ("2012/13", "2012-13"),
        ("2012-2013", "2012-13"),
        ("1999-00", "1999-00"),
        ("1999/2000", "1999-00"),
        (" 2024 ", "2024"),
    ],
)
def test_seasons_are_written_in_many_ways(text, season):
    assert normalise(text) == season


@pytest.mark.parametrize("text", ["", "24-25", "2024-26", "2024-24", "2024--25", "season 2024", "2024-25-26"])
def test_what_names_no_season_is_refused(text):
    with pytest.raises(ValueError, match="is no season; write 2024-25"):
        start_year(text)


def test_late_endings_belong_to_their_season():
    assert bounds("2019-20")[0] < date(2019, 7, 12)
    assert bounds("2019-20")[1] > date(2020, 8, 7)
    assert bounds("2020")[1] > date(2021, 2, 26)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], [2025]),
        (["2018-19"], [2018]),
        (["2018/2019"], [2018]),
        (["2018"], [2018]),
        (["2018-2021"], [2018, 2019, 2020, 2021]),
        (["2023-"], [2023, 2024, 2025]),
        (["2025-"], [2025]),
        (["2019-20", "2018-2020", "2019"], [2018, 2019, 2020]),
    ],
)
def test_ranges_of_seasons(texts, expected):
    assert years(texts, current=2025) == tuple(expected)


def test_two_years_in_full_are_a_range_also_if_they_follow_each_other():
    assert years(["2018-2019"], current=2025) == (2018, 2019)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-27", "season 2026-27 has not begun; the current one is 2025-26"),
        ("2021-2018", "it starts after it ends"),
        ("2026-", "it starts after it ends"),
        ("last", "'last' is no season"),
        ("-2018", "is no season"),
    ],
)
def test_impossible_ranges_are_named(text, message):
    with pytest.raises(ValueError, match=message):
        years([text], current=2025)
