"""A pool is one forecaster made of several: laws of the blend, and what serving makes of scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain import score_grid
from touchline.domain.pooling import FORMAT, Member, Pool, blend, rates_of, softmax


@st.composite
def pools(draw):
    """Forecasts of up to four members of the same matches, and their weights."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    members, n = draw(st.integers(1, 4)), draw(st.integers(1, 30))
    return list(rng.dirichlet((1, 1, 1), (members, n))), rng.dirichlet(np.ones(members)).tolist()


@given(pools())
def test_a_blend_is_a_forecast(drawn):
    p = blend(*drawn)
    assert np.all(p > 0)
    np.testing.assert_allclose(p.sum(axis=1), 1)


@given(pools())
def test_who_all_agree_are_repeated(drawn):
    (first, *_), weights = drawn
    np.testing.assert_allclose(blend([first] * len(weights), weights), first, atol=1e-7)


@given(pools())
def test_odds_between_two_outcomes_are_the_weighted_mean_of_the_members(drawn):
    forecasts, weights = drawn
    gap = [np.log(p[:, 0] / p[:, 2]) for p in np.maximum(forecasts, 1e-9)]
    p = blend(forecasts, weights)
    np.testing.assert_allclose(np.log(p[:, 0] / p[:, 2]), np.average(gap, axis=0, weights=weights), atol=1e-6)


@given(pools(), st.permutations([0, 1, 2]))
def test_names_of_outcomes_do_not_matter(drawn, order):
    forecasts, weights = drawn
    turned = blend([p[:, order] for p in forecasts], weights)
    np.testing.assert_allclose(turned, blend(forecasts, weights)[:, order], atol=1e-12)


def test_one_who_says_never_does_not_silence_the_others():
    p = blend([[[1.0, 0.0, 0.0]], [[0.2, 0.3, 0.5]]], [0.5, 0.5])
    assert np.all(p > 0)


class TestScores:
    pool = Pool(
        FORMAT,
        (
            Member(family="logistic", weight=0.75, first=0),
            Member(family="goals", weight=0.25, first=3, rho=-0.1),
        ),
    )
    scores = np.array([[0.4, 0.0, -0.2, np.log(1.6), np.log(0.9)], [0.0, 0.0, 0.0, 0.0, 0.0]])

    def test_each_member_reads_its_own(self):
        logistic, goals = self.pool.members
        np.testing.assert_allclose(logistic.forecast(self.scores), softmax(self.scores[:, :3]))
        np.testing.assert_allclose(goals.forecast(self.scores), score_grid.outcomes([[1.6, 0.9], [1, 1]], -0.1))

    def test_all_are_blended_by_weight(self):
        said = [member.forecast(self.scores) for member in self.pool.members]
        np.testing.assert_allclose(self.pool.forecast(self.scores), blend(said, [0.75, 0.25]))

    def test_expected_goals_are_those_of_the_model_of_goals(self):
        np.testing.assert_allclose(self.pool.rates(self.scores), [[1.6, 0.9], [1.0, 1.0]])

    def test_a_model_of_goals_without_weight_is_asked_for_goals_alone(self):
        logistic, goals = self.pool.members
        quiet = Pool(
            FORMAT,
            (
                Member(family="logistic", weight=1.0, first=0),
                Member(family="goals", weight=0.0, first=3, rho=-0.1),
            ),
        )
        np.testing.assert_allclose(quiet.forecast(self.scores), logistic.forecast(self.scores))
        np.testing.assert_allclose(quiet.rates(self.scores), goals.rates(self.scores))

    def test_a_pool_without_a_model_of_goals_knows_of_none(self):
        alone = Pool(FORMAT, self.pool.members[:1])
        assert np.isnan(alone.rates(self.scores)).all()


@pytest.mark.parametrize("far", [-1e30, -50.0, 50.0, 1e30])
def test_expected_goals_stay_within_what_a_grid_can_be_made_of(far):
    low, high = score_grid.RATES
    assert low <= rates_of([[far, 0.0]])[0, 0] <= high
