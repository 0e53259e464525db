"""Weights of a pool, and the regressions behind it, against what others find."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, PoissonRegressor

from made_matches import made
from touchline.domain import scoring
from touchline.domain.pooling import blend
from touchline.learning.linear import fit_goals, fit_results
from touchline.learning.pool import SILENT, weights
from touchline.learning.prepared import CLIP, Prepared, bins

RNG = np.random.default_rng(4)
TRUE = RNG.dirichlet((5, 3, 3), 4000)
CAME = (RNG.random((4000, 1)) > np.cumsum(TRUE, axis=1)).sum(axis=1).astype(np.int8)


def noisy(seed, spread):
    """Who knows the truth but for a noise of his own."""
    told = TRUE * np.exp(np.random.default_rng(seed).normal(0, spread, TRUE.shape))
    return told / told.sum(axis=1, keepdims=True)


class TestWeights:
    def test_who_knows_less_than_nothing_is_left_out(self):
        found = weights({"knows": noisy(1, 0.1), "errs": noisy(2, 0.1)[:, [1, 2, 0]]}, CAME)
        assert found == {"knows": 1.0, "errs": 0.0}

    def test_who_knows_more_weighs_more_and_both_together_know_most(self):
        said = {"good": noisy(1, 0.3), "fair": noisy(2, 0.45)}
        found = weights(said, CAME)
        assert found["good"] > found["fair"] > SILENT
        assert sum(found.values()) == pytest.approx(1.0)
        pooled = scoring.log_loss(blend([*said.values()], [*found.values()]), CAME).mean()
        assert pooled < min(scoring.log_loss(p, CAME).mean() for p in said.values())

    def test_equals_weigh_the_same(self):
        found = weights({"one": noisy(1, 0.3), "same": noisy(1, 0.3), "again": noisy(1, 0.3)}, CAME)
        assert list(found.values()) == pytest.approx([1 / 3] * 3, abs=1e-6)

    def test_few_matches_hardly_tell_members_apart(self):
        said = {"good": noisy(1, 0.3), "fair": noisy(2, 0.45)}
        few = weights({name: p[:40] for name, p in said.items()}, CAME[:40])
        many = weights(said, CAME)
        assert abs(few["good"] - 0.5) < abs(many["good"] - 0.5) + 0.05

    def test_one_alone_has_all(self):
        assert weights({"one": noisy(1, 0.3)}, CAME) == {"one": 1.0}


class TestRegressions:
    examples = made(900)
    weight = np.linspace(0.2, 1.0, 900)
    prepared = Prepared(examples, weight)

    @pytest.mark.parametrize("strength", [0.005, 0.3])
    def test_of_results_is_scikit_learn_s(self, strength):
        found = fit_results(self.prepared, strength)
        x = self.prepared.scaled.astype(np.float64)
        other = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-10)
        other.fit(x, self.examples.outcome, sample_weight=self.weight)
        centred = found.coefficients - found.coefficients.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(centred.T, other.coef_, atol=1e-3)
        said = np.exp(found.scores(self.examples.x))
        np.testing.assert_allclose(said / said.sum(axis=1, keepdims=True), other.predict_proba(x), atol=1e-4)

    def test_of_goals_is_scikit_learn_s(self):
        found = fit_goals(self.prepared, 0.05)
        x = self.prepared.scaled.astype(np.float64)
        for side in range(2):
            other = PoissonRegressor(alpha=1 / (0.05 * self.weight.sum()), solver="newton-cholesky", tol=1e-10)
            other.fit(x, self.examples.goals[:, side], sample_weight=self.weight)
            np.testing.assert_allclose(found.coefficients[:, side], other.coef_, atol=1e-3)
            assert found.intercepts[side] == pytest.approx(other.intercept_, abs=1e-3)

    def test_matches_of_unknown_goals_teach_no_goals(self):
        goals = self.examples.goals.copy()
        goals[:100] = np.nan
        known = np.where(np.arange(900) < 100, 0.0, self.weight)
        some = fit_goals(Prepared(replace(self.examples, goals=goals), self.weight), 0.05)
        others = self.examples.take(np.arange(100, 900))
        alone = fit_goals(Prepared(others, known[100:]), 0.05)
        np.testing.assert_allclose(some.scores(others.x), alone.scores(others.x), atol=0.03)

    def test_far_and_missing_values_are_held(self):
        scaled = self.prepared.scale.apply(np.array([[1e30, -1e30, np.nan, 0.0]]))
        assert scaled[0, :3].tolist() == [CLIP, -CLIP, 0.0]


def test_bins_hold_about_equally_many_and_keep_the_order():
    x = made(2000).x
    made_bins = bins(x, np.array([0, 3]))
    codes = made_bins.apply(x)
    order = np.argsort(x[:, 0])
    assert np.all(np.diff(codes[order, 0]) >= 0)
    counts = np.bincount(codes[:, 0].astype(int))
    assert len(counts) == 32
    assert counts.min() > 0.5 * counts.mean()
    np.testing.assert_array_equal(np.isnan(codes[:, 1]), np.isnan(x[:, 3]))
