"""Totals are scored on the same matches, against a share that looks back only and the goals that prices imply."""

import numpy as np
import pytest

from touchline.domain import joint_goals, price_goals, score_grid
from touchline.learning.total_scores import over_under_scores, shares_over

RATES = np.array([[1.6, 1.2], [0.9, 0.7], [2.4, 0.8]])
P = score_grid.outcomes(RATES, joint_goals.RHO)
MARKET = score_grid.outcomes(RATES, price_goals.RHO)
GOALS = np.array([[2.0, 1.0], [0.0, 0.0], [3.0, 1.0]])


def moments(*days):
    return np.array([f"2026-03-{day:02}" for day in days], "datetime64[us]")


def test_the_true_rates_and_the_prices_that_follow_from_them_are_worth_the_same():
    scores = over_under_scores(GOALS, (P, RATES), MARKET, np.full(3, 0.5))
    assert scores.n == 3
    assert scores.differences["market"].value == pytest.approx(0, abs=1e-6)
    assert scores.log_loss["base_rate"].value == pytest.approx(np.log(2))
    chance = np.clip(1 - np.exp(-RATES.sum(1)) * (1 + RATES.sum(1) + RATES.sum(1) ** 2 / 2), 0, 1)
    expected = -np.log(np.where(GOALS.sum(1) > 2.5, chance, 1 - chance)).mean()
    assert scores.log_loss["ours"].value == pytest.approx(expected, abs=1e-6)
    assert scores.differences["base_rate"].value == pytest.approx(expected - np.log(2), abs=1e-6)


def test_matches_without_a_price_or_a_forecast_are_left_out():
    market, ours = P.copy(), P.copy()
    market[0], ours[1] = np.nan, np.nan
    assert over_under_scores(GOALS, (ours, RATES), market, np.full(3, 0.5)).n == 1
    with pytest.raises(ValueError, match="no match"):
        over_under_scores(GOALS, (ours, RATES), np.full((3, 3), np.nan), np.full(3, 0.5))


def test_shares_know_what_was_available_and_learn_from_their_own_competition():
    goals = np.array([[3, 0]] * 40 + [[0, 0]] * 40, dtype=float)
    where = np.array(["many"] * 40 + ["few"] * 40, dtype=object)
    when = np.concatenate([moments(*[1] * 40), moments(*[2] * 40)])
    names = np.array(["many", "few", "other", "many"], dtype=object)
    early, late = (shares_over((goals, where, when), names, moments(*[day] * 4)) for day in (1, 3))
    assert early[0] > 0.9
    assert early[1] == early[2] == pytest.approx(41 / 42), "nothing known of it yet"
    assert late[0] > 0.75
    assert late[1] < 0.25
    assert late[2] == pytest.approx(0.5)
    shuffled = np.random.default_rng(0).permutation(80)
    again = shares_over((goals[shuffled], where[shuffled], when[shuffled]), names, moments(3, 3, 3, 3))
    np.testing.assert_allclose(again, late)
