"""Fitting finds what is in the data, the same on every run, and only in the order of time."""

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from made_matches import NAMES, START, made, true_probabilities
from touchline.domain import scoring
from touchline.domain.calibration import Dirichlet, Isotonic, Temperature, Unchanged
from touchline.domain.splits import Split
from touchline.errors import ConfigurationError, DataError
from touchline.learning import calibrators, pool, tuning
from touchline.learning.evaluation import prior
from touchline.learning.examples import Examples, as_matrix
from touchline.learning.families import FAMILIES, family, fit_estimator, probabilities
from touchline.learning.fitting import FitOptions, fit, recency_weights, refit
from touchline.learning.tuning import Task, tune

QUICK = FitOptions(trials=2, folds=2)
EXAMPLES, LATER = made(), made(seed=1)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As the caller of a fit does: OpenMP's threads spin while they wait, on a busy machine for long."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def fitted():
    return fit(EXAMPLES, QUICK)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_learns_the_signal(name):
    model = fit(EXAMPLES, FitOptions(trials=1, folds=2, families=(name,)))
    loss = scoring.log_loss(model.predict(LATER.x), LATER.outcome).mean()
    base = scoring.log_loss(prior(EXAMPLES, LATER.competition), LATER.outcome).mean()
    best = scoring.log_loss(true_probabilities(LATER.x / 100), LATER.outcome).mean()
    assert best < loss < base - 0.5 * (base - best)


def test_probabilities_are_valid_whatever_comes_in(fitted):
    strange = np.array([[np.nan] * 4, [1e30, -1e30, 0, 1e39], [np.inf, -np.inf, 0, 0]])
    p = fitted.predict(strange)
    assert np.all((p >= 0) & (p <= 1))
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_families_are_pooled_by_what_they_said_out_of_fold(fitted):
    assert set(fitted.fold_losses) == {*QUICK.families, "pool"}
    assert all(len(losses) == QUICK.folds for losses in fitted.fold_losses.values())
    assert fitted.family == "pool"
    assert sum(fitted.weights.values()) == pytest.approx(1.0)
    assert all(weight == 0 or weight >= pool.SILENT for weight in fitted.weights.values())
    means = {name: np.mean(losses) for name, losses in fitted.fold_losses.items()}
    assert means["pool"] <= min(means.values()) + 0.002  # few matches: weights are drawn towards each other
    assert fitted.names == NAMES


def test_one_family_alone_is_no_pool():
    alone = fit(EXAMPLES, FitOptions(trials=1, folds=2, families=("logistic",)))
    assert (alone.family, alone.params, alone.weights) == ("logistic", family("logistic").start, {"logistic": 1.0})
    assert list(alone.fold_losses) == ["logistic"]
    (member,) = alone.members
    said = probabilities(member.estimator, LATER.x)
    np.testing.assert_allclose(alone.predict(LATER.x), alone.calibration.apply(said), atol=1e-12)
    assert np.isnan(alone.rates(LATER.x)).all()


def test_the_pool_says_what_its_members_say_together(fitted):
    heard = [one for one in fitted.members if one.weight]
    mean = sum(one.weight * np.log(probabilities(one.estimator, LATER.x)) for one in heard)
    shares = np.exp(mean) / np.exp(mean).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.predict(LATER.x), fitted.calibration.apply(shares), atol=1e-9)


def test_expected_goals_come_from_the_model_of_goals(fitted):
    rates = fitted.rates(LATER.x)
    assert rates.shape == (len(LATER), 2)
    assert np.all((rates > 0.05) & (rates < 6))
    assert np.corrcoef(rates[:, 0] - rates[:, 1], LATER.x[:, 0])[0, 1] > 0.8
    gap = (LATER.goals - rates).mean(axis=0)
    assert np.all(np.abs(gap) < 0.2)


def test_the_same_data_and_seed_give_the_same_model(fitted):
    again = fit(EXAMPLES, FitOptions(trials=2, folds=2, threads=1))
    assert (again.weights, again.params, again.fold_losses) == (fitted.weights, fitted.params, fitted.fold_losses)
    assert again.calibration == fitted.calibration
    np.testing.assert_array_equal(again.predict(LATER.x), fitted.predict(LATER.x))


def test_the_libraries_have_one_thread_from_beginning_to_end_and_get_theirs_back():
    seen = set()
    with threadpool_limits(2):
        before = threadpool_info()
        fit(EXAMPLES, QUICK, lambda _: seen.update(library["num_threads"] for library in threadpool_info()))
        assert (seen, threadpool_info()) == ({1}, before)


@pytest.mark.parametrize("name", ["xgboost", "histogram"])
def test_the_seed_reaches_the_estimators(name):
    drawn = {"min_samples_leaf": 20} if name == "histogram" else {}
    made = [
        fit_estimator(family(name), family(name).start | drawn, EXAMPLES, np.ones(len(EXAMPLES)), seed)
        for seed in (1, 1, 2)
    ]
    first, again, other = (probabilities(one, LATER.x) for one in made)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_progress_is_told():
    told = []
    fit(EXAMPLES, FitOptions(trials=2, folds=2, families=("logistic", "goals"), threads=1), told.append)
    assert told[0].startswith("logistic: trial 1 of 2")
    assert told[-1].startswith("the pool is ")


