"""Walking through history never looks ahead, and tells what it did."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import pandas as pd
import pytest

from made_matches import league
from touchline.domain.availability import available_time
from touchline.domain.vocabulary import CLOSING_COLUMNS, ODDS_COLUMNS, OUTCOMES, STATISTIC_COLUMNS
from touchline.errors import DataError
from touchline.learning.fitting import FitOptions
from touchline.learning.timeline import IDENTITY
from touchline.learning.walkforward import WalkOptions, backtest
from touchline.ports import Payload
from touchline.sources import tidy

OPTIONS = WalkOptions(refit_models_days=40, fit=FitOptions(trials=1, folds=2, families=("logistic",)))
START, END = date(2025, 8, 1), date(2025, 12, 1)
MODELS = ("ours", "prior", "elo", "dixon_coles", "bookmaker", "closing")


@cache
def walked():
    told = []
    return backtest(league(), START, END, OPTIONS, told.append), told


def columns(name):
    return [f"{name}_{outcome}" for outcome in OUTCOMES]


def test_every_match_of_the_period_is_forecast_once():
    rows = walked()[0].rows
    days = league()["kickoff"].dt.date
    asked = league()[(days >= START) & (days < END)]
    assert len(rows) == len(asked) > 60
    assert list(rows.columns[:8]) == [*IDENTITY, "season", "outcome", "home_goals", "away_goals"]
    assert (
        rows[["home_team", "away_team"]].apply(tuple, axis=1).tolist()
        == asked[["home_team", "away_team"]].apply(tuple, axis=1).tolist()
    )
    margin = (asked["home_goals"] - asked["away_goals"]).to_numpy()
    assert rows["outcome"].tolist() == np.select([margin > 0, margin == 0], [0, 1], 2).tolist()


@pytest.mark.parametrize("name", MODELS)
def test_every_model_gives_probabilities(name):
    p = walked()[0].rows[columns(name)].to_numpy()
    assert np.all((p > 0) & (p < 1))
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-9)


def test_scores_and_differences_are_told_with_their_intervals():
    found = walked()[0]
    scores, gaps = found.table(), found.paired()
    assert scores["model"].tolist() == list(MODELS)
    assert scores["n"].nunique() == 1
    for metric in ("rps", "log_loss", "brier", "accuracy"):
        assert np.all(scores[f"{metric}_low"] <= scores[metric])
        assert np.all(scores[metric] <= scores[f"{metric}_high"])
    assert gaps["against"].tolist() == list(MODELS[1:])
    direct = scores.set_index("model")["log_loss"]
    assert gaps.set_index("against")["log_loss"]["prior"] == pytest.approx(direct["ours"] - direct["prior"])


def test_progress_and_time_are_told():
    found, told = walked()
    refits = [line[:10] for line in told if "learnt from" in line]
    assert refits == ["2025-08-01", "2025-09-10", "2025-10-20", "2025-11-29"]
    assert set(found.seconds) == {"features", "tuning", "refits", "scoring"}


def test_what_comes_later_changes_nothing():
    """All that became known after a match is turned upside down: its forecast stays the same, bit for bit."""
    until = pd.Timestamp("2025-10-05", tz="UTC")
    later = league()["kickoff"] >= until
    turned = league().copy()
    home, away = turned["home_goals"].copy(), turned["away_goals"].copy()
    turned.loc[later, "home_goals"], turned.loc[later, "away_goals"] = away[later] + 3, home[later]
    turned.loc[later, [c for c in (*STATISTIC_COLUMNS, *ODDS_COLUMNS) if c not in ("home_goals", "away_goals")]] = (
        np.nan
    )
    before = walked()[0].rows
    after = backtest(turned, START, END, OPTIONS).rows
    early = (before["date"] < "2025-10-05").to_numpy()
    ours = [column for name in ("ours", "prior", "elo") for column in columns(name)]
    assert 20 < early.sum() < len(before)
    np.testing.assert_array_equal(before.loc[early, ours], after.loc[early, ours])
    assert not np.array_equal(before.loc[~early, ours], after.loc[~early, ours])


def test_a_match_planted_in_the_future_changes_nothing_before_it():
    """One more result, of the strangest score, at the end of the period: all forecasts before it stay, bit for bit."""
    planted = league().iloc[[-1]].assign(
        match_id="planted", kickoff=pd.Timestamp("2025-11-25 15:00", tz="UTC"), home_goals=15.0, away_goals=0.0,
        available_time=pd.Timestamp("2025-11-25 20:00", tz="UTC"),
    )  # fmt: skip
    before = walked()[0].rows
    after = backtest(pd.concat([league(), planted], ignore_index=True), START, END, OPTIONS).rows
    assert len(after) == len(before) + 1
    early = (before["date"] < "2025-11-25").to_numpy()
    said = [column for name in MODELS for column in columns(name)]
    np.testing.assert_array_equal(before.loc[early, said], after.loc[after["date"] < "2025-11-25", said])


def test_all_are_judged_on_the_matches_that_all_forecast():
    """Half of a month has no prices: those matches are forecast, but judge nobody."""
    bare = league().copy()
    bare.loc[bare["kickoff"].dt.strftime("%Y-%m") == "2025-10", list(ODDS_COLUMNS)] = np.nan
    found = backtest(bare, START, END, OPTIONS)
    without = found.rows[columns("bookmaker")].isna().any(axis=1)
    assert 0 < without.sum() < len(found.rows) / 2
    np.testing.assert_array_equal(found.common, ~without)
    counts = {one.n for one in (*found.scores.values(), *found.differences.values())}
    assert counts == {int((~without).sum())}
    judged = found.rows[~without]
    p = judged[columns("ours")].to_numpy()[np.arange(len(judged)), judged["outcome"]]
    assert found.scores["ours"].log_loss.value == pytest.approx(-np.log(p).mean())


def test_who_speaks_of_few_matches_is_left_out():
    bare = league().copy()
    bare.loc[bare["kickoff"] > pd.Timestamp("2025-09-01", tz="UTC"), list(CLOSING_COLUMNS)] = np.nan
    found = backtest(bare, START, END, OPTIONS)
    assert set(found.scores) == set(MODELS) - {"closing"}
    assert found.common.all()


def test_what_may_be_used_decides_what_is_used():
    results = backtest(league(), START, date(2025, 9, 1), WalkOptions(uses="results", fit=OPTIONS.fit))
    blind = league().copy()
    blind[list(ODDS_COLUMNS)] = np.nan
    blind[[name for name in STATISTIC_COLUMNS if "goals" not in name]] = np.nan
    again = backtest(blind, START, date(2025, 9, 1), WalkOptions(uses="results", fit=OPTIONS.fit))
    np.testing.assert_array_equal(results.rows[columns("ours")], again.rows[columns("ours")])


def test_a_match_s_own_prices_and_closing_prices_do_not_reach_our_forecast():
    day = pd.Timestamp("2025-11-30", tz="UTC") - timedelta(days=1)
    last = league()["kickoff"] >= day
    blind = league().copy()
    blind.loc[last, [*ODDS_COLUMNS, *CLOSING_COLUMNS]] = np.nan
    assert last.any()
    before, after = walked()[0].rows, backtest(blind, START, END, OPTIONS).rows
    np.testing.assert_array_equal(before[columns("ours")], after[columns("ours")])
    assert after[columns("closing")].isna().any(axis=None)


def test_a_match_s_own_prices_are_used_where_they_may_be_but_never_closing_ones():
    options = WalkOptions(uses="prices", refit_models_days=40, fit=OPTIONS.fit)
    last = league()["kickoff"] >= pd.Timestamp("2025-08-29", tz="UTC")
    said = []
    for hidden in ((), CLOSING_COLUMNS, ODDS_COLUMNS):
        table = league().copy()
        table.loc[last, list(hidden)] = np.nan
        said.append(backtest(table, START, date(2025, 9, 1), options).rows)
    final = said[0]["date"] >= "2025-08-29"
    assert final.any()
    np.testing.assert_array_equal(said[0][columns("ours")], said[1][columns("ours")])
    assert (said[0].loc[final, columns("ours")] != said[2].loc[final, columns("ours")]).any(axis=None)


def test_coarser_refreshes_see_less():
    weekly = backtest(league(), START, END, WalkOptions(refit_models_days=40, refit_ratings_days=28, fit=OPTIONS.fit))
    assert not np.array_equal(weekly.rows[columns("ours")], walked()[0].rows[columns("ours")])


def test_only_the_chosen_competitions_are_forecast():
    other = league().assign(competition="E9", match_id=league()["match_id"] + "-e9")
    both = pd.concat([league(), other], ignore_index=True)
    options = WalkOptions(refit_models_days=200, competitions=("SIM1",), fit=OPTIONS.fit)
    assert set(backtest(both, START, date(2025, 9, 1), options).rows["competition"]) == {"SIM1"}


def test_tables_without_identity_or_availability_are_completed():
    bare = league().drop(columns=["match_id", "available_time"])
    assert available_time(league()).equals(league()["available_time"])
    found = backtest(bare, START, date(2025, 9, 1), OPTIONS)
    full = backtest(league(), START, date(2025, 9, 1), OPTIONS)
    np.testing.assert_allclose(found.rows[columns("ours")], full.rows[columns("ours")], atol=1e-9)


def test_a_period_without_matches_is_named():
    with pytest.raises(DataError, match="no finished match from 1990-01-01"):
        backtest(league(), date(1990, 1, 1), date(1990, 6, 1), OPTIONS)


def test_a_period_without_history_is_refused():
    with pytest.raises(DataError, match="too few"):
        backtest(league(), date(2020, 1, 1), date(2026, 1, 1), WalkOptions(refit_models_days=3000, fit=OPTIONS.fit))


@pytest.mark.real
@pytest.mark.slow
def test_real_football_is_forecast_about_as_well_as_the_best_public_models(real_data):
    """Bundesliga 2022-24, learnt since 2005: clearly better than Elo alone, not better than closing prices."""
    raw = pd.read_parquet(
        real_data / "football_data_uk.parquet", filters=[("league", "==", "D1"), ("season", ">=", "2005-06")]
    )

    payload = Payload("test", "d1.csv", raw.to_csv(index=False).encode(), datetime.now(UTC))
    table = tidy.parse(payload).rows.assign(match_id=None)
    found = backtest(table, date(2022, 7, 1), date(2024, 7, 1), WalkOptions(fit=OPTIONS.fit))
    assert found.scores["ours"].n > 600
    assert 0.18 < found.scores["ours"].rps.value < 0.205
    assert found.differences["prior"].log_loss.high < -0.03
    assert found.differences["elo"].log_loss.value < 0.002
    assert found.differences["closing"].log_loss.value > -0.005
