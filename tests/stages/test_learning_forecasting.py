"""Forecasts of fixtures agree with themselves, know nothing of what came later, and say what stands behind them."""

from datetime import date
from functools import cache

import msgspec
import numpy as np
import pandas as pd
import pytest

from made_matches import league
from touchline.domain import score_grid
from touchline.domain.vocabulary import CLOSING_COLUMNS, ODDS_COLUMNS, OUTCOMES, STATISTIC_COLUMNS
from touchline.errors import DataError
from touchline.learning.certainty import FEW
from touchline.learning.fitting import FitOptions
from touchline.learning.forecasting import ForecastOptions, forecast
from touchline.learning.timeline import IDENTITY

OPTIONS = ForecastOptions(fit=FitOptions(trials=1, folds=2, families=("logistic",)))


@cache
def fixtures():
    days = league()["kickoff"].dt.date
    return league()[(days >= date(2025, 10, 1)) & (days < date(2025, 10, 20))]


@cache
def found():
    return forecast(league(), fixtures(), OPTIONS)


def test_fixtures_are_forecast_in_their_order():
    asked = fixtures().sample(frac=1, random_state=1)
    mixed = forecast(league(), asked, OPTIONS).table
    assert list(mixed.columns[:9]) == [*IDENTITY, "season", "kickoff", *OUTCOMES]
    assert mixed["home_team"].tolist() == asked["home_team"].tolist()
    plain = found().table.set_index(["home_team", "away_team"])
    again = mixed.set_index(["home_team", "away_team"]).loc[plain.index]
    np.testing.assert_allclose(again[list(OUTCOMES)], plain[list(OUTCOMES)], atol=1e-12)


def test_everything_that_is_said_of_a_match_agrees():
    table, grids = found().table, found().grids
    np.testing.assert_allclose(score_grid.results(grids), table[list(OUTCOMES)], atol=1e-12)
    long = found().long().assign(total=lambda t: t["home_goals"] + t["away_goals"])
    by_match = long.groupby("match")["probability"]
    np.testing.assert_allclose(by_match.sum(), 1)
    over = long[long["total"] > 2.5].groupby("match")["probability"].sum()
    np.testing.assert_allclose(over, table["over_25"])
    both = long[(long["home_goals"] > 0) & (long["away_goals"] > 0)].groupby("match")["probability"].sum()
    np.testing.assert_allclose(both, table["both_score"])
    mean = (long["home_goals"] * long["probability"]).groupby(long["match"]).sum()
    np.testing.assert_allclose(mean, table["expected_goals_home"])
    likeliest = long.loc[by_match.idxmax(), ["home_goals", "away_goals"]].astype(str).agg("-".join, axis=1)
    assert likeliest.tolist() == table["likeliest_score"].tolist()
    np.testing.assert_allclose(by_match.max(), table["likeliest_chance"])


def test_a_forecast_knows_nothing_of_the_fixtures_or_after():
    first = fixtures()["kickoff"].min()
    known = league()[league()["available_time"] <= first]
    unknown = dict.fromkeys((*STATISTIC_COLUMNS, *ODDS_COLUMNS, *CLOSING_COLUMNS), np.nan)
    emptied = fixtures().assign(**unknown, status="scheduled")
    assert forecast(known, emptied, OPTIONS).table.equals(found().table)


def test_what_is_known_of_the_teams_is_counted():
    table = found().table
    before = league()[league()["available_time"] <= fixtures()["kickoff"].min()]
    team = table["home_team"].iloc[0]
    played = ((before["home_team"] == team) | (before["away_team"] == team)).sum()
    assert table["home_matches"].iloc[0] == played > 5
    fewest = table[["home_matches", "away_matches"]].min(axis=1)
    assert (table["effective_matches"] < fewest).all()
    assert table["certainty"].tolist() == np.where(fewest < FEW, "few", "usual").tolist()
    assert table["certainty"].nunique() == 2
    assert set(table["uses"]) == {"past_prices"}


def test_newcomers_and_new_competitions_are_forecast_and_told():
    told = []
    strange = fixtures().head(3).assign(home_team=["Nobody Rovers", *fixtures()["home_team"].iloc[1:3]])
    cold = strange.tail(1).assign(competition="village-cup", home_team="Green", away_team="Blue")
    said = forecast(league(), pd.concat([strange, cold]), OPTIONS, told.append).table
    assert any("Nobody Rovers" in line for line in told)
    assert any("average competition: village-cup" in line for line in told)
    assert said["certainty"].tolist() == ["new_team", "usual", "usual", "new_competition"]
    assert said["home_matches"].iloc[[0, 3]].tolist() == [0, 0]
    assert said.drop(columns=["season", "kickoff"]).notna().all(axis=None)


def test_what_the_fixtures_leave_open_is_told():
    told: list[str] = []
    asked = fixtures().head(3)
    meant, *others = asked["home_team"]
    slip = asked.assign(kickoff_known=[True, False, True], home_team=[f"{meant[:-1]}zq", *others])
    options = msgspec.structs.replace(OPTIONS, uses="prices")
    forecast(league(), slip.assign(**dict.fromkeys(ODDS_COLUMNS, np.nan)), options, told.append)
    assert any(f"(or is it {meant}?)" in line for line in told)
    assert any("not timed: 1 of 3" in line for line in told)
    assert any("not priced: 3 of 3" in line for line in told)


def test_nothing_to_forecast_is_refused():
    with pytest.raises(DataError, match="no fixture"):
        forecast(league(), league().head(0), OPTIONS)
