"""The model of Dixon and Coles: what it says of results, and what it learns of low scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.domain import dixon_coles, score_grid
from touchline.domain.feature_list import FEATURE_NAMES


def drawn(rates: np.ndarray, rho: float, seed: int) -> np.ndarray:
    """Scores by the grid."""
    rng = np.random.default_rng(seed)
    grids = score_grid.grid(rates, rho).reshape(len(rates), -1)
    cells = (grids.cumsum(axis=1) < rng.random(len(rates))[:, None]).sum(axis=1)
    return np.stack(np.divmod(cells, score_grid.SIZE), axis=1)


@pytest.mark.parametrize("rho", [-0.15, 0.0, 0.1])
def test_the_correction_is_found_again(rho: float) -> None:
    rates = np.random.default_rng(1).uniform(0.7, 2.0, (40_000, 2))
    assert dixon_coles.fit_rho(rates, drawn(rates, rho, 2)) == pytest.approx(rho, abs=0.02)


def test_nothing_known_leaves_no_correction() -> None:
    assert dixon_coles.fit_rho(np.full((3, 2), np.nan), np.zeros((3, 2))) == 0.0
    assert dixon_coles.fit_rho(np.empty((0, 2)), np.empty((0, 2))) == 0.0


def test_only_draws_of_few_goals_pull_to_the_bound() -> None:
    found = dixon_coles.fit_rho(np.full((50, 2), 1.2), np.tile([[0.0, 0.0], [1.0, 1.0]], (25, 1)))
    assert found == dixon_coles.RHO_BOUNDS[0]


@settings(deadline=None, max_examples=30)
@given(st.floats(0.1, 5), st.floats(0.1, 5), st.floats(-0.15, 0.1))
def test_chances_are_those_of_the_grid(home: float, away: float, rho: float) -> None:
    said = dixon_coles.probabilities([[home, away]], rho)
    np.testing.assert_allclose(said, score_grid.results(score_grid.grid([[home, away]], rho)), atol=1e-9)


def test_difference_and_sum_give_the_goals_back() -> None:
    goals = np.array([[1.7, 0.9], [0.4, 2.2]])
    logs = np.log(goals)
    np.testing.assert_allclose(dixon_coles.rates(logs[:, 0] - logs[:, 1], logs.sum(axis=1)), goals)


def test_its_columns_are_features() -> None:
    assert set(dixon_coles.FEATURES) <= set(FEATURE_NAMES)
