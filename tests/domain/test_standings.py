"""Comparisons on identical matches, intervals by match day, and flat stakes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from touchline.domain import benchmarks, standings
from touchline.domain.standings import clustered, duel, few, identical, returns, standing

VALUES = st.lists(st.floats(-5, 5), min_size=2, max_size=30)


@given(VALUES)
def test_an_interval_lies_around_the_mean(values: list[float]) -> None:
    mean, low, high = clustered(values, range(len(values)))
    assert low is not None
    assert high is not None
    assert low <= mean <= high
    assert mean == pytest.approx(np.mean(values), abs=1e-9)


@given(VALUES)
def test_with_a_match_a_day_it_is_the_usual_interval(values: list[float]) -> None:
    mean, low, _ = clustered(values, range(len(values)))
    assert mean - low == pytest.approx(1.959964 * np.std(values, ddof=1) / len(values) ** 0.5, abs=1e-6)


@given(VALUES)
def test_the_same_results_again_on_the_same_days_make_nothing_surer(values: list[float]) -> None:
    once = clustered(values, range(len(values)))
    twice = clustered([*values, *values], [*range(len(values)), *range(len(values))])
    assert twice == pytest.approx(once, abs=1e-9)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Days shift all their matches together; intervals that count matches alone would hold it far less often."""
    rng = np.random.default_rng(5)
    days = np.repeat(np.arange(60), 5)
    held = 0
    for _ in range(400):
        _, low, high = clustered(rng.normal(size=60)[days] + rng.normal(size=300), days)
        held += low <= 0 <= high
    assert 0.91 < held / 400 < 0.98


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no value"):
        clustered([], [])


def test_few_matches_or_days_are_few() -> None:
    assert few(np.arange(99))
    assert few(np.arange(500) % 9)
    assert not few(np.arange(100))


def probabilities(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet([2, 1, 1], n)


def test_who_is_needed_is_compared_however_little_he_knows() -> None:
    challenger = probabilities(6)
    challenger[1:] = np.nan
    names, rows = identical({"m1": probabilities(6), "m2": challenger}, ["m1", "m2"])
    assert (names, rows.tolist()) == (["m1", "m2"], [True] + [False] * 5)


def test_means_are_over_the_same_matches() -> None:
    p, q, y = probabilities(40), probabilities(40, 2), np.arange(40) % 3
    days = np.arange(40)
    gap = duel(("m2", "m1"), "E0", (q, p), y, days)
    assert gap is not None
    assert gap.difference == pytest.approx(
        standing("m2", "E0", q, y, days).log_loss - standing("m1", "E0", p, y, days).log_loss
    )
    assert gap.low < gap.difference < gap.high
    back = duel(("m1", "m2"), "E0", (p, q), y, days)
    assert (back.difference, back.low, back.high) == pytest.approx((-gap.difference, -gap.high, -gap.low))


def test_without_a_match_in_common_there_is_no_duel() -> None:
    p, q = probabilities(2), probabilities(2)
    p[0], q[1] = np.nan, np.nan
    assert duel(("m2", "m1"), "", (p, q), [0, 1], [1, 2]) is None


def test_the_returns_of_nothing_are_nothing() -> None:
    none = returns("England", np.empty((0, 3)), np.empty((0, 3)), [], [])
    assert (none.matches, none.n, none.staked, none.roi, none.low) == (0, 0, 0.0, None, None)
    fair = returns("England", np.full((2, 3), 1 / 3), np.full((2, 3), 2.9), [0, 1], [1, 2])
    assert (fair.matches, fair.n, fair.roi) == (2, 0, None)


@given(st.integers(0, 10_000))
def test_one_unit_a_match_at_most_on_what_is_expected_to_pay(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, prices, y = probabilities(30, seed), rng.uniform(1.1, 6, (30, 3)), rng.integers(0, 3, 30)
    chosen = standings.stakes(p, prices)
    told = returns("", p, prices, y, np.arange(30))
    paid = [prices[n, side] * (y[n] == side) for n, side in enumerate(chosen) if side >= 0]
    assert (told.n, told.staked, told.returned) == (len(paid), len(paid), pytest.approx(sum(paid), abs=1e-5))
    value = p * prices - 1
    for n, side in enumerate(chosen):
        assert (side >= 0) == (value[n].max() > 0)
        assert side < 0 or value[n, side] == value[n].max()


def test_elo_alone_is_the_usual_regression() -> None:
    rng = np.random.default_rng(3)
    difference = rng.normal(0, 120, 800)
    chances = np.stack([np.exp(difference / 150), np.full(800, 0.8), np.exp(-difference / 150)], axis=1)
    outcome = np.array([rng.choice(3, p=row / row.sum()) for row in chances])
    asked = np.linspace(-400, 400, 9)
    usual = LogisticRegression(tol=1e-9, max_iter=1000).fit(difference[:, None] / 100, outcome)
    np.testing.assert_allclose(
        benchmarks.elo(difference, outcome, asked), usual.predict_proba(asked[:, None] / 100), atol=1e-4
    )


def test_elo_is_finite_even_where_it_decides_everything() -> None:
    difference = np.array([-300.0] * 60 + [300.0] * 60)
    p = benchmarks.elo(difference, np.array([2] * 60 + [0] * 60), np.array([-300.0, np.nan, 300.0]))
    assert np.isfinite(p).all()
    assert p[0, 2] > 0.9
    assert p[2, 0] > 0.9


def test_shares_are_those_of_the_newest_matches_of_a_league() -> None:
    outcome = np.array([2] * 100 + [0] * benchmarks.RECENT)
    leagues = np.array(["E0"] * len(outcome), object)
    told = benchmarks.shares(outcome, leagues, np.array(["E0"], object))
    assert told[0, 0] > 0.99
