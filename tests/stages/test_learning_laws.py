"""Laws of the learning parts over generated data: what must hold whatever the matches are."""

from dataclasses import replace

import numpy as np
import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as reference_log_loss
from threadpoolctl import threadpool_limits

from made_matches import START, made, true_probabilities
from touchline.domain import scoring
from touchline.domain.calibration import Unchanged
from touchline.learning import calibrators, evaluation
from touchline.learning.families import FAMILIES, family, fit_estimator, probabilities
from touchline.learning.fitting import recency_weights

FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
SMALL = made(300)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As the caller of a fit does: OpenMP's threads spin while they wait, on a busy machine for long."""
    with threadpool_limits(1):
        yield


@st.composite
def forecasts(draw, least=2, most=400):
    """Forecasts by an honest forecaster of matches at random, his outcomes and kick-offs."""
    n = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    p = rng.dirichlet(draw(st.sampled_from([(1, 1, 1), (5, 3, 3), (20, 10, 12), (0.3, 0.3, 0.3)])), n)
    p = np.clip(p, 1e-6, 1)
    p /= p.sum(axis=1, keepdims=True)
    y = (rng.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1).clip(max=2)
    return p, y.astype(np.int8), START + np.arange(n) * np.timedelta64(1, "D")


class TestScoresAgainstOthers:
    @FEW
    @given(forecasts())
    def test_log_loss_is_scikit_learn_s(self, drawn):
        p, y, _ = drawn
        assert scoring.log_loss(p, y).mean() == pytest.approx(reference_log_loss(y, p, labels=[0, 1, 2]), rel=1e-6)

    @FEW
    @given(forecasts())
    def test_brier_is_the_sum_over_the_classes(self, drawn):
        p, y, _ = drawn
        by_class = [brier_score_loss(y == column, p[:, column], pos_label=True) for column in range(3)]
        assert scoring.brier(p, y).mean() == pytest.approx(sum(by_class), rel=1e-9)

    @FEW
    @given(forecasts())
    def test_rps_is_the_mean_brier_of_the_two_steps(self, drawn):
        """Home or not; away or not: the ranked score is the mean of these two questions."""
        p, y, _ = drawn
        steps = [(p[:, 0] - (y == 0)) ** 2, (p[:, 2] - (y == 2)) ** 2]
        np.testing.assert_allclose(scoring.rps(p, y), np.mean(steps, axis=0), atol=1e-12)


class TestCalibrators:
    @FEW
    @given(forecasts())
    def test_every_kind_gives_probabilities(self, drawn):
        p, y, _ = drawn
        for fit in calibrators.KINDS.values():
            mended = fit(p, y).apply(p)
            assert np.all(mended > 0)
            np.testing.assert_allclose(mended.sum(axis=1), 1, atol=1e-9)

    @FEW
    @given(forecasts(), st.randoms(use_true_random=False))
    def test_the_order_of_the_matches_does_not_matter(self, drawn, random):
        p, y, kickoff = drawn
        order = list(range(len(p)))
        random.shuffle(order)
        plain, _ = calibrators.choose(p, y, kickoff)
        mixed, _ = calibrators.choose(p[order], y[order], kickoff[order])
        np.testing.assert_allclose(mixed.apply(p), plain.apply(p), atol=1e-5)

    @FEW
    @given(forecasts(least=calibrators.ENOUGH))
    def test_on_its_own_matches_a_temperature_never_loses(self, drawn):
        p, y, _ = drawn
        cooled = calibrators.fit_temperature(p, y).apply(p)
        assert scoring.log_loss(cooled, y).mean() <= scoring.log_loss(p, y).mean() + 1e-4

    @FEW
    @given(forecasts())
    def test_a_simpler_kind_is_preferred_unless_it_clearly_loses(self, drawn):
        p, y, kickoff = drawn
        chosen, losses = calibrators.choose(p, y, kickoff)
        if losses:
            bar = min(losses.values()) + calibrators.TOLERANCE
            simplest = next(name for name, loss in losses.items() if loss <= bar)
            assert chosen == calibrators.KINDS[simplest](p, y)
        else:
            assert chosen == Unchanged()


