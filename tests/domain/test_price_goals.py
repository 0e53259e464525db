"""Goals that prices imply: near the exact answer, and in the right order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.price_goals import RHO, TOTALS, _table, price_goals
from touchline.domain.score_grid import outcomes

RATES = st.tuples(st.floats(0.6, 2.4), st.floats(0.6, 2.4))


@pytest.fixture(autouse=True, scope="module")
def from_nothing() -> None:
    """The table is made here, whoever asked for it before."""
    _table.cache_clear()


@given(RATES)
def test_the_goals_behind_ordinary_chances_are_nearly_found_again(rates: tuple[float, float]) -> None:
    if TOTALS[0] + 0.4 < sum(rates) < TOTALS[1] - 0.6:
        np.testing.assert_allclose(price_goals(outcomes([rates], RHO))[0], rates, atol=0.15)


@given(RATES)
def test_turning_the_match_round_turns_the_goals_round(rates: tuple[float, float]) -> None:
    one, other = price_goals(outcomes([rates, rates[::-1]], RHO))
    np.testing.assert_allclose(one, other[::-1], atol=1e-9)


def test_likelier_draws_mean_fewer_goals() -> None:
    draws = np.linspace(0.2, 0.32, 7)
    goals = price_goals(np.stack([0.55 - draws / 2, draws, 0.45 - draws / 2], axis=1)).sum(axis=1)
    assert (np.diff(goals) < 0).all()


def test_hopeless_sides_keep_a_chance_and_missing_chances_stay_missing() -> None:
    goals = price_goals([[0.98, 0.015, 0.005], [np.nan, np.nan, np.nan]])
    assert goals[0].min() >= 0.35
    assert np.isnan(goals[1]).all()