@pytest.mark.parametrize("name", FAMILIES)
def test_a_feature_that_is_always_missing_does_no_harm(name):
    x = EXAMPLES.x.copy()
    x[:, 2] = np.nan
    blind = replace(EXAMPLES, x=x)
    model = fit(blind, FitOptions(trials=1, folds=2, families=(name,)))
    assert np.isnan(x[0, 2])
    assert not np.isnan(model.predict(LATER.x)).any()


def test_refit_keeps_the_choices_and_learns_anew(fitted):
    other = made(seed=5, strength=-1.2)
    turned = refit(fitted, other, QUICK)
    assert (turned.weights, turned.params, turned.calibration) == (fitted.weights, fitted.params, fitted.calibration)
    strong = np.array([[200.0, 2.0, 0.0, 0.0]])
    assert fitted.predict(strong)[0, 0] > 0.6
    assert turned.predict(strong)[0, 0] < 0.3


def test_too_few_matches_are_refused():
    few = EXAMPLES.take(np.arange(40))
    for attempt in (lambda: fit(few, QUICK), lambda: refit(fit(EXAMPLES, QUICK), few, QUICK)):
        with pytest.raises(DataError, match="40 matches are too few"):
            attempt()


def test_an_outcome_that_never_came_is_named():
    with pytest.raises(DataError, match="outcome draw"):
        fit(EXAMPLES.take(np.flatnonzero(EXAMPLES.outcome != 1)), QUICK)


def test_folds_without_every_outcome_are_refused():
    late_draws = EXAMPLES.take(np.flatnonzero((EXAMPLES.outcome != 1) | (np.arange(len(EXAMPLES)) > 800)))
    with pytest.raises(DataError, match="folds"):
        fit(late_draws, QUICK)


def test_an_unknown_family_is_named_with_those_that_exist():
    with pytest.raises(ConfigurationError, match="no model family 'forest'") as caught:
        fit(EXAMPLES, FitOptions(families=("forest",)))
    assert "logistic" in str(caught.value)


def test_a_match_a_half_life_older_counts_half():
    kickoff = START + np.array([0, 1000, 2000]).astype("timedelta64[D]")
    assert recency_weights(kickoff, 1000.0).tolist() == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_world_that_turned_is_learnt_from_its_newer_part(name):
    old, new = made(600, seed=2, strength=-2.0), made(600, seed=3, strength=2.0)
    both = Examples(
        np.concatenate([old.x, new.x]), NAMES, np.concatenate([old.outcome, new.outcome]),
        np.concatenate([old.kickoff, new.kickoff + np.timedelta64(4000, "D")]),
        np.concatenate([old.competition, new.competition]), np.concatenate([old.goals, new.goals]),
        np.concatenate([old.market, new.market]),
    )  # fmt: skip
    weight = recency_weights(both.kickoff, 400.0)
    params = family(name).start | ({"C": 1.0} if name == "logistic" else {})
    estimator = fit_estimator(family(name), params, both, weight, seed=0)
    assert probabilities(estimator, np.array([[200.0, 1.5, 0.0, 0.0]]))[0, 0] > 0.6


def test_later_matches_do_not_reach_earlier_folds():
    """The last fold's outcomes are turned round: what was said of the first fold stays the same."""
    split = [Split(np.arange(300), np.arange(300, 600)), Split(np.arange(600), np.arange(600, 900))]

    def said(outcome):
        examples = replace(EXAMPLES, outcome=outcome)
        task = Task(examples, np.ones(900), tuple(split), trials=1, seed=0)
        return tune(family("logistic"), task, lambda message: None).forecasts

    turned = EXAMPLES.outcome.copy()
    turned[600:] = 2 - turned[600:]
    np.testing.assert_array_equal(said(EXAMPLES.outcome)[0], said(turned)[0])


def test_long_histories_are_searched_in_part_and_validated_whole():
    n = tuning.TUNING_ROWS + 2000
    long = made(n)
    split = Split(np.arange(n - 1000), np.arange(n - 1000, n))
    task = Task(long, np.ones(n), (split,), trials=1, seed=0)
    found = tune(family("logistic"), task, lambda message: None)
    whole = tuning.validate(family("logistic"), found.params, task)
    np.testing.assert_array_equal(found.forecasts[0], whole.forecasts[0])
    assert found.fold_scores == whole.fold_scores


def test_hopeless_trials_are_given_up_after_a_fold():
    tried = []
    splits = tuple(Split(np.arange(300 + 100 * k), np.arange(300 + 100 * k, 400 + 100 * k)) for k in range(4))
    task = Task(EXAMPLES, np.ones(900), splits, trials=12, seed=1)
    tune(family("logistic"), task, tried.append)
    given_up = [told for told in tried if "given up after fold" in told]
    assert tried[-1].startswith(f"logistic: 12 trials, {len(given_up)} of them given up early")
    assert 3 <= sum("log-loss" in told for told in tried[:-1]) == 12 - len(given_up) < 12


