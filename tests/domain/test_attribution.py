"""What features add to a forecast: sums, games whose values are known, and how sure a sampled value is."""

from itertools import permutations
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.attribution import attribute

SEEDS = st.integers(0, 2**32)


def bent(rows: np.ndarray) -> np.ndarray:
    """Three outcomes of features that work together, missing ones counted as -1."""
    x = np.nan_to_num(rows, nan=-1.0)
    raised = np.exp(np.stack([x[:, 0] * x[:, 1], x.sum(axis=1), x[:, -1] ** 2], axis=1))
    return raised / raised.sum(axis=1, keepdims=True)


@given(SEEDS, st.integers(2, 6), st.integers(1, 5), st.integers(1, 3))
def test_parts_sum_to_forecast_minus_base(seed: int, k: int, others: int, rounds: int) -> None:
    random = np.random.default_rng(seed)
    match, background = random.normal(size=k), random.normal(size=(others, k))
    background[random.random((others, k)) < 0.2] = np.nan
    groups = [list(part) for part in np.array_split(np.arange(k), 2)]
    found = attribute(bent, match, background, groups, rounds=rounds, seed=seed)
    np.testing.assert_allclose(found.parts.sum(axis=0), found.forecast - found.base, atol=1e-12)
    np.testing.assert_allclose(
        sum(found.together(group)[0] for group in groups), found.forecast - found.base, atol=1e-12
    )
    np.testing.assert_allclose(found.forecast, bent(match[None])[0], atol=1e-12)
    np.testing.assert_allclose(found.base, bent(background).mean(axis=0), atol=1e-12)


@given(SEEDS)
def test_what_changes_nothing_has_no_part_and_equals_have_equal_parts(seed: int) -> None:
    def game(x: np.ndarray) -> np.ndarray:
        return (x[:, :1] * x[:, 1:2]) + 0 * x[:, 2:3]

    found = attribute(game, np.ones(3), np.zeros((1, 3)), [[0], [1], [2]], rounds=2, seed=seed)
    np.testing.assert_allclose(found.parts[:, 0], [0.5, 0.5, 0.0])  # a walk and its opposite are exact for pairs


def exact(game, match: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Shapley values by all orders."""
    orders = list(permutations(range(len(match))))
    parts = np.zeros((len(match), 3))
    for order in orders:
        row = start.copy()
        for place in order:
            before = game(row[None])[0]
            row[place] = match[place]
            parts[place] += game(row[None])[0] - before
    return parts / len(orders)


def test_many_walks_come_to_the_shapley_values_within_their_standard_error() -> None:
    random = np.random.default_rng(3)
    match, start = random.normal(size=4), random.normal(size=4)
    found = attribute(bent, match, start[None], [[0], [1], [2], [3]], rounds=2000, seed=5)
    wanted = exact(bent, match, start)
    for place in range(4):
        part, error = found.together([place])
        assert 0 < error < 0.01
        assert np.abs(part - wanted[place]).max() < 5 * error


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    match, background = np.arange(1.0, 5.0), np.zeros((2, 4))
    one, same, other = (
        attribute(bent, match / 3, background, [[0, 1], [2, 3]], rounds=3, seed=seed).parts for seed in (1, 1, 2)
    )
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_a_group_joins_as_one() -> None:
    """Features of a group stand side by side: with two groups only half of the pairs of features can be apart."""
    seen: list[np.ndarray] = []

    def game(rows: np.ndarray) -> np.ndarray:
        seen.append(rows)
        return rows[:, :1]

    attribute(game, np.ones(4), np.zeros((1, 4)), [[0, 1], [2, 3]], rounds=20, seed=1)
    for walk in seen[0].reshape(-1, 5, 4):
        halfway = walk[2]
        assert halfway[0] == halfway[1] != halfway[2] == halfway[3]


def test_one_round_cannot_say_how_sure_it_is() -> None:
    found = attribute(bent, np.ones(2), np.zeros((1, 2)), [[0], [1]], rounds=1, seed=1)
    assert isnan(found.together([0])[1])
    with pytest.raises(IndexError):
        found.together([2])
