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
    thinned,
    windows,
)
from touchline.domain.drift_chance import Inflation, inflation, normal_of_t, two_sided
from touchline.domain.health import Signal

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


@pytest.mark.parametrize(("shift", "share"), [(0.12, 0.0), (0.35, 1.0), (1.5, 1.0)])
def test_only_changes_that_matter_are_drift(shift: float, share: float) -> None:
    """An eighth of a standard deviation is no chance on so many matches, and yet no drift."""
    rng = np.random.default_rng(2)
    drifts = compare(rng.normal(size=(5000, 5)), rng.normal(shift, size=(5000, 5)), list("abcde"))
    assert share_drifted(drifts) == share
    assert all(drift.corrected < 0.01 for drift in drifts)
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
    def test_law_without_a_champion_no_match_is_on_both_sides(self, numbers: list[int], newest: int) -> None:
        kickoff = days(*numbers)
        reference, current = windows(kickoff, newest)
        assert not set(reference) & set(current)
        assert len(current) == min(newest, len(numbers) // 3)
        if len(reference) and len(current):
            assert kickoff[reference].max() <= kickoff[current].min()

    def test_a_champion_brings_its_period(self) -> None:
        first, last = days(2, 5)
        reference, current = windows(days(*range(10)), 3, (first, last))
        assert (reference.tolist(), current.tolist()) == ([2, 3, 4, 5], [7, 8, 9])

    @given(st.integers(7, 40), st.integers(1, 20))
    def test_law_matches_that_come_in_leave_the_reference_alone(self, matches: int, newest: int) -> None:
        first, last = days(2, 6)
        assert windows(days(*range(matches)), newest, (first, last))[0].tolist() == [2, 3, 4, 5, 6]

    def test_a_long_reference_is_thinned_evenly(self) -> None:
        places = thinned(3 * MAX_REFERENCE)
        assert len(places) == MAX_REFERENCE
        assert (places[0], places[-1]) == (0, 3 * MAX_REFERENCE - 1)
        assert set(np.diff(places)) <= {2, 3, 4}


def health(alarm: bool = True, gap: float = 0.2) -> Signal:
    return Signal(
        model_version="1", n=60, settled=1 + gap, expected=1.0, gap=gap, evidence=9.0, alarm=alarm, leaning="too sure"
    )


class TestRetraining:
    @pytest.mark.parametrize(
        ("shift", "signal", "recent", "due"),
        [
            (1.0, health(), 0.1, True),
            (0.0, health(), 0.1, False),
            (1.0, health(alarm=False), 0.1, False),
            (1.0, health(gap=-0.1), 0.1, False),
            (1.0, health(), -0.01, False),
            (1.0, None, 0.1, False),
        ],
    )
    def test_both_must_hurt(self, shift: float, signal: Signal | None, recent: float, due: bool) -> None:
        rng = np.random.default_rng(3)
        drifts = compare(rng.normal(size=(900, 2)), rng.normal(shift, size=(300, 2)), ["a", "b"])
        assert bool(retraining_reason(drifts, signal, recent)) == due


class TestMatchesThatHangTogether:
    def test_a_window_of_a_season_is_no_drift_from_all_of_it(self) -> None:
        """Independent rows would call every autumn a drift: its mean is far from that of the year."""
        phase = np.sin(np.arange(6000) * 2 * np.pi / 600)[:, None]
        autumn = phase[50:250]
        (naive,) = compare(phase, autumn, ["phase"])
        (honest,) = compare(phase, autumn, ["phase"], inflation(phase, 200))
        assert naive.drifted
        assert not honest.drifted

    def test_gaps_that_come_in_blocks_are_no_drift(self) -> None:
        rng = np.random.default_rng(4)
        known = np.repeat(rng.random(60) < 0.5, 100)
        told = np.where(known, rng.normal(size=6000), np.nan)[:, None]
        hidden = np.full((200, 1), np.nan)
        (naive,) = compare(told, hidden, ["statistic"])
        (honest,) = compare(told, hidden, ["statistic"], inflation(told, 200))
        assert naive.drifted
        assert not honest.drifted

    def test_what_nobody_ever_knew_has_no_inflation(self) -> None:
        assert inflation(np.full((800, 1), np.nan), 100) == Inflation((1.0,), (1.0,), (1.0,), 8)

    @pytest.mark.parametrize(("t", "freedom", "tail"), [(4.785, 7, 0.002), (3.659, 29, 0.001), (5.408, 7, 0.001)])
    def test_few_windows_need_more_of_a_deviate(self, t: float, freedom: int, tail: float) -> None:
        """Tabulated points of Student's t."""
        assert two_sided(normal_of_t(t, freedom)) == pytest.approx(tail, rel=0.05)


class TestAgainstItself:
    """Small and deterministic; `scripts/bench watch --only drift` does the same with real features, 1,000 times."""

    @pytest.fixture
    def world(self) -> NDArray[np.float64]:
        """Twelve features of 40,000 matches: some sway with the season or with form, some are independent."""
        rng = np.random.default_rng(7)
        table = rng.normal(size=(40_000, 12))
        table[:, 0] += np.sin(np.arange(40_000) * 2 * np.pi / 8_000)
        for place in (1, 2):
            slow = np.convolve(rng.normal(size=41_999), np.ones(2_000) / np.sqrt(2_000), mode="valid")
            table[:, place] += 0.5 * slow
        return table

    def test_consecutive_matches_raise_no_alarm_and_a_shift_does(self, world: NDArray[np.float64]) -> None:
        names, known = [f"f{place}" for place in range(12)], inflation(world, 500)
        reference, rng = world[thinned(len(world))], np.random.default_rng(8)
        alarms = seen = naive = 0
        for begun in rng.integers(0, len(world) - 500, 30):
            window = world[begun : begun + 500]
            alarms += share_drifted(compare(reference, window, names, known)) > 0
            naive += share_drifted(compare(reference, window, names)) > 0
            seen += share_drifted(compare(reference, window + 0.3 * world.std(axis=0), names, known)) > 0
        assert (alarms, seen) == (0, 30)
        assert naive > 6, "independent rows would cry wolf"
