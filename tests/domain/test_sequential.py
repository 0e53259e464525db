"""The sequential comparison: laws that hold whatever the matches are, and a small simulation of what it promises."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from touchline.domain.sequential import ALPHA, MIN_DAYS, MIN_MATCHES, by_day, first, needed, path

Floats = NDArray[np.float64]
HORIZON = 3_000
DAYS = st.integers(1, 60).map(lambda day: f"2026-{1 + day // 29:02}-{1 + day % 29:02}")
MATCHES = st.lists(st.tuples(DAYS, st.floats(-3, 3, allow_subnormal=False)), min_size=1, max_size=300)


def compared(matches: list[tuple[str, float]]) -> Any:
    _, counts, sums = by_day([day for day, _ in matches], [value for _, value in matches])
    return path(counts, sums, HORIZON)


def same(one: Any, other: Any) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in ("n", "mean", "deviation", "width")
    )


@settings(max_examples=25)
@given(MATCHES, st.randoms(use_true_random=False))
def test_the_order_in_which_matches_come_makes_no_difference(matches: list[tuple[str, float]], random: Any) -> None:
    mixed = list(matches)
    random.shuffle(mixed)
    assert same(compared(matches), compared(mixed))


@settings(max_examples=25)
@given(MATCHES)
def test_whom_one_calls_the_first_only_turns_the_sign(matches: list[tuple[str, float]]) -> None:
    one, other = compared(matches), compared([(day, -value) for day, value in matches])
    assert np.array_equal(one.mean, -other.mean, equal_nan=True)
    assert np.array_equal(one.width, other.width, equal_nan=True)
    assert np.array_equal(one.low, -other.high, equal_nan=True)


@settings(max_examples=25)
@given(MATCHES, st.lists(st.integers(0, 60), max_size=5))
def test_days_without_a_match_change_nothing(matches: list[tuple[str, float]], where: list[int]) -> None:
    _, counts, sums = by_day([day for day, _ in matches], [value for _, value in matches])
    places = [min(place, len(counts)) for place in where]
    more = path(np.insert(counts, places, 0.0), np.insert(sums, places, 0.0), HORIZON)
    played = np.insert(counts, places, 0.0) > 0
    plain = path(counts, sums, HORIZON)
    assert np.array_equal(more.n[played], plain.n)
    assert np.allclose(more.mean[played], plain.mean)
    assert np.allclose(more.width[played], plain.width)


@settings(max_examples=25)
@given(MATCHES, st.integers(1, 59))
def test_what_comes_later_changes_nothing_of_what_was(matches: list[tuple[str, float]], until: int) -> None:
    """So the day on which it was decided stays, however often and whenever one looks."""
    _, counts, sums = by_day([day for day, _ in matches], [value for _, value in matches])
    whole, part = path(counts, sums, HORIZON), path(counts[:until], sums[:until], HORIZON)
    assert np.array_equal(whole.width[:until], part.width, equal_nan=True)
    assert np.array_equal(whole.mean[:until], part.mean, equal_nan=True)


def test_there_is_no_interval_before_days_and_matches_are_enough() -> None:
    few_days = path(np.full(MIN_DAYS + 1, 100), np.resize([1.0, -1.0], MIN_DAYS + 1), HORIZON)
    assert np.isinf(few_days.width).tolist() == [True] * (MIN_DAYS - 1) + [False] * 2
    few_matches = path(np.ones(MIN_MATCHES), np.resize([1.0, -1.0], MIN_MATCHES), HORIZON)
    assert np.isinf(few_matches.width).tolist() == [True] * (MIN_MATCHES - 1) + [False]


def test_beyond_the_horizon_the_interval_goes_on_without_its_help() -> None:
    made = path(np.full(100, 100), np.resize([3.0, -3.0], 100), 5_000)
    within, beyond = made.width[49], made.width[50]
    assert made.n[49] == 5_000
    assert beyond > within
    assert np.isfinite(made.width[-1])


def played(rng: np.random.Generator, runs: int, gain: float) -> tuple[Floats, Floats]:
    """Weekends of many matches and weekdays of few, that hang together by day."""
    counts = np.resize([60.0, 25.0, 4.0], (runs, 90))
    noise = rng.normal(0, 0.1, counts.shape) * np.sqrt(counts) + rng.normal(0, 0.01, counts.shape) * counts
    return counts, noise - gain * counts


def decided(runs: int, gain: float) -> Floats:
    """Matches until the interval lies below 0, infinite if it never does."""
    counts, sums = played(np.random.default_rng(5), runs, gain)
    made = path(counts, sums, HORIZON)
    day = first(made.high < 0)
    found = made.n[np.arange(runs), np.minimum(day, counts.shape[1] - 1)]
    return np.where(day < counts.shape[1], found, np.inf)


def test_of_equals_few_are_ever_called_better() -> None:
    share = np.isfinite(decided(2_000, 0.0)).mean()
    assert share < ALPHA + 3 * np.sqrt(ALPHA / 2_000)


def test_a_gain_is_seen_the_sooner_the_larger_it_is() -> None:
    small, large = decided(500, 0.012), decided(500, 0.05)
    assert np.isfinite(small).mean() > 0.9
    assert np.isfinite(large).all()
    assert np.median(large) < np.median(small) < HORIZON


@pytest.mark.parametrize("distance", [0.0, -0.1, float("nan")])
def test_towards_nothing_no_number_of_matches_is_enough(distance: float) -> None:
    assert needed(500, 0.1, distance, HORIZON, HORIZON) is None


def test_what_is_foreseen_is_what_it_takes() -> None:
    n = needed(300, 0.1, 0.02, HORIZON, HORIZON)
    assert n is not None
    counts, sums = np.full(HORIZON, 1.0), np.resize([0.08, -0.12], HORIZON)  # mean -0.02, deviation 0.1
    made = path(counts, sums, HORIZON)
    assert abs(made.n[int(first(made.high < 0))] - (300 + n)) < 20