class TestEvaluation:
    @FEW
    @given(forecasts(), st.integers(0, 9))
    def test_differences_change_sign_with_the_sides(self, drawn, seed):
        p, y, _ = drawn
        other = np.random.default_rng(seed).dirichlet((4, 3, 3), len(y))
        ours, theirs = evaluation.difference(p, other, y), evaluation.difference(other, p, y)
        assert ours is not None
        assert theirs is not None
        assert ours.log_loss.value == pytest.approx(-theirs.log_loss.value, abs=1e-9)
        assert ours.log_loss.low == pytest.approx(-theirs.log_loss.high, abs=1e-9)
        assert ours.rps.high == pytest.approx(-theirs.rps.low, abs=1e-9)

    @FEW
    @given(forecasts(), st.data())
    def test_what_one_does_not_forecast_counts_for_none(self, drawn, data):
        p, y, _ = drawn
        silent = np.array(data.draw(st.lists(st.booleans(), min_size=len(y), max_size=len(y))))
        other = np.where(silent[:, None], np.nan, p)
        found = evaluation.scores({"ours": p, "other": other}, y)
        expected = len(y) - silent.sum() if 2 * silent.sum() <= len(y) else len(y)
        assert found["ours"].n == expected
        assert ("other" in found) == (2 * silent.sum() <= len(y))

    @FEW
    @given(forecasts())
    def test_slices_together_are_the_whole(self, drawn):
        p, y, _ = drawn
        names = np.array([f"L{number % 4}" for number in range(len(y))], dtype=object)
        found = evaluation.slices(p, y, names)
        assert sum(one.n for one in found) == len(y)
        whole = sum(one.n * one.log_loss.value for one in found) / len(y)
        assert whole == pytest.approx(scoring.log_loss(p, y).mean())
        assert all(one.few == (one.n < evaluation.FEW) for one in found)

    @FEW
    @given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 200))
    def test_priors_lie_between_the_competition_and_all(self, home, draw, away):
        counts = (home, draw, away)
        n = sum(counts)
        outcome = np.repeat([0, 1, 2], counts).astype(np.int8)
        base = made(n + 300, seed=4)
        both = np.concatenate([outcome, base.outcome[:300]])
        competition = np.array(["own"] * n + ["other"] * 300, dtype=object)
        examples = replace(base, outcome=both, competition=competition)
        p = evaluation.prior(examples, np.array(["own"], dtype=object))[0]
        assert p.sum() == pytest.approx(1)
        overall = (np.bincount(both, minlength=3) + 1) / (len(both) + 3)
        for share, own, all_of_them in zip(p, np.array(counts) / n, overall, strict=True):
            assert min(own, all_of_them) - 1e-9 <= share <= max(own, all_of_them) + 1e-9


class TestFamilies:
    @pytest.mark.parametrize("name", FAMILIES)
    def test_the_starting_point_lies_within_the_search(self, name):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
        study.enqueue_trial(family(name).start)
        trial = study.ask()
        assert family(name).space(trial) == family(name).start
        assert set(trial.distributions) == set(family(name).start)
        for parameter, distribution in trial.distributions.items():
            assert distribution._contains(distribution.to_internal_repr(family(name).start[parameter]))

    @pytest.mark.parametrize("name", FAMILIES)
    def test_whatever_the_search_draws_can_be_built(self, name):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=2))
        for _ in range(3):
            params = family(name).space(study.ask())
            estimator = fit_estimator(family(name), params, SMALL, np.ones(300), seed=0)
            p = probabilities(estimator, SMALL.x)
            assert p.shape == (300, 3)
            np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-12)

    @pytest.mark.parametrize("name", FAMILIES)
    def test_a_row_is_forecast_alike_wherever_it_stands(self, name):
        estimator = fit_estimator(family(name), family(name).start, SMALL, np.ones(300), seed=0)
        together = probabilities(estimator, SMALL.x)
        turned = probabilities(estimator, SMALL.x[::-1])[::-1]
        np.testing.assert_allclose(turned, together, atol=1e-12)
        np.testing.assert_allclose(probabilities(estimator, SMALL.x[7:8]), together[7:8], atol=1e-12)

    @pytest.mark.parametrize("name", FAMILIES)
    def test_a_match_without_weight_teaches_nothing(self, name):
        wrong = SMALL.outcome.copy()
        wrong[:100] = 2 - wrong[:100]
        turned = replace(SMALL, outcome=wrong, goals=np.where(np.arange(300)[:, None] < 100, 7.0, SMALL.goals))
        weight = np.where(np.arange(300) < 100, 0.0, 1.0)
        said = [
            probabilities(fit_estimator(family(name), family(name).start, one, weight, seed=0), SMALL.x)
            for one in (SMALL, turned)
        ]
        np.testing.assert_allclose(said[0], said[1], atol=1e-6)

    @FEW
    @given(st.lists(st.integers(0, 9000), min_size=1, max_size=30), st.floats(100, 5000))
    def test_weights_rise_with_time_to_one(self, days, half_life):
        kickoff = START + np.array(days) * np.timedelta64(1, "D")
        weight = recency_weights(kickoff, half_life)
        assert weight.max() == 1
        assert np.all(weight > 0)
        order = np.argsort(days)
        assert np.all(np.diff(weight[order]) >= 0)


def test_made_matches_hold_what_they_promise():
    """The yardstick of these tests: outcomes come as often as the true probabilities say."""
    examples = made(6000, seed=8)
    x = examples.x / np.array([100, 1, 1, 1], dtype=np.float32)
    p = true_probabilities(x)
    assert scoring.ece(p, examples.outcome) < 0.02
    assert np.isnan(examples.x[:, 3]).mean() == pytest.approx(0.5, abs=0.05)
