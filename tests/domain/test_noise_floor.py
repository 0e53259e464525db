"""A perfect forecaster's calibration error, against theory and against measuring it by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.domain import scoring
from touchline.domain.noise_floor import noise_floor


def forecasts(n, seed=0):
    return np.random.default_rng(seed).dirichlet([6, 4, 4], n)


def test_it_is_what_perfect_forecasters_show():
    """Outcomes drawn in another way, the error measured by the scoring functions themselves."""
    p, rng = forecasts(400), np.random.default_rng(99)
    shown = [scoring.ece(p, [rng.choice(3, p=row) for row in p]) for _ in range(100)]
    floor = noise_floor(p, draws=2000).pooled
    assert floor.mean == pytest.approx(np.mean(shown), rel=0.1)
    assert floor.high == pytest.approx(np.quantile(shown, 0.95), rel=0.15)


def test_one_bin_of_one_class_is_half_normal():
    """All forecasts equal: the error of a class is |binomial share - p|, whose mean is known."""
    n, p = 5000, 0.43
    floor = noise_floor([[p, 0.27, 0.30]] * n, draws=4000).classes[0]
    deviation = np.sqrt(p * (1 - p) / n)
    assert floor.mean == pytest.approx(deviation * np.sqrt(2 / np.pi), rel=0.04)
    assert floor.high == pytest.approx(1.96 * deviation, rel=0.04)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 200), st.integers(2, 20))
def test_laws(seed, n, bins):
    floors = noise_floor(forecasts(n, seed), bins=bins, draws=20, seed=seed)
    for floor in (floors.pooled, *floors.classes):
        assert 0 <= floor.mean <= 1
        assert 0 <= floor.high <= 1
    assert floors.pooled.mean <= np.mean([each.mean for each in floors.classes]) + 1e-9
    assert floors == noise_floor(forecasts(n, seed), bins=bins, draws=20, seed=seed)


def test_more_matches_leave_less_noise():
    few, many = (noise_floor(forecasts(n)).pooled.mean for n in (1000, 16_000))
    assert few / many == pytest.approx(4, rel=0.15)


def test_nothing_has_no_floor():
    with pytest.raises(ValueError, match="no forecast"):
        noise_floor(np.empty((0, 3)))
