"""Learning results by way of prices: the regression against another's, and what happens where prices are missing."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from made_matches import made, true_probabilities
from touchline.domain import scoring
from touchline.domain.uses import columns
from touchline.learning.examples import MINIMUM, Examples, taught
from touchline.learning.families import FAMILIES, families
from touchline.learning.fitting import FitOptions, fit, refit
from touchline.learning.linear import fit_results
from touchline.learning.market_model import MarketModel, teaches
from touchline.learning.prepared import Prepared

EXAMPLES = made(900)
WEIGHT = np.linspace(0.2, 1.0, 900)
QUICK = FitOptions(trials=1, folds=2, families=("logistic", "market"), threads=1)


def priced(known: int, examples: Examples = EXAMPLES) -> Examples:
    """The same matches, as many of them with a price."""
    market = np.where(np.arange(len(examples))[:, np.newaxis] < known, 0.2, np.nan)
    return replace(examples, market=np.repeat(market, 2, axis=1))


@pytest.mark.parametrize("strength", [0.005, 0.5])
def test_the_regression_is_scikit_learn_s(strength: float) -> None:
    prepared = Prepared(EXAMPLES, WEIGHT)
    found = MarketModel(strength).fit(prepared).linear
    known = ~np.isnan(EXAMPLES.market[:, 0])
    other = Ridge(alpha=1 / strength)
    other.fit(prepared.scaled[known].astype(np.float64), EXAMPLES.market[known], sample_weight=WEIGHT[known])
    np.testing.assert_allclose(found.coefficients[:, [0, 2]].T, other.coef_, atol=1e-4)
    np.testing.assert_allclose(found.intercepts[[0, 2]], other.intercept_, atol=1e-4)
    assert not found.coefficients[:, 1].any()


def test_prices_teach_more_than_as_many_results() -> None:
    few, later = made(150), made(3000, seed=5)
    weight = np.ones(len(few))
    by_price = MarketModel(0.5).fit(Prepared(few, weight)).predict_proba(later.x.astype(np.float64))
    by_result = FAMILIES["logistic"].build({"C": 0.05}, 0).fit(Prepared(few, weight)).predict_proba(later.x)
    assert scoring.log_loss(by_price, later.outcome).mean() < scoring.log_loss(by_result, later.outcome).mean() - 0.005


def test_results_are_not_looked_at_where_prices_are_known() -> None:
    turned = replace(EXAMPLES, outcome=(2 - EXAMPLES.outcome).astype(np.int8))
    one, other = (MarketModel(0.5).fit(Prepared(each, WEIGHT)) for each in (EXAMPLES, turned))
    np.testing.assert_array_equal(one.linear.coefficients, other.linear.coefficients)


def test_where_prices_are_too_few_results_are_learnt_from() -> None:
    few = Prepared(priced(MINIMUM - 1), WEIGHT)
    np.testing.assert_array_equal(
        MarketModel(0.05).fit(few).linear.coefficients, fit_results(few, 0.05).coefficients
    )  # fmt: skip


@pytest.mark.parametrize(("known", "heard"), [(MINIMUM - 1, ["logistic"]), (MINIMUM, ["logistic", "market"])])
def test_the_family_is_left_out_without_prices(known: int, heard: list[str]) -> None:
    assert [one.name for one in families(("logistic", "market"), priced(known))] == heard
    assert teaches(priced(known)) == ("market" in heard)


def test_alone_it_stays_even_without_prices() -> None:
    assert [one.name for one in families(("market",), priced(0))] == ["market"]


def test_a_league_without_prices_is_learnt_by_the_others() -> None:
    fitted = fit(priced(0), replace_families(QUICK))
    assert "market" not in fitted.weights
    assert set(fitted.weights) == set(FAMILIES) - {"market"}


def replace_families(options: FitOptions) -> FitOptions:
    """With all families, as by default."""
    return FitOptions(trials=options.trials, folds=options.folds, threads=options.threads)


def test_a_pool_that_knows_prices_is_nearer_to_the_truth_and_can_be_refitted_without() -> None:
    fitted, alone = fit(EXAMPLES, QUICK), fit(priced(0), QUICK)
    later = made(2000, seed=6)
    truth = true_probabilities(np.nan_to_num(later.x.astype(np.float64)) / np.array([100, 1, 1, 1]), 1.2)
    gap = [float(np.abs(one.predict(later.x) - truth).mean()) for one in (fitted, alone)]
    assert fitted.weights["market"] > 0.5
    assert gap[0] < gap[1]
    again = refit(fitted, priced(0), QUICK)
    np.testing.assert_allclose(again.predict(later.x).sum(axis=1), 1.0)


@pytest.mark.parametrize(("uses", "known"), [("results", False), ("statistics", False), ("past_prices", True)])
def test_prices_teach_only_where_they_may_be_used(uses: str, known: bool) -> None:
    told = taught(EXAMPLES.market, columns(uses))  # type: ignore[arg-type]
    assert (~np.isnan(told)).any() == known


def test_examples_without_a_row_of_prices_for_each_match_are_refused() -> None:
    with pytest.raises(ValueError, match="row counts"):
        replace(EXAMPLES, market=EXAMPLES.market[1:])
