"""Laws of the joint distribution of goals."""

from datetime import UTC, datetime
from math import exp, factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain import score_grid
from touchline.domain.forecasts import MatchForecast
from touchline.domain.joint_goals import goals_of, joint
from touchline.domain.odds_goals import rates_of
from touchline.domain.score_grid import LIKELIEST, LINES, RATES, SIZE, grid, markets, outcomes, reconcile, results

rate = st.floats(*RATES)
usual = st.floats(0.1, 5.0)
rhos = st.floats(-0.5, 0.5)
GOALS = np.arange(SIZE)


@st.composite
def chances(draw):
    parts = np.array([draw(st.floats(0.01, 1.0)) for _ in range(3)])
    return parts / parts.sum()


@given(rate, rate, rhos)
def test_every_score_has_a_chance_and_all_of_them_sum_to_one(home, away, rho):
    made = grid([[home, away]], rho)
    assert made.shape == (1, SIZE, SIZE)
    assert made.min() >= 0
    assert made.sum() == pytest.approx(1, abs=1e-12)


@given(rate, rate, rhos)
def test_home_and_away_are_treated_alike(home, away, rho):
    np.testing.assert_allclose(grid([[home, away]], rho)[0], grid([[away, home]], rho)[0].T, atol=1e-15)


