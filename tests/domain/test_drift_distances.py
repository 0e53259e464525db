"""Distances between two samples: nothing between equals, and only what is large and no chance counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from touchline.domain.drift import (
    MAX_REFERENCE,
    compare,
    effect_size,
    ks,
    psi,
    retraining_reason,
    share_drifted,
    windows,
)

numbers = st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")))
samples = st.lists(numbers, min_size=1, max_size=60)


@given(samples)
def test_law_a_sample_does_not_drift_from_itself(sample: list[float]) -> None:
    assert psi(sample, sample) == 0
    assert ks(sample, sample) == 0
    assert effect_size(sample, sample) == 0
    (drift,) = compare(np.array(sample)[:, None], np.array(sample)[:, None], ["x"])
    assert not drift.drifted


@given(samples, samples, st.randoms())
def test_law_the_order_of_a_sample_says_nothing(first: list[float], second: list[float], random: object) -> None:
    turned = list(reversed(second))
    assert psi(first, turned) == psi(first, second)
    assert ks(first, turned) == ks(first, second)


@given(samples, samples)
def test_law_distances_are_in_range(first: list[float], second: list[float]) -> None:
    assert psi(first, second) >= 0
    assert 0 <= ks(first, second) <= 1
    assert np.isfinite(effect_size(first, second))


@given(samples, samples)
def test_law_the_ks_distance_and_the_effect_are_symmetric(first: list[float], second: list[float]) -> None:
    assert ks(first, second) == ks(second, first)
    assert effect_size(first, second) == pytest.approx(-effect_size(second, first), abs=1e-9)


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=60), st.integers(1, 9), st.integers(-9, 9))
def test_law_units_do_not_matter(sample: list[int], factor: int, shift: int) -> None:
    first, second = np.array(sample, dtype=float), np.array(sample[::2], dtype=float) + 1
    assert psi(first * factor + shift, second * factor + shift) == pytest.approx(psi(first, second))
    assert ks(first * factor + shift, second * factor + shift) == pytest.approx(ks(first, second))


def test_known_values() -> None:
    """Half of the reference lies below 1; all of the current sample lies above: shares 0.5 and the floor."""
    expected = (1e-4 - 0.5) * np.log(1e-4 / 0.5) + (1 - 0.5) * np.log(1 / 0.5)
    assert psi([0, 0, 1, 1], [1, 1, 1, 1]) == pytest.approx(expected)
    assert ks([0, 0, 1, 1], [1, 1, 1, 1]) == 0.5
    assert effect_size([0, 2], [1, 3]) == pytest.approx(1 / np.sqrt(2))


@pytest.mark.parametrize("measure", [psi, ks, effect_size])
def test_an_empty_sample_is_an_error_of_the_caller(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match="without values"):
        measure([], [1.0])


def test_a_single_value_has_no_effect_size() -> None:
    assert effect_size([1.0], [2.0]) == 0
    assert effect_size([1.0, 2.0], [np.nan]) == 0


def test_a_constant_that_moved_has_a_distance() -> None:
    assert psi([1.0] * 9, [2.0] * 9) > 1
    assert ks([1.0] * 9, [2.0] * 9) == 1


def test_values_that_went_missing_count_as_drift() -> None:
    rng = np.random.default_rng(1)
    before = rng.normal(size=(300, 1))
    after = np.where(rng.random((300, 1)) < 0.5, np.nan, before)
    (drift,) = compare(before, after, ["x"])
    assert drift.drifted
    assert (drift.missing_reference, drift.missing_current) == (0, pytest.approx(0.5, abs=0.1))
    assert psi(np.full(9, np.nan), before[:, 0]) > 1


@pytest.mark.parametrize("rows", [30, 200, 2000])
def test_chance_alone_is_no_drift(rows: int) -> None:
    rng = np.random.default_rng(rows)
    drifts = compare(rng.normal(size=(3000, 40)), rng.normal(size=(rows, 40)), [f"f{place}" for place in range(40)])
    assert share_drifted(drifts) == 0


@pytest.mark.parametrize(("shift", "share"), [(0.35, 0.0), (1.5, 1.0)])
def test_only_large_changes_are_drift(shift: float, share: float) -> None:
    rng = np.random.default_rng(2)
    drifts = compare(rng.normal(size=(3000, 5)), rng.normal(shift, size=(400, 5)), list("abcde"))
    assert share_drifted(drifts) == share
    assert [drift.name for drift in drifts] == list("abcde")


@pytest.mark.parametrize("shape", [(3, 1), (3,), (3, 3)])
def test_tables_have_the_named_columns(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="2 names for tables"):
        compare(np.zeros(shape), np.zeros((3, 2)), ["a", "b"])
    with pytest.raises(ValueError, match="2 names for tables"):
        compare(np.zeros((3, 2)), np.zeros(shape), ["a", "b"])


def days(*numbers: int) -> NDArray[np.datetime64]:
    return np.datetime64("2024-01-01", "us") + np.array(numbers) * np.timedelta64(1, "D")


class TestWindows:
    @given(st.lists(st.integers(0, 40), max_size=50), st.integers(0, 60))
    def test_law_no_match_is_on_both_sides(self, numbers: list[int], newest: int) -> None:
        kickoff = days(*numbers)
        reference, current = windows(kickoff, newest)
        assert not set(reference) & set(current)
        assert len(current) == min(newest, len(numbers))
        if len(reference) and len(current):
            assert kickoff[reference].max() <= kickoff[current].min()

    def test_a_champion_brings_its_period(self) -> None:
        first, last = days(2, 5)
        reference, current = windows(days(*range(10)), 3, (first, last))
        assert (reference.tolist(), current.tolist()) == ([2, 3, 4, 5], [7, 8, 9])

    def test_what_is_current_is_no_reference(self) -> None:
        first, last = days(0, 99)
        assert windows(days(*range(10)), 8, (first, last))[0].tolist() == [0, 1]

    def test_a_long_reference_is_thinned_evenly(self) -> None:
        reference, _ = windows(days(*range(3 * MAX_REFERENCE)), 0, (days(0)[0], days(99_999)[0]))
        assert len(reference) == MAX_REFERENCE
        assert (reference[0], reference[-1]) == (0, 3 * MAX_REFERENCE - 1)
        assert set(np.diff(reference)) <= {2, 3, 4}


class TestRetraining:
    @pytest.mark.parametrize(
        ("share", "loss", "matches", "due"),
        [
            (0.5, 1.2, 60, True),
            (0.3, 1.2, 60, False),
            (0.5, 1.2, 49, False),
            (0.5, 1.01, 60, False),
            (0.5, 0.9, 60, False),
        ],
    )
    def test_both_must_hurt(self, share: float, loss: float, matches: int, due: bool) -> None:
        assert bool(retraining_reason(share, [loss] * matches, [1.0] * matches)) == due

    def test_bad_luck_is_no_reason(self) -> None:
        losses = 1.1 + np.tile([1.0, -1.0], 30)
        assert retraining_reason(0.9, losses, np.ones(60)) == ""
        assert retraining_reason(0.9, np.tile(losses, 100), np.ones(6000))
