"""Prices to probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.odds import implied, overround

prices = st.lists(st.floats(1.01, 500), min_size=3, max_size=3)
methods = st.sampled_from(["shin", "proportional"])


@given(st.lists(prices, min_size=1, max_size=8), methods)
def test_probabilities_sum_to_one(odds, method):
    p = implied(odds, method)
    assert p.shape == (len(odds), 3)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-12)
    assert np.all((p > 0) & (p < 1))


@given(prices, methods)
def test_a_shorter_price_is_never_less_likely(odds, method):
    p = implied([odds], method)[0]
    order = np.argsort(odds)
    assert np.all(np.diff(p[order]) <= 1e-12)


@given(prices, st.permutations([0, 1, 2]), methods)
def test_the_order_of_the_outcomes_does_not_matter(odds, order, method):
    direct, permuted = implied([odds], method)[0], implied([[odds[place] for place in order]], method)[0]
    np.testing.assert_allclose(permuted, direct[list(order)], atol=1e-9)


@given(prices, methods)
def test_a_row_is_not_changed_by_its_neighbours(odds, method):
    alone, among = implied([odds], method), implied([[2.0, 3.5, 4.0], odds, [1.2, 8.0, 15.0]], method)
    np.testing.assert_array_equal(alone[0], among[1])


@given(st.lists(st.floats(0.02, 1), min_size=3, max_size=3), methods)
def test_fair_prices_give_back_their_probabilities(raw, method):
    fair = np.array(raw) / sum(raw)
    np.testing.assert_allclose(implied([1 / fair], method)[0], fair, atol=1e-7)


@given(st.lists(st.floats(0.05, 1), min_size=3, max_size=3), st.floats(0.005, 0.2))
def test_shin_recovers_what_his_bookmaker_knew(raw, z):
    """Prices are set as in the model: pi = sqrt(z p + (1 - z) p^2), times their sum."""
    true = np.array(raw) / sum(raw)
    roots = np.sqrt(z * true + (1 - z) * true**2)
    quoted = roots * roots.sum()
    if quoted.max() < 0.99:
        np.testing.assert_allclose(implied([1 / quoted])[0], true, atol=1e-7)


def test_shin_takes_more_of_the_margin_from_long_shots():
    odds = [[1.2, 7.0, 15.0]]
    shin, proportional = implied(odds)[0], implied(odds, "proportional")[0]
    assert shin[0] > proportional[0]
    assert shin[2] < proportional[2]


def test_prices_without_a_margin_are_treated_alike():
    generous = [[2.2, 4.4, 4.4]]
    assert overround(generous)[0] < 1
    np.testing.assert_allclose(implied(generous), implied(generous, "proportional"))


def test_an_absurd_margin_still_gives_probabilities():
    p = implied([[1.01, 1.2, 1.2], [1.01, 2.0, 100.0]])
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert p[0, 0] > p[0, 1] == p[0, 2]


def test_a_missing_price_makes_the_row_missing():
    p = implied([[2.0, np.nan, 4.0], [2.0, 3.6, 4.2]])
    assert np.isnan(p[0]).all()
    assert not np.isnan(p[1]).any()
    assert np.isnan(overround([[2.0, np.nan, 4.0]])[0])


@pytest.mark.parametrize("price", [1.0, 0.5, 0.0, -2.0])
def test_a_price_that_pays_nothing_is_refused(price):
    with pytest.raises(ValueError, match="above 1"):
        implied([[price, 3.0, 4.0]])


def test_no_rows_give_no_rows():
    assert implied(np.empty((0, 3))).shape == (0, 3)
