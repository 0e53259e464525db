"""The data contract: good tables pass, each impossible thing is named with its rows, and nothing else is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snapshots import league
from touchline.domain import gates
from touchline.domain.gate_report import CHECKS
from touchline.domain.gates import GateReport
from touchline.domain.vocabulary import MATCH_COLUMNS, ODDS_BOUNDS, STATISTIC_BOUNDS, odds_columns, side_columns

ROW = 40
Spoil = Callable[[pd.DataFrame], pd.DataFrame]


def spoiled(table: pd.DataFrame, column: str, value: Any, row: int = ROW) -> pd.DataFrame:
    table = table.copy()
    table.loc[row, column] = value
    return table


def found(report: GateReport) -> set[tuple[str, str, int]]:
    return {(failure.check, failure.column, failure.count) for failure in report.failures}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return league(2)


@pytest.mark.parametrize("kind", ["raw", "finished", "upcoming"])
def test_the_simulated_league_passes_without_a_word(table: pd.DataFrame, kind: Any) -> None:
    part = gates.part(kind, table)
    report = gates.check(kind, part)
    assert (report.passed, report.failures, report.rows) == (True, (), len(part))


def test_the_parts_are_told_by_status(table: pd.DataFrame) -> None:
    assert set(gates.part("finished", table)["status"]) == {"finished"}
    assert set(gates.part("upcoming", table)["status"]) == {"scheduled"}
    assert len(gates.part("raw", table)) == len(table)


class TestStructure:
    def test_every_column_is_needed(self, table: pd.DataFrame) -> None:
        report = gates.check("raw", table[["match_id"]])
        assert not report.passed
        assert found(report) == {
            ("missing column", column, len(table)) for column in (*MATCH_COLUMNS[1:], "available_time")
        }

    def test_a_column_that_nobody_declared_is_refused(self, table: pd.DataFrame) -> None:
        report = gates.check("raw", table.assign(referee="unknown"))
        assert found(report) == {("unknown column", "referee", len(table))}

    @pytest.mark.parametrize(
        ("column", "kind", "told"),
        [
            ("home_goals", "int64", "int64"),
            ("kickoff", "str", "str"),
            ("kickoff_known", "float64", "float64"),
            ("odds_avg_home", "str", "str"),
        ],
    )
    def test_every_column_has_its_type(self, table: pd.DataFrame, column: str, kind: str, told: str) -> None:
        report = gates.check("raw", table.assign(**{column: table[column].fillna(0).astype(kind)}))
        (failure,) = report.failures
        assert (failure.check, failure.column) == ("column type", column)
        assert told in failure.examples[0]

    def test_times_are_aware(self, table: pd.DataFrame) -> None:
        report = gates.check("raw", table.assign(kickoff=table["kickoff"].dt.tz_localize(None)))
        assert ("column type", "kickoff", len(table)) in found(report)

    def test_nothing_else_is_looked_at_without_the_structure(self, table: pd.DataFrame) -> None:
        report = gates.check("raw", spoiled(table, "home_goals", -1).drop(columns="season"))
        assert {failure.check for failure in report.failures} == {"missing column"}
        assert report.statistics == {}


RAW_FAULTS: list[tuple[str, str, Any]] = [
    ("bad key", "match_id", "Not A Key"),
    ("bad season", "season", "2024-26"),
    ("bad season", "season", "2024/25"),
    ("unknown value", "status", "halted"),
    ("missing value", "competition", None),
    ("missing value", "kickoff", pd.NaT),
    ("missing value", "available_time", pd.NaT),
    ("not whole", "home_yellow_cards", 1.2),
    *(("out of range", side_columns(name)[1], high + 1.0) for name, (_, high) in STATISTIC_BOUNDS.items()),
    *(("out of range", side_columns(name)[0], low - 1.0) for name, (low, _) in STATISTIC_BOUNDS.items()),
    ("out of range", "odds_b365_home", 1.0),
    ("out of range", "odds_b365_home", 0.0),
    ("out of range", "closing_avg_away", ODDS_BOUNDS[1] * 2),
]


class TestRaw:
    @pytest.mark.parametrize(("check", "column", "value"), RAW_FAULTS)
    def test_one_impossible_value_is_named(self, table: pd.DataFrame, check: str, column: str, value: Any) -> None:
        report = gates.check("raw", spoiled(table, column, value))
        assert not report.passed
        assert (check, column, 1) in found(report)

    def test_the_offending_row_is_named(self, table: pd.DataFrame) -> None:
        report = gates.check("raw", spoiled(table, "home_corners", 99))
        (failure,) = report.failures
        assert failure.examples == (f"{table.loc[ROW, 'match_id']}: home_corners = 99.0",)

    def test_examples_are_few_and_the_count_is_right(self, table: pd.DataFrame) -> None:
        report = gates.check("raw", table.assign(home_fouls=999.0))
        (failure,) = report.failures
        assert (failure.count, len(failure.examples)) == (len(table), 5)

    def test_a_match_stands_once(self, table: pd.DataFrame) -> None:
        twice = spoiled(table, "match_id", table.loc[ROW - 1, "match_id"])
        report = gates.check("raw", twice)
        assert ("not unique", "match_id", 2) in found(report)

    def test_a_team_does_not_play_itself(self, table: pd.DataFrame) -> None:
        report = gates.check("raw", spoiled(table, "home_team", table.loc[ROW, "away_team"]))
        assert ("home is away", "home_team, away_team", 1) in found(report)

    @pytest.mark.parametrize("days", [-300, 400])
    def test_a_match_lies_within_its_season(self, table: pd.DataFrame, days: int) -> None:
        moved = spoiled(table, "kickoff", table.loc[ROW, "kickoff"] + pd.Timedelta(days=days))
        report = gates.check("raw", moved.sort_values(["kickoff", "match_id"]))
        assert found(report) == {("outside season", "season, kickoff", 1)}

    def test_a_swapped_day_and_month_is_found(self, table: pd.DataFrame) -> None:
        kickoff = table["kickoff"]
        row = table.index[(kickoff.dt.month >= 9) & (kickoff.dt.day <= 5)][0]
        wrong = kickoff[row].replace(day=kickoff[row].month, month=kickoff[row].day)
        report = gates.check("raw", spoiled(table, "kickoff", wrong, row).sort_values(["kickoff", "match_id"]))
        assert found(report) == {("outside season", "season, kickoff", 1)}

    def test_rows_are_in_order(self, table: pd.DataFrame) -> None:
        assert ("not sorted", "kickoff", 1) in found(gates.check("raw", table.iloc[[1, 0, *range(2, len(table))]]))

    def test_the_index_says_nothing(self, table: pd.DataFrame) -> None:
        bad = spoiled(table, "home_corners", 99).set_index(np.zeros(len(table), dtype=int))
        assert found(gates.check("raw", bad)) == {("out of range", "home_corners", 1)}

    def test_a_price_has_three_parts(self, table: pd.DataFrame) -> None:
        report = gates.check("raw", spoiled(table, "odds_b365_draw", np.nan))
        assert found(report) == {("half a price", ", ".join(odds_columns("b365")), 1)}

    @pytest.mark.parametrize("price", [1.1, 30.0])
    def test_prices_belong_together(self, table: pd.DataFrame, price: float) -> None:
        bad = table.copy()
        bad.loc[ROW, list(odds_columns("avg"))] = price
        assert found(gates.check("raw", bad)) == {("overround", ", ".join(odds_columns("avg")), 1)}

    def test_the_best_prices_of_many_may_promise_a_gain(self, table: pd.DataFrame) -> None:
        best = table.copy()
        best.loc[ROW, list(odds_columns("max"))] = 3.5
        assert gates.check("raw", best).failures == ()

    def test_goals_do_not_go_away(self, table: pd.DataFrame) -> None:
        bad = spoiled(table, "home_goals_half_time", table.loc[ROW, "home_goals"] + 1)
        assert found(gates.check("raw", bad)) == {("half time above full time", "home_goals_half_time, home_goals", 1)}

    def test_more_shots_on_target_than_shots_is_only_told(self, table: pd.DataFrame) -> None:
        odd = spoiled(table, "away_shots_on_target", table.loc[ROW, "away_shots"] + 1)
        report = gates.check("raw", odd)
        assert report.passed
        assert found(report) == {("on target above shots", "away_shots_on_target, away_shots", 1)}

    def test_the_same_teams_meet_once_a_day(self, table: pd.DataFrame) -> None:
        double = pd.concat([table, table.loc[[ROW]].assign(match_id=table.loc[ROW, "match_id"] + "-2")])
        report = gates.check("raw", double.sort_values(["kickoff", "match_id"]))
        assert found(report) == {("duplicate fixture", "home_team, away_team, kickoff", 1)}

    def test_a_missing_season_is_loud_and_does_not_crash(self, table: pd.DataFrame) -> None:
        assert ("missing value", "season", 1) in found(gates.check("raw", spoiled(table, "season", None)))

    def test_an_empty_table_has_no_fault(self, table: pd.DataFrame) -> None:
        assert gates.check("raw", table.head(0)).passed

    @settings(max_examples=8, deadline=None)
    @given(row=st.integers(0, 100), fault=st.sampled_from(RAW_FAULTS))
    def test_law_a_fault_anywhere_refuses_the_table(self, row: int, fault: tuple[str, str, Any]) -> None:
        check, column, value = fault
        table = league(2)
        report = gates.check("raw", spoiled(table, column, value, row))
        assert not report.passed
        assert any(failure.check == check and failure.column == column for failure in report.of("error"))

    def test_the_table_itself_is_left_alone(self, table: pd.DataFrame) -> None:
        before = table.copy(deep=True)
        gates.check("raw", table)
        pd.testing.assert_frame_equal(table, before)


class TestFinished:
    def finished(self, table: pd.DataFrame) -> pd.DataFrame:
        return gates.part("finished", table)

    @pytest.mark.parametrize("column", ["home_goals", "away_goals"])
    def test_both_scores_are_there(self, table: pd.DataFrame, column: str) -> None:
        report = gates.check("finished", spoiled(self.finished(table), column, np.nan))
        assert found(report) == {("no score", column, 1)}

    def test_a_result_is_known_after_kickoff(self, table: pd.DataFrame) -> None:
        early = spoiled(self.finished(table), "available_time", table.loc[ROW, "kickoff"])
        assert found(gates.check("finished", early)) == {("known too early", "kickoff, available_time", 1)}

    def test_other_statuses_do_not_belong_here(self, table: pd.DataFrame) -> None:
        mixed = spoiled(self.finished(table), "status", "awarded")
        assert found(gates.check("finished", mixed)) == {("wrong status", "status", 1)}

    def test_there_are_enough(self, table: pd.DataFrame) -> None:
        few = self.finished(table).head(30)
        assert found(gates.check("finished", few)) == {("too few matches", "match_id", 30)}
        assert gates.check("finished", few, min_finished=30).passed

    def test_none_at_all_is_too_few(self, table: pd.DataFrame) -> None:
        report = gates.check("finished", table.head(0))
        assert found(report) == {("too few matches", "match_id", 0)}


class TestUpcoming:
    @pytest.mark.parametrize("column", ["home_goals", "away_red_cards"])
    def test_a_match_to_come_has_no_score(self, table: pd.DataFrame, column: str) -> None:
        coming = gates.part("upcoming", table)
        report = gates.check("upcoming", spoiled(coming, column, 1.0, coming.index[0]))
        assert (report.passed, found(report)) == (False, {("score of unplayed", column, 1)})

    def test_a_closing_price_before_kickoff_is_told(self, table: pd.DataFrame) -> None:
        coming = gates.part("upcoming", table)
        report = gates.check("upcoming", spoiled(coming, "closing_ps_home", 2.0, coming.index[0]))
        assert (report.passed, found(report)) == (True, {("closing price too early", "closing_ps_home", 1)})

    def test_other_statuses_do_not_belong_here(self, table: pd.DataFrame) -> None:
        coming = gates.part("upcoming", table)
        report = gates.check("upcoming", spoiled(coming, "status", "postponed", coming.index[0]))
        assert found(report) == {("wrong status", "status", 1)}

    def test_no_fixture_at_all_is_fine(self, table: pd.DataFrame) -> None:
        assert gates.check("upcoming", table.head(0)).passed


def test_every_check_is_described() -> None:
    assert all(severity in ("error", "warning") and advice.endswith(".") for severity, advice in CHECKS.values())
