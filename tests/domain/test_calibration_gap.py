"""The gap between promise and result: exact under the forecast itself, silent for the healthy, loud for the sick."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from touchline.domain.calibration_gap import ALPHA, DISTORTIONS, accused, gap, mixed, moments, ratios

Floats = NDArray[np.float64]
shares = st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3).map(lambda told: np.array(told) / sum(told))
forecasts = st.lists(shares, min_size=1, max_size=8).map(np.array)


def drawn(p: Floats, seed: int, runs: int = 1) -> NDArray[np.int64]:
    """(runs, n) outcomes that follow forecasts (n, 3)."""
    rng = np.random.default_rng(seed)
    return np.asarray((rng.random((runs, len(p), 1)) > np.cumsum(p, axis=1)[:, :2]).sum(axis=2))


def spread_out(matches: int, seed: int = 0) -> Floats:
    """Forecasts that differ as much as those of real matches."""
    return np.random.default_rng(seed).dirichlet((4.5, 2.7, 3.1), matches)


def sharpened(p: Floats, exponent: float) -> Floats:
    return np.asarray(p**exponent / (p**exponent).sum(axis=1, keepdims=True))


@given(forecasts)
def test_law_each_ratio_has_mean_one_if_the_forecast_is_true(p: Floats) -> None:
    """Exactly, for every forecast: hence the product is a martingale, with nothing approximated."""
    means = np.einsum("no,nok->nk", p, np.exp(ratios(p)))
    assert means == pytest.approx(np.ones_like(means), abs=1e-9)


@given(forecasts)
def test_law_the_moments_are_those_of_the_loss(p: Floats) -> None:
    mean, variance = moments(p)
    assert mean == pytest.approx(-(p * np.log(p)).sum(axis=1))
    assert variance == pytest.approx((p * (-np.log(p) - mean[:, None]) ** 2).sum(axis=1), abs=1e-9)


@given(forecasts, st.integers(0, 9))
def test_law_tempering_the_forecast_is_tilting_its_loss(p: Floats, seed: int) -> None:
    """p^t / sum p^t against p is exp(l loss) over its mean, for l = 1 - t."""
    y = drawn(p, seed)[0]
    loss, tilt = -np.log(p), 1 - DISTORTIONS[0].exponent
    tilted = tilt * loss[np.arange(len(y)), y] - np.log((p * np.exp(tilt * loss)).sum(axis=1))
    assert ratios(p)[np.arange(len(y)), y, 0] == pytest.approx(tilted, abs=1e-9)


@given(forecasts, st.integers(0, 9), st.randoms())
def test_law_the_order_in_which_matches_are_settled_says_nothing(p: Floats, seed: int, random: object) -> None:
    y = drawn(p, seed)[0]
    turned = gap(p[::-1], y[::-1])
    assert (turned.n, turned.z) == (len(y), pytest.approx(gap(p, y).z))
    assert turned.evidence == pytest.approx(gap(p, y).evidence)


def test_the_weights_are_a_mixture() -> None:
    assert sum(one.weight for one in DISTORTIONS) == pytest.approx(1)


def test_a_healthy_model_is_not_accused_however_often_one_looks() -> None:
    """At most 5 % of 1,000 healthy models, each looked at after every one of 600 matches; a plain z accuses a third."""
    p = spread_out(600)
    outcomes = drawn(p, 1, runs=1000)
    evidence = np.array([mixed(ratios(p)[np.arange(600), y].cumsum(axis=0)) for y in outcomes])
    assert 0.002 < (evidence.max(axis=1) >= -np.log(ALPHA)).mean() <= ALPHA
    entropy, variance = moments(p)
    z = (-np.log(p)[np.arange(600), outcomes] - entropy).cumsum(axis=1) / np.sqrt(variance.cumsum())
    assert (np.abs(z[:, 29:]) > 1.96).any(axis=1).mean() > 0.25


@pytest.mark.parametrize(
    ("said", "matches", "leaning"),
    [
        (lambda p: sharpened(p, 1.1), 16_000, "too sure"),
        (lambda p: sharpened(p, 1.5), 1_500, "too sure"),
        (lambda p: sharpened(p, 0.75), 4_000, "not sure enough"),
        (lambda p: sharpened(p * [1.3, 1, 1], 1), 4_000, "too much for home"),
        (lambda p: sharpened(p * [1, 0.75, 1], 1), 4_000, "too little for draws"),
    ],
)
def test_a_sick_model_is_accused_and_told_of_what(said: object, matches: int, leaning: str) -> None:
    assert callable(said)
    p = spread_out(matches)
    caught = [gap(said(p), y) for y in drawn(p, 2, runs=10)]
    assert np.mean([one.evidence >= -np.log(ALPHA) for one in caught]) >= 0.9
    assert [one.leaning for one in caught].count(leaning) >= 8


def test_known_values() -> None:
    told = gap([[0.5, 0.25, 0.25]] * 4, [0, 0, 1, 2])
    assert told.settled == pytest.approx(told.expected) == pytest.approx(1.5 * np.log(2))
    assert told.z == pytest.approx(0)
    assert gap([[1.0, 0.0, 0.0]] * 3, [0, 0, 0]).z == 0


def test_what_cannot_be_has_no_excuse() -> None:
    assert gap([[1.0, 0.0, 0.0]], [2]).evidence > 8


def test_without_matches_there_is_no_gap() -> None:
    with pytest.raises(ValueError, match="no match to judge"):
        gap(np.empty((0, 3)), [])


class TestSeveralSignals:
    def test_one_of_many_needs_more_than_one_alone(self) -> None:
        told = [np.log(1 / ALPHA) + 0.1, *[0.0] * 9]
        assert accused(told[:1], [1.0]).tolist() == [True]
        assert not accused(told, [0.1] * 10).any()

    def test_several_together_need_less(self) -> None:
        each = np.log(10 / ALPHA) - np.log(3) + 0.01
        assert accused([each] * 3 + [0.0] * 7, [0.1] * 10).tolist() == [True] * 3 + [False] * 7

    def test_what_nobody_looks_at_is_never_accused(self) -> None:
        assert accused([50.0, 0.0], [0.0, 1.0]).tolist() == [False, False]

    @given(st.lists(st.floats(-5, 20), min_size=1, max_size=12))
    def test_law_any_alarm_means_that_the_weighted_mean_is_beyond_the_bound(self, told: list[float]) -> None:
        """So that Ville's inequality for that mean bounds all false alarms together."""
        weights = np.full(len(told), 1 / len(told))
        if accused(told, weights).any():
            assert np.exp(told).mean() >= 1 / ALPHA * (1 - 1e-9)
