"""Bins, the error of a perfect forecaster, and months: cases counted by hand, and laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from touchline.domain.noise_floor import noise_floor
from touchline.domain.reliability import BINS, bins, entropies, expected_ece, months
from touchline.domain.scoring import ece, log_loss
from touchline.domain.track import MOST_MONTHS


@st.composite
def settled(draw: st.DrawFn, least: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, outcomes and days of some matches."""
    n = draw(st.integers(least, 30))
    weights = draw(arrays.arrays(float, (n, 3), elements=st.floats(0.0, 1.0))) + 1e-3
    outcome = draw(arrays.arrays(np.int64, n, elements=st.integers(0, 2)))
    days = draw(arrays.arrays(np.int64, n, elements=st.integers(0, 200)))
    return weights / weights.sum(axis=1, keepdims=True), outcome, np.datetime64("2025-08-01") + days


def test_bins_of_a_case_counted_by_hand() -> None:
    """Two matches, 0.62 0.28 0.10 and 0.66 0.22 0.12: the first was won at home, the second drawn."""
    told = bins([[0.62, 0.28, 0.10], [0.66, 0.22, 0.12]], [0, 1])
    counted = {place: (one.count, one.promised, one.came) for place, one in enumerate(told) if one.count}
    assert counted == {1: (2, 0.11, 0.0), 2: (2, 0.25, 0.5), 6: (2, 0.64, 0.5)}
    assert (told[6].low, told[6].high) == (0.0, 1.0), "two matches say nothing"
    half = 1.959963984540054 * (0.28 * 0.72 + 0.22 * 0.78) ** 0.5 / 2
    assert (told[2].low, told[2].high) == pytest.approx((0.0, 0.25 + half))


def test_two_outcomes_of_a_match_that_share_a_bin_are_one_chance() -> None:
    """0.4 0.4 0.2: of both that promise 0.4 at most one comes; one of them does with 0.8."""
    told = bins([[0.4, 0.4, 0.2]] * 100, [0] * 100)[4]
    half = 1.959963984540054 * (100 * 0.8 * 0.2) ** 0.5 / 200
    assert (told.count, told.came) == (200, 0.5)
    assert (told.low, told.high) == pytest.approx((0.4 - half, 0.4 + half))


@given(settled())
def test_every_promise_is_in_one_bin(matches: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    p, outcome, _ = matches
    told = bins(p, outcome)
    assert len(told) == BINS
    assert sum(one.count for one in told) == 3 * len(p)
    assert sum(one.count * one.came for one in told) == pytest.approx(len(p))
    assert sum(one.count * one.promised for one in told) == pytest.approx(len(p))
    for place, one in enumerate(told):
        assert not one.count or place / BINS - 1e-9 <= one.promised <= (place + 1) / BINS + 1e-9
        assert one.low <= one.promised <= one.high


@given(settled())
def test_the_gaps_of_the_bins_are_the_calibration_error(matches: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    p, outcome, _ = matches
    gaps = sum(one.count * abs(one.promised - one.came) for one in bins(p, outcome)) / (3 * len(p))
    assert gaps == pytest.approx(ece(p, outcome), abs=1e-7)


@pytest.mark.parametrize("n", [30, 300])
def test_the_expected_error_is_what_perfect_forecasters_show(n: int) -> None:
    p = np.random.default_rng(n).dirichlet([4.0, 3.0, 3.0], n)
    assert expected_ece(p) == pytest.approx(noise_floor(p, draws=400).pooled.mean, rel=0.1)


def test_who_is_certain_shows_no_noise() -> None:
    assert expected_ece([[1.0, 0.0, 0.0]] * 5) == 0.0


@given(settled())
def test_months_hold_every_match_and_their_mean_is_the_gap(
    matches: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    p, outcome, days = matches
    told = months(p, outcome, days)
    assert [one.month for one in told] == sorted({str(day)[:7] for day in days})
    assert sum(one.n for one in told) == len(p)
    gap = (log_loss(p, outcome) - entropies(p)).mean()
    assert sum(one.n * one.gap.value for one in told) / len(p) == pytest.approx(gap, abs=1e-9)


def test_only_the_newest_months_are_told() -> None:
    days = np.datetime64("2015-01") + np.arange(MOST_MONTHS + 5)
    told = months([[0.5, 0.3, 0.2]] * len(days), [0] * len(days), days.astype("datetime64[D]"))
    assert (len(told), told[0].month, told[-1].month) == (MOST_MONTHS, "2015-06", "2020-05")


def test_who_is_too_sure_is_above_zero() -> None:
    told = months([[0.9, 0.05, 0.05]] * 4, [0, 1, 0, 2], np.array(["2026-03-01"] * 4, "datetime64[D]"))
    assert told[0].gap.value > 1
    assert told[0].gap.low is None, "one day says nothing of how sure that is"
