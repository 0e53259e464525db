"""What many matches together must look like, and which features know too much."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.domain import gates
from touchline.domain.gate_distributions import single_accuracy
from touchline.domain.gates import GateReport
from touchline.domain.simulation import simulate

NAMES = ("strength", "form", "noise")


def checks(report: GateReport) -> set[tuple[str, str]]:
    return {(failure.check, failure.column) for failure in report.failures}


@pytest.fixture(scope="module")
def finished() -> pd.DataFrame:
    return gates.part("finished", simulate(3, datetime(2026, 3, 2, tzinfo=UTC), seasons=5, teams=12))


def features(rows: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    table = pd.DataFrame(rng.normal(size=(rows, len(NAMES))), columns=list(NAMES))
    noisy = table["strength"] + rng.normal(scale=1.5, size=rows)
    outcome = np.select([noisy > 0.5, noisy > -0.5], [0, 1], 2).astype("int8")
    return table.assign(outcome=outcome, match_id=[f"m-{row}" for row in range(rows)])


class TestFinished:
    def test_swapped_scores_show_in_the_rates(self, finished: pd.DataFrame) -> None:
        worse = finished.assign(home_goals=0.0, away_goals=2.0)
        report = gates.check("finished", worse)
        assert not report.passed
        assert {("outcome rate", "home"), ("outcome rate", "draw"), ("outcome rate", "away")} <= checks(report)

    def test_a_shifted_column_shows_in_the_goals(self, finished: pd.DataFrame) -> None:
        report = gates.check("finished", finished.assign(home_goals=finished["home_shots"]))
        assert ("mean goals", "goals") in checks(report)
        assert "outside 1.8 to 4.0" in report.of("error")[0].examples[0]

    def test_one_odd_season_is_only_told(self, finished: pd.DataFrame) -> None:
        odd = finished.copy()
        season = odd.index[odd["season"] == odd["season"].min()]
        odd.loc[season[::3], ["home_goals", "away_goals"]] = [1.0, 1.0]
        report = gates.check("finished", odd)
        assert report.passed
        assert ("odd outcome rate", "draw") in checks(report)

    def test_few_matches_have_no_rates(self, finished: pd.DataFrame) -> None:
        few = finished.head(60).assign(home_goals=0.0)
        assert checks(gates.check("finished", few, min_finished=10)) == set()

    def test_a_statistic_that_went_missing_is_told(self, finished: pd.DataFrame) -> None:
        gone = finished.copy()
        gone.loc[gone["season"] == gone["season"].max(), "home_corners"] = np.nan
        report = gates.check("finished", gone)
        assert report.passed
        assert checks(report) == {("statistic went missing", "home_corners")}
        assert "missing in 100% more" in report.failures[0].examples[0]

    def test_a_statistic_that_was_never_there_is_not_missed(self, finished: pd.DataFrame) -> None:
        assert checks(gates.check("finished", finished.assign(home_corners=np.nan))) == set()

    def test_the_figures_are_told(self, finished: pd.DataFrame) -> None:
        figures = gates.check("finished", finished).statistics
        assert figures["home"] + figures["draw"] + figures["away"] == pytest.approx(1, abs=0.001)
        assert figures["first"] < figures["last"]


class TestSeasons:
    @pytest.mark.parametrize(
        ("kept", "check"), [(0.9, None), (0.7, "season shrank"), (0.3, "season shrank"), (0.2, "season collapsed")]
    )
    def test_a_past_season_keeps_its_size(self, finished: pd.DataFrame, kept: float, check: str | None) -> None:
        second = sorted(finished["season"].unique())[1]
        rows = finished[finished["season"] == second]
        report = gates.check("raw", finished.drop(index=rows.index[int(len(rows) * kept) :]))
        assert {name for name, _ in checks(report)} == ({check} if check else set())
        assert report.passed == (check != "season collapsed")

    def test_the_newest_season_may_still_be_going_on(self, finished: pd.DataFrame) -> None:
        newest = finished.index[finished["season"] == finished["season"].max()]
        assert gates.check("raw", finished.drop(index=newest[10:])).failures == ()

    def test_seasons_with_a_gap_are_not_compared(self, finished: pd.DataFrame) -> None:
        _, second, third, _ = sorted(finished["season"].unique())
        rows = finished.index[finished["season"] == third]
        gap = finished[finished["season"] != second].drop(index=rows[20:])
        assert gates.check("raw", gap).failures == ()


class TestFeatures:
    def test_good_features_pass(self) -> None:
        report = gates.check("features", features(), columns=NAMES)
        assert (report.passed, report.failures, report.statistics["columns"]) == (True, (), 3)

    def test_columns_are_declared(self) -> None:
        with pytest.raises(ValueError, match="declared columns"):
            gates.check("features", features())

    def test_columns_are_in_their_order(self) -> None:
        report = gates.check("features", features()[["form", "strength", "noise"]], columns=NAMES)
        assert {check for check, _ in checks(report)} == {"column order"}

    def test_columns_are_neither_more_nor_less(self) -> None:
        report = gates.check("features", features().drop(columns="noise").assign(extra=1.0), columns=NAMES)
        assert checks(report) == {("missing column", "noise"), ("unknown column", "extra")}

    @pytest.mark.parametrize("value", [np.inf, -np.inf])
    def test_a_feature_is_never_infinite(self, value: float) -> None:
        table = features()
        table.loc[7, "form"] = value
        report = gates.check("features", table, columns=NAMES)
        (failure,) = report.failures
        assert (failure.check, failure.column, failure.count) == ("not finite", "form", 1)
        assert failure.examples == (f"m-7: form = {value}",)

    def test_a_missing_feature_is_fine(self) -> None:
        table = features()
        table.loc[:400, "form"] = np.nan
        assert gates.check("features", table, columns=NAMES).failures == ()

    def test_rows_without_a_name_are_told_by_their_place(self) -> None:
        table = features().drop(columns=["match_id", "outcome"])
        table.loc[7, "form"] = np.inf
        assert gates.check("features", table, columns=NAMES).failures[0].examples == ("7: form = inf",)

    def test_a_feature_that_is_never_known_is_told(self) -> None:
        report = gates.check("features", features().assign(form=np.nan), columns=NAMES)
        assert (report.passed, checks(report)) == (True, {("mostly missing", "form")})

    def test_a_table_of_nothing_is_refused(self) -> None:
        report = gates.check("features", features().assign(form=np.nan, noise=np.nan, strength=np.nan), columns=NAMES)
        assert ("all mostly missing", "features") in checks(report)
        assert not report.passed

    def test_no_match_at_all_is_fine(self) -> None:
        assert gates.check("features", features().head(0), columns=NAMES).passed

    def test_an_outcome_is_one_of_three(self) -> None:
        table = features()
        table.loc[3, "outcome"] = 3
        assert checks(gates.check("features", table, columns=NAMES)) == {("bad outcome", "outcome")}

    @pytest.mark.parametrize("rows", [120, 600, 30_000])
    def test_a_feature_that_knows_the_result_is_refused(self, rows: int) -> None:
        table = features(rows)
        table["form"] = np.where(table["outcome"] == 1, np.nan, table["outcome"] * 10.0)
        report = gates.check("features", table, columns=NAMES)
        assert (report.passed, checks(report)) == (False, {("leak", "form")})

    def test_a_dozen_matches_tell_nothing_of_leaks(self) -> None:
        table = features(50)
        table["form"] = table["outcome"].astype(float)
        assert gates.check("features", table, columns=NAMES).passed


@settings(max_examples=40, deadline=None)
@given(outcome=st.lists(st.sampled_from([0, 1, 2]), min_size=60, max_size=200), scale=st.floats(0.1, 50))
def test_law_a_copy_of_the_outcome_names_it(outcome: list[int], scale: float) -> None:
    y = np.array(outcome)
    knows = single_accuracy(y * scale, y)
    guess = single_accuracy(np.zeros(len(y)), y)
    assert guess == pytest.approx(np.bincount(y).max() / len(y))
    assert knows >= guess
    if np.bincount(y, minlength=3).min() >= len(y) // 5:
        assert knows == 1.0


@pytest.mark.real
@pytest.mark.slow
def test_real_features_of_one_division_do_not_leak(real_data: Path) -> None:
    """Closing prices are the best single columns there are, and far from the bound."""
    columns = ["league", "season", "result", "avgc_h", "avgc_a", "b365_h"]
    table = pd.read_parquet(real_data / "football_data_uk.parquet", columns=columns).dropna()
    outcome = table["result"].map({"H": 0, "D": 1, "A": 2}).to_numpy()
    best = max(single_accuracy(table[name].to_numpy(dtype=float), outcome) for name in columns[3:])
    assert 0.48 < best < 0.55