@given(usual, usual, rhos)
def test_the_correction_leaves_each_side_s_goals_and_totals_above_two_as_they_are(home, away, rho):
    plain, moved = grid([[home, away]])[0], grid([[home, away]], rho)[0]
    np.testing.assert_allclose(moved.sum(axis=0), plain.sum(axis=0), atol=1e-12)
    np.testing.assert_allclose(moved.sum(axis=1), plain.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(markets(moved[None]).over[:, 2:], markets(plain[None]).over[:, 2:], atol=1e-12)


@given(usual, usual)
def test_below_zero_the_correction_makes_draws_likelier(home, away):
    draws = [outcomes([[home, away]], rho)[0, 1] for rho in (0.1, 0.0, -0.1)]
    assert draws[0] < draws[1] < draws[2]


def test_scores_are_those_of_poisson_s_formula():
    made = grid([[1.7, 0.6]])[0]
    for home, away in ((0, 0), (2, 1), (5, 3)):
        expected = exp(-1.7 - 0.6) * 1.7**home * 0.6**away / factorial(home) / factorial(away)
        assert made[home, away] == pytest.approx(expected, rel=1e-9)


def test_low_scores_are_corrected_as_dixon_and_coles_do():
    plain, made = grid([[1.7, 0.6]])[0], grid([[1.7, 0.6]], -0.1)[0]
    ratio = made[:3, :3] / plain[:3, :3]
    expected = np.array([[1 + 1.7 * 0.6 * 0.1, 1 - 1.7 * 0.1, 1], [1 - 0.6 * 0.1, 1 + 0.1, 1], [1, 1, 1]])
    np.testing.assert_allclose(ratio, expected, rtol=1e-9)


@given(usual, usual, st.floats(0.01, 0.5), rhos)
def test_a_side_that_may_expect_more_goals_wins_and_scores_more(home, away, more, rho):
    less, greater = markets(grid([[home, away]], rho)), markets(grid([[home + more, away]], rho))
    assert np.all(greater.over[:, 2:] > less.over[:, 2:])
    assert greater.expected_goals[0, 0] > less.expected_goals[0, 0]
    p, q = outcomes([[home, away]])[0], outcomes([[home + more, away]])[0]
    assert q[0] > p[0]
    assert q[2] < p[2]


@given(usual, usual, rhos)
def test_expected_goals_are_the_rates(home, away, rho):
    np.testing.assert_allclose(markets(grid([[home, away]], rho)).expected_goals, [[home, away]], rtol=2e-5)


@given(rate, rate, rhos)
def test_results_without_a_grid_are_those_of_the_grid(home, away, rho):
    np.testing.assert_allclose(outcomes([[home, away]], rho), results(grid([[home, away]], rho)), atol=1e-12)


@given(usual, usual, rhos, chances())
def test_a_reconciled_grid_has_exactly_the_chances_that_were_told(home, away, rho, wanted):
    made = reconcile(grid([[home, away]], rho), [wanted])
    assert made.min() >= 0
    np.testing.assert_allclose(results(made)[0], wanted, atol=1e-12)
    np.testing.assert_allclose(reconcile(made, [wanted]), made, atol=1e-12)


@given(usual, usual, rhos)
def test_a_grid_that_agrees_already_stays(home, away, rho):
    made = grid([[home, away]], rho)
    np.testing.assert_allclose(reconcile(made, results(made)), made, atol=1e-12)


@given(st.floats(0.8, 2.2), st.floats(0.6, 2.0), st.floats(-0.05, 0.05), st.floats(-0.04, 0.04))
def test_small_corrections_of_the_result_move_expected_goals_little(home, away, wins, draws):
    made = grid([[home, away]], -0.08)
    wanted = results(made) + np.array([[wins, draws, -wins - draws]])
    gap = markets(reconcile(made, wanted)).expected_goals - [[home, away]]
    assert np.abs(gap).max() < 0.3
    assert wins + draws / 2 == pytest.approx(0, abs=0.01) or (gap[0, 0] - gap[0, 1]) * (wins + draws / 2) > 0


@given(usual, usual, rhos, chances())
def test_what_people_ask_of_a_grid_agrees_with_its_scores(home, away, rho, wanted):
    made = reconcile(grid([[home, away]], rho), [wanted])
    found, total = markets(made), np.add.outer(GOALS, GOALS)
    for place, line in enumerate(LINES):
        assert found.over[0, place] == pytest.approx(made[0][total > line].sum(), abs=1e-12)
    assert np.all(np.diff(found.over[0]) <= 0)
    assert found.both_score[0] == pytest.approx(1 - made[0, 0].sum() - made[0, :, 0].sum() + made[0, 0, 0], abs=1e-12)
    ordered = np.sort(made[0].ravel())[::-1]
    np.testing.assert_allclose(found.score_chances[0], ordered[:LIKELIEST])
    assert [made[0, h, a] for h, a in found.scores[0]] == found.score_chances[0].tolist()


@given(usual, usual, st.floats(-0.15, 0.1))
def test_the_chances_of_the_result_lead_back_to_the_rates(home, away, rho):
    found = rates_of(outcomes([[home, away]], rho), rho)
    np.testing.assert_allclose(outcomes(found, rho), outcomes([[home, away]], rho), atol=1e-8)


@given(st.lists(chances(), min_size=1, max_size=5))
def test_any_chances_lead_to_rates_within_the_bounds(rows):
    found = rates_of([*rows, [np.nan, 0.5, 0.5]])
    assert np.isnan(found[-1]).all()
    assert np.all((found[:-1] >= RATES[0]) & (found[:-1] <= RATES[1]))


def test_rows_are_worked_on_one_by_one():
    rng = np.random.default_rng(3)
    rates, p = rng.uniform(0.3, 3.0, (50, 2)), rng.dirichlet([4, 3, 3], 50)
    together = joint(p, rates).grids
    alone = np.concatenate([joint(p[[row]], rates[[row]]).grids for row in range(50)])
    np.testing.assert_array_equal(together, alone)


@given(chances(), usual, usual)
def test_a_forecast_without_expected_goals_takes_them_from_its_chances(wanted, home, away):
    found = joint([wanted, wanted], [[np.nan, np.nan], [home, away]])
    assert np.isfinite(found.rates).all()
    np.testing.assert_allclose(results(found.grids), [wanted, wanted], atol=1e-12)
    np.testing.assert_allclose(found.rates[1], [home, away])


@pytest.mark.parametrize("rates", [[[0.0, 1.0]], [[1.0, 9.0]], [[np.nan, 1.0]], [[-1.0, 1.0]]])
def test_rates_without_a_grid_are_refused(rates):
    with pytest.raises(ValueError, match="expected goals"):
        grid(rates)


def test_impossible_chances_and_other_counts_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        rates_of([[1.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match="2 grids, 1 rows"):
        reconcile(grid([[1.0, 1.0]] * 2), [[0.4, 0.3, 0.3]])


def test_wild_rates_are_brought_within_the_bounds():
    assert score_grid.bounded([[1e9, 0.0]]).tolist() == [[RATES[1], RATES[0]]]


def match(number=0, **changes):
    told = {"home": 0.5, "draw": 0.3, "away": 0.2, "rates": (1.6, 0.9), "rho": -0.1} | changes
    return MatchForecast(
        match_id=f"m{number}", competition="E0", season="2025-26", kickoff=datetime(2026, 3, 2, tzinfo=UTC),
        kickoff_known=True, home_team="Leeds", away_team="Everton", **told,
    )  # fmt: skip


def test_a_published_forecast_tells_of_goals_what_its_grid_says():
    matches = [match(0), match(1, rates=(2.5, 1.9), rho=0.0), match(2, rates=None)]
    chances = [[each.home, each.draw, each.away] for each in matches[:2]]
    made = joint(chances, [each.rates for each in matches[:2]], np.array([each.rho for each in matches[:2]])).grids
    found, told = markets(made), goals_of(matches)
    assert list(told) == ["m0", "m1"]
    for place, goals in enumerate(told.values()):
        expected = [goals.expected_goals_home, goals.expected_goals_away]
        np.testing.assert_allclose(expected, found.expected_goals[place], atol=1e-12)
        np.testing.assert_allclose([goals.over_25, goals.both_score], [found.over[place, 2], found.both_score[place]])
        assert goals.likeliest_score == "{}-{}".format(*found.scores[place, 0])
    assert told["m1"].over_25 > 0.75 > told["m0"].over_25


@pytest.mark.parametrize("matches", [[], [match(0, rates=None)]])
def test_without_expected_goals_nothing_is_told_of_goals(matches):
    assert goals_of(matches) == {}


@pytest.mark.parametrize("p", [[0.99, 0.006, 0.004], [0.008, 0.012, 0.98], [0.006, 0.009, 0.985]])
def test_a_clear_favourite_is_to_score_more_whatever_the_chance_of_a_draw(p: list[float]) -> None:
    home, away = rates_of([p])[0]
    assert (home > away) == (p[0] > p[2])
