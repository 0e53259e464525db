"""When a row is known, and what is left of it before."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.domain.availability import KNOWN_AFTER, available_time, withhold
from touchline.domain.simulation import simulate
from touchline.domain.vocabulary import CLOSING_COLUMNS, IDENTITY, MATCH_COLUMNS, ODDS_COLUMNS, STATISTIC_COLUMNS

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAYED = simulate(7, NOW + timedelta(days=400), seasons=2).query("season == '2025-26'")


def match(kickoff: datetime, *, known: bool = True) -> pd.DataFrame:
    return PLAYED.head(1).assign(
        kickoff=pd.Series([kickoff], PLAYED.index[:1]).astype("datetime64[us, UTC]"), kickoff_known=known
    )


def test_each_column_is_known_beforehand_or_has_a_rule():
    assert set(KNOWN_AFTER) == set(MATCH_COLUMNS) - set(IDENTITY) | {"status"}


@given(st.sampled_from(sorted(KNOWN_AFTER)), st.integers(-300, 600))
def test_a_column_is_empty_until_its_rule_says(column, minutes):
    full = match(NOW).assign(**dict.fromkeys(set(KNOWN_AFTER) - {"status"}, 2.0))
    row, _ = withhold(full, NOW + timedelta(minutes=minutes))
    told = row[column].item() != "scheduled" if column == "status" else row[column].notna().item()
    assert told == (timedelta(minutes=minutes) >= KNOWN_AFTER[column])


def test_a_result_is_known_five_hours_after_kickoff():
    assert available_time(match(NOW)).item() == NOW + timedelta(hours=5)


def test_without_a_time_it_is_known_five_hours_after_the_day():
    noon = NOW.replace(hour=12)
    assert available_time(match(noon, known=False)).item() == datetime(2026, 3, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "status", "before", "after"),
    [
        (timedelta(hours=-2), "scheduled", False, False),
        (timedelta(hours=-1), "scheduled", True, False),
        (timedelta(hours=4, minutes=59), "scheduled", True, False),
        (timedelta(hours=5), "finished", True, True),
    ],
)
def test_what_is_known_when(since, status, before, after):
    row, hidden = withhold(match(NOW), NOW + since)
    assert row["status"].item() == status
    assert hidden == (status == "scheduled")
    assert row["odds_avg_home"].notna().item() is before
    assert row["home_goals"].notna().item() is after
    assert row["closing_avg_home"].notna().item() is after


def test_nothing_but_what_is_unknown_goes():
    row, _ = withhold(match(NOW), NOW)
    kept = [column for column in IDENTITY if column != "status"]
    pd.testing.assert_frame_equal(row[kept], match(NOW)[kept])
    assert row[[*STATISTIC_COLUMNS, *CLOSING_COLUMNS]].isna().all(axis=None)


def test_fixtures_are_not_counted_as_withheld():
    table, hidden = withhold(match(NOW).assign(status="scheduled"), NOW)
    assert hidden == 0
    assert table["status"].item() == "scheduled"


def test_the_given_table_stays_as_it_is():
    before = PLAYED.copy()
    withhold(PLAYED, NOW)
    pd.testing.assert_frame_equal(PLAYED, before)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=2, max_size=2))
def test_knowledge_grows_and_never_changes(days):
    early, late = (datetime(2025, 8, 1, tzinfo=UTC) + timedelta(days=day) for day in sorted(days))
    once, _ = withhold(PLAYED, early)
    again, _ = withhold(withhold(PLAYED, late)[0], early)
    pd.testing.assert_frame_equal(once, again)
    later, _ = withhold(PLAYED, late)
    columns = [*ODDS_COLUMNS, *STATISTIC_COLUMNS]
    pd.testing.assert_frame_equal(later[columns].where(once[columns].notna()), once[columns])