class TestCalibrations:
    rng = np.random.default_rng(9)
    honest = rng.dirichlet((4, 3, 3), 6000)
    outcome = (rng.random((6000, 1)) > np.cumsum(honest, axis=1)).sum(axis=1).astype(np.int8)
    kickoff = START + np.arange(6000) * np.timedelta64(1, "h")

    def test_an_honest_forecaster_is_left_alone(self):
        calibration, losses = calibrators.choose(self.honest, self.outcome, self.kickoff)
        assert calibration == Unchanged()
        assert list(losses) == ["none", "temperature", "dirichlet", "isotonic"]

    def test_a_boaster_is_cooled(self):
        loud = self.honest**2 / (self.honest**2).sum(axis=1, keepdims=True)
        calibration, losses = calibrators.choose(loud, self.outcome, self.kickoff)
        assert isinstance(calibration, Temperature)
        assert calibration.temperature == pytest.approx(2.0, abs=0.15)
        assert losses["temperature"] < losses["none"]

    def test_a_forecaster_who_never_believes_in_draws_has_his_classes_weighed(self):
        blind = self.honest * (1.0, 0.3, 1.0)
        blind /= blind.sum(axis=1, keepdims=True)
        calibration, losses = calibrators.choose(blind, self.outcome, self.kickoff)
        assert isinstance(calibration, Dirichlet)
        assert losses["dirichlet"] < losses["temperature"] - calibrators.TOLERANCE
        assert np.abs(calibration.apply(blind) - self.honest).mean() < 0.1 * np.abs(blind - self.honest).mean()
        assert scoring.ece(calibration.apply(blind), self.outcome) < 0.5 * scoring.ece(blind, self.outcome)

    def test_a_forecaster_who_knows_nothing_but_a_middle_gets_curves(self):
        """Home wins of very different chances are nearly the same to him."""
        home = np.interp(self.honest[:, 0], [0, 0.2, 0.6, 1], [0, 0.38, 0.42, 1])
        others = self.honest[:, 1:] * ((1 - home) / (1 - self.honest[:, 0]))[:, np.newaxis]
        blind = np.column_stack([home, others])
        calibration, losses = calibrators.choose(blind, self.outcome, self.kickoff)
        assert isinstance(calibration, Isotonic)
        assert losses["isotonic"] < losses["dirichlet"] - calibrators.TOLERANCE
        assert scoring.ece(calibration.apply(blind), self.outcome) < 0.7 * scoring.ece(blind, self.outcome)

    def test_few_matches_choose_nothing(self):
        few = slice(0, calibrators.ENOUGH - 1)
        assert calibrators.choose(self.honest[few], self.outcome[few], self.kickoff[few]) == (Unchanged(), {})

    def test_what_is_compared_is_newer_than_what_was_fitted(self):
        """Outcomes of the newer half decide the comparison: turned round, every kind looks bad there."""
        turned = self.outcome.copy()
        turned[3000:] = 2 - turned[3000:]
        _, before = calibrators.choose(self.honest, self.outcome, self.kickoff)
        _, after = calibrators.choose(self.honest, turned, self.kickoff)
        assert all(after[kind] > before[kind] for kind in before)

    def test_equal_forecasts_make_a_curve_of_one_knot(self):
        flat = np.tile([0.5, 0.3, 0.2], (600, 1))
        curve = calibrators.fit_isotonic(flat, self.outcome[:600])
        assert [len(knots) for knots in curve.promised] == [1, 1, 1]
        shares = np.bincount(self.outcome[:600], minlength=3) / 600
        np.testing.assert_allclose(curve.apply(flat[:1])[0], shares, atol=0.01)

    def test_a_curve_of_few_matches_is_coarse_and_ends_at_no_certainty(self):
        few = calibrators.fit_isotonic(self.honest[:250], self.outcome[:250])
        assert [len(knots) for knots in few.promised] == [2, 2, 2]
        never = calibrators.fit_isotonic(self.honest, np.zeros_like(self.outcome))
        assert min(never.came[2]) > 0.005
        assert max(never.came[0]) < 0.995

    def test_curves_have_no_cliffs(self):
        curve = calibrators.fit_isotonic(self.honest, self.outcome)
        for knots, values in zip(curve.promised, curve.came, strict=True):
            assert np.max(np.diff(values) / np.diff(knots)) < 50


def test_examples_must_agree_in_length():
    with pytest.raises(ValueError, match="row counts"):
        replace(EXAMPLES, outcome=EXAMPLES.outcome[:5])
    with pytest.raises(ValueError, match="3 names"):
        replace(EXAMPLES, names=NAMES[:3])


def test_a_feature_is_found_by_its_name():
    np.testing.assert_array_equal(EXAMPLES.column("form"), EXAMPLES.x[:, 1])
    with pytest.raises(DataError, match="no feature 'luck'"):
        EXAMPLES.column("luck")


def test_numbers_beyond_32_bits_count_as_missing():
    assert np.isnan(as_matrix(np.array([[1e300, -1e300, 1.0]]))).tolist() == [[True, True, False]]
