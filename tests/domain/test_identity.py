"""Matches are recognised again, whatever order the payloads come in."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.domain.identity import Identified, identify
from touchline.ports import MatchRef

FEW = settings(deadline=None, max_examples=25)
MONDAY = datetime(2024, 9, 2, 9, tzinfo=UTC)


class Row(NamedTuple):
    """A match as a payload has it; `day` counts from MONDAY."""

    day: float
    status: str = "scheduled"
    home: str = "Celtic"
    away: str = "Hearts"
    season: str = "2024-25"


def table(*rows: Row) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "competition": "SC0",
            "season": [row.season for row in rows],
            "home_team": [row.home for row in rows],
            "away_team": [row.away for row in rows],
            "kickoff": pd.Series([MONDAY + timedelta(days=row.day) for row in rows], dtype="datetime64[us, UTC]"),
            "status": [row.status for row in rows],
        }
    )


class Store:
    """What the match store does with identified rows, as far as identity depends on it."""

    def __init__(self) -> None:
        self.refs: dict[str, MatchRef] = {}

    def feed(self, *rows: Row, at: float = 0) -> Identified:
        retrieved = MONDAY + timedelta(days=at)
        found = identify(table(*rows), self.refs.values(), retrieved)
        for row in found.rows.itertuples():
            known = self.refs.get(row.match_id)
            if known is None or known.seen <= retrieved:
                self.refs[row.match_id] = MatchRef(
                    row.match_id,
                    row.competition,
                    row.season,
                    row.home_team,
                    row.away_team,
                    row.kickoff.to_pydatetime(),
                    row.status,
                    retrieved,
                )
        return found

    @property
    def state(self) -> dict[str, tuple[float, str]]:
        days = {name: (ref.kickoff - MONDAY) / timedelta(days=1) for name, ref in self.refs.items()}
        return {name: (days[name], ref.status) for name, ref in sorted(self.refs.items())}


FIRST, SECOND, THIRD = (f"sc0-2024-25-celtic-hearts{suffix}" for suffix in ("", "-2", "-3"))


class TestOneMatch:
    def test_a_name_is_made_of_slugs(self):
        store = Store()
        store.feed(Row(1, home="Preußen Münster", away="St. Pauli"))
        assert list(store.refs) == ["sc0-2024-25-preussen-munster-st-pauli"]

    def test_the_result_of_a_fixture_keeps_its_name(self):
        store = Store()
        store.feed(Row(5))
        store.feed(Row(5, "finished"), at=6)
        assert store.state == {FIRST: (5, "finished")}

    def test_another_hour_of_the_same_day_is_the_same_match(self):
        store = Store()
        store.feed(Row(5))
        store.feed(Row(5.4), at=1)
        assert list(store.refs) == [FIRST]

    def test_a_kickoff_after_midnight_in_london_is_on_the_day_that_the_source_says(self):
        store = Store()
        store.feed(Row(5 + 14.5 / 24))  # 23:30 UTC, half past midnight in British summer
        store.feed(Row(6 + 3 / 24, "finished"), at=8)  # a source with dates only: noon
        assert store.state == {FIRST: (6 + 3 / 24, "finished")}

    def test_a_moved_fixture_keeps_its_name(self):
        store = Store()
        store.feed(Row(5))
        store.feed(Row(12), at=3)
        store.feed(Row(12, "finished"), at=13)
        assert store.state == {FIRST: (12, "finished")}

    def test_a_moved_match_may_show_up_with_its_result_first(self):
        store = Store()
        store.feed(Row(5))
        store.feed(Row(20, "finished"), at=21)
        assert store.state == {FIRST: (20, "finished")}

    def test_a_postponed_match_keeps_its_name(self):
        store = Store()
        store.feed(Row(5, "postponed"), at=5)
        store.feed(Row(40), at=20)
        assert store.state == {FIRST: (40, "scheduled")}

    def test_a_season_later_is_another_match(self):
        store = Store()
        store.feed(Row(5), Row(370, season="2025-26"))
        assert len(store.refs) == 2

    def test_home_and_away_are_two_matches(self):
        store = Store()
        store.feed(Row(5), Row(90, home="Hearts", away="Celtic"))
        assert len(store.refs) == 2


class TestFurtherMeetings:
    def test_they_are_numbered_in_order_of_their_days(self):
        store = Store()
        store.feed(Row(150, "finished"), Row(5, "finished"), Row(200, "finished"), at=210)
        assert store.state == {FIRST: (5, "finished"), SECOND: (150, "finished"), THIRD: (200, "finished")}

    def test_a_second_meeting_after_a_result(self):
        store = Store()
        store.feed(Row(5, "finished"), at=6)
        store.feed(Row(150), at=100)
        store.feed(Row(150, "finished"), at=151)
        assert store.state == {FIRST: (5, "finished"), SECOND: (150, "finished")}

    def test_an_old_result_is_not_the_fixture_ahead(self):
        store = Store()
        store.feed(Row(150), at=100)
        store.feed(Row(5, "finished"), at=100)
        assert store.state == {FIRST: (150, "scheduled"), SECOND: (5, "finished")}

    def test_the_earliest_open_meeting_is_the_one_that_was_moved(self):
        store = Store()
        store.feed(Row(5), Row(150))
        store.feed(Row(30, "finished"), at=31)
        assert store.state == {FIRST: (30, "finished"), SECOND: (150, "scheduled")}

    def test_a_meeting_on_its_day_is_not_taken_for_the_moved_one(self):
        store = Store()
        store.feed(Row(5), Row(150))
        store.feed(Row(30), Row(150), at=2)
        assert store.state == {FIRST: (30, "scheduled"), SECOND: (150, "scheduled")}


class TestStaleFixtures:
    def test_a_fixture_beside_its_result_is_left_out(self):
        store = Store()
        store.feed(Row(5, "finished"), at=6)
        assert store.feed(Row(5), at=7).stale == 1
        assert store.state == {FIRST: (5, "finished")}

    def test_an_older_fixture_does_not_come_back_after_the_match_was_moved(self):
        store = Store()
        store.feed(Row(12), at=3)
        assert store.feed(Row(5), at=1).stale == 1
        assert store.state == {FIRST: (12, "scheduled")}

    def test_an_older_fixture_does_not_come_back_after_the_result(self):
        store = Store()
        store.feed(Row(12, "finished"), at=13)
        assert store.feed(Row(5), at=1).stale == 1
        assert store.state == {FIRST: (12, "finished")}

    def test_an_older_fixture_of_a_later_meeting_is_kept(self):
        store = Store()
        store.feed(Row(12, "finished"), at=13)
        store.feed(Row(150), at=1)
        assert store.state == {FIRST: (12, "finished"), SECOND: (150, "scheduled")}


def test_of_one_match_twice_the_later_row_counts():
    found = identify(table(Row(5), Row(5.2, "finished")), [], MONDAY)
    assert found.repeated == 1
    assert found.rows["status"].tolist() == ["finished"]


def test_no_rows_are_fine():
    assert identify(table(), [], MONDAY).rows.empty


MEETINGS = st.lists(st.integers(0, 250), min_size=1, max_size=4, unique=True)


@FEW
@given(MEETINGS, st.integers(0, 300))
def test_feeding_again_changes_nothing(days, today):
    rows = [Row(day, "finished" if day < today else "scheduled") for day in days]
    store = Store()
    store.feed(*rows, at=today)
    before = dict(store.refs)
    assert store.feed(*rows, at=today).stale == 0
    assert store.refs == before
    assert len(before) == len(days)


@FEW
@given(st.data())
def test_the_order_of_season_files_does_not_matter(data):
    seasons = [f"{year}-{year % 100 + 1}" for year in (2021, 2022, 2023)]
    pairs = st.permutations(["Celtic", "Hearts", "Dundee"]).map(lambda names: tuple(names[:2]))
    files = [
        [
            Row(day, "finished", *data.draw(pairs), season)
            for day in sorted(data.draw(st.lists(st.integers(0, 250), min_size=1, max_size=6, unique=True)))
        ]
        for season in seasons
    ]
    one, other = Store(), Store()
    for rows in files:
        one.feed(*rows, at=1000)
    for rows in data.draw(st.permutations(files)):
        other.feed(*data.draw(st.permutations(rows)), at=1000)
    assert one.state == other.state


@FEW
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 30)), min_size=1, max_size=5))
def test_however_often_a_match_is_moved_it_stays_one(moves):
    store, today = Store(), 0
    store.feed(Row(10))
    for wait, ahead in moves:
        today += wait
        store.feed(Row(today + ahead), at=today)
    store.feed(Row(today + 40, "finished"), at=today + 41)
    assert store.state == {FIRST: (today + 40, "finished")}


@FEW
@given(st.permutations([0, 1, 2, 3]))
def test_late_deliveries_end_in_the_same_state(order):
    payloads = [(Row(5), 0), (Row(12), 3), (Row(19), 10), (Row(19, "finished"), 20)]
    store = Store()
    for place in order:
        row, at = payloads[place]
        store.feed(row, at=at)
    assert store.state == {FIRST: (19, "finished")}
