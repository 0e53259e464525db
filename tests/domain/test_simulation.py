"""The simulated league: plausible, the same for the same seed, and the same past however late one looks."""

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.domain.simulation import CLUBS, MOVERS, simulate
from touchline.domain.vocabulary import MATCH_COLUMNS, ODDS_COLUMNS, OUTCOMES, OVERROUND_BOUNDS, slug

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def league() -> pd.DataFrame:
    return simulate(7, NOW)


@pytest.fixture(scope="module")
def played(league: pd.DataFrame) -> pd.DataFrame:
    return league[league["status"] == "finished"]


def test_it_is_a_tidy_table(league):
    assert list(league.columns) == [*MATCH_COLUMNS, "available_time"]
    assert str(league["kickoff"].dtype) == str(league["available_time"].dtype) == "datetime64[us, UTC]"
    assert league["match_id"].is_unique
    assert league.equals(league.sort_values(["kickoff", "match_id"], ignore_index=True))


def test_everybody_meets_everybody_twice(league):
    for _, season in league.groupby("season"):
        assert len(season) == 380
        assert len(set(zip(season["home_team"], season["away_team"], strict=True))) == 380


def test_no_club_plays_twice_within_three_days(league):
    for team in league["home_team"].unique():
        kickoffs = league.loc[(league["home_team"] == team) | (league["away_team"] == team), "kickoff"]
        assert kickoffs.sort_values().diff().min() > timedelta(days=3)


def test_three_clubs_go_down_and_three_come_up(league):
    clubs = league.groupby("season")["home_team"].agg(set).tolist()
    assert all(len(after - before) == MOVERS for before, after in itertools.pairwise(clubs))


def test_the_last_of_a_season_go_down(league):
    season = league[league["season"] == "2023-24"]
    lead = season["home_goals"] - season["away_goals"]
    home = season.assign(points=3 * (lead > 0) + (lead == 0) + lead / 1000).groupby("home_team")["points"].sum()
    away = season.assign(points=3 * (lead < 0) + (lead == 0) - lead / 1000).groupby("away_team")["points"].sum()
    last = set((home + away).nsmallest(MOVERS).index)
    assert not last & set(league.loc[league["season"] == "2024-25", "home_team"])


def test_results_look_like_football(played):
    lead = np.sign(played["home_goals"] - played["away_goals"])
    assert 0.38 < (lead == 1).mean() < 0.50
    assert 0.20 < (lead == 0).mean() < 0.31
    assert 2.4 < (played["home_goals"] + played["away_goals"]).mean() < 3.2


def test_statistics_agree_with_the_goals(played):
    for side in ("home", "away"):
        assert (played[f"{side}_goals_half_time"] <= played[f"{side}_goals"]).all()
        assert (played[f"{side}_goals"] <= played[f"{side}_shots_on_target"]).all()
        assert (played[f"{side}_shots_on_target"] <= played[f"{side}_shots"]).all()
        assert played[f"{side}_shots"].corr(played[f"{side}_goals"]) > 0.2


@pytest.mark.parametrize("prefix", ["odds_b365", "odds_avg", "closing_b365", "closing_avg"])
def test_prices_have_a_margin(played, prefix):
    overround = (1 / played[[f"{prefix}_{outcome}" for outcome in OUTCOMES]]).sum(axis=1)
    assert overround.between(1.0, OVERROUND_BOUNDS[1]).all()


def test_closing_prices_know_more():
    league = pd.concat([simulate(seed, NOW, seasons=20) for seed in (1, 2)])
    finished = league[league["status"] == "finished"]
    column = np.sign(finished["away_goals"] - finished["home_goals"]).astype(int).to_numpy() + 1

    def log_loss(prefix: str) -> float:
        inverse = 1 / finished[[f"{prefix}_{outcome}" for outcome in OUTCOMES]].to_numpy()
        return float(-np.log((inverse / inverse.sum(axis=1, keepdims=True))[np.arange(len(column)), column]).mean())

    assert log_loss("closing_avg") < log_loss("odds_avg") < np.log(3) - 0.05


def test_fixtures_come_without_results_and_prices(league):
    ahead = league[league["status"] == "scheduled"]
    assert (ahead["available_time"] > NOW).all()
    assert ahead["kickoff_known"].all()
    assert ahead["kickoff"].min() < NOW + timedelta(days=1)
    assert ahead["kickoff"].max() > NOW + timedelta(days=14)
    assert ahead[["home_goals", "home_shots", "closing_avg_home"]].isna().all(axis=None)
    assert ahead.loc[ahead["kickoff"] > NOW + timedelta(hours=1), list(ODDS_COLUMNS)].isna().all(axis=None)


def test_prices_are_known_an_hour_before(league):
    kickoff = league.loc[league["kickoff"] > NOW, "kickoff"].min().to_pydatetime()
    match = simulate(7, kickoff - timedelta(minutes=30)).query("kickoff == @kickoff")
    assert match["status"].item() == "scheduled"
    assert match["odds_avg_home"].notna().all()


def test_between_seasons_the_next_one_is_announced():
    league = simulate(7, datetime(2026, 6, 20, tzinfo=UTC), seasons=2)
    assert league.groupby("season")["status"].unique().map(list).to_dict() == {
        "2025-26": ["finished"],
        "2026-27": ["scheduled"],
    }


def test_names_are_of_one_word_and_apart():
    assert len({slug(name) for name in CLUBS}) == len(CLUBS)
    assert len({name[:4] for name in CLUBS}) == len(CLUBS)


def test_another_seed_is_another_league(league):
    assert not league["home_goals"].equals(simulate(8, NOW)["home_goals"])


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    days=st.lists(st.integers(0, 1500), min_size=2, max_size=2),
    teams=st.sampled_from([6, 12, 20]),
)
def test_the_past_stays_as_it_was(seed, days, teams):
    earlier, later = (datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in sorted(days))
    before, after = simulate(seed, earlier, teams=teams), simulate(seed, later, seasons=11, teams=teams)
    past = before[before["available_time"] <= earlier].reset_index(drop=True)
    again = after[after["match_id"].isin(past["match_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(past, again)
    assert set(before["match_id"]) <= set(after["match_id"])


@pytest.mark.parametrize(
    ("teams", "seasons", "year"), [(7, 6, 2026), (4, 6, 2026), (24, 6, 2026), (20, 0, 2026), (20, 6, 1999)]
)
def test_impossible_leagues_are_refused(teams, seasons, year):
    with pytest.raises(ValueError, match=r"teams|nothing is known"):
        simulate(7, datetime(year, 3, 2, tzinfo=UTC), seasons, teams)
