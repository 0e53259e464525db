"""Scores of probabilities: their bounds, their order, and how sure one can be of a mean."""

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain import scoring

SCORES = (scoring.rps, scoring.log_loss, scoring.brier, scoring.accuracy)


@st.composite
def forecasts(draw, least=1):
    """Probabilities and outcomes of the same matches."""
    n = draw(st.integers(least, 20))
    raw = draw(arrays.arrays(np.float64, (n, 3), elements=st.floats(0.001, 1)))
    y = draw(arrays.arrays(np.int64, n, elements=st.integers(0, 2)))
    return raw / raw.sum(axis=1, keepdims=True), y


@given(forecasts())
def test_scores_stay_within_their_bounds(given_forecasts):
    p, y = given_forecasts
    for score, high in ((scoring.rps, 1), (scoring.brier, 2), (scoring.accuracy, 1), (scoring.log_loss, 35)):
        values = score(p, y)
        assert values.shape == (len(y),)
        assert np.all((values >= 0) & (values <= high))
    assert 0 <= scoring.ece(p, y) <= 1


@given(forecasts())
def test_only_certainty_of_the_truth_scores_zero(given_forecasts):
    p, y = given_forecasts
    certain = np.eye(3)[y]
    assert scoring.rps(certain, y).tolist() == [0.0] * len(y)
    assert scoring.brier(certain, y).tolist() == [0.0] * len(y)
    assert scoring.log_loss(certain, y).tolist() == [0.0] * len(y)
    unsure = p[np.arange(len(y)), y] < 0.999
    for score in (scoring.rps, scoring.brier, scoring.log_loss):
        assert np.all(score(p, y)[unsure] > 0)


@given(st.floats(0.01, 0.98))
def test_rps_knows_that_a_draw_is_nearer_than_the_far_end(share):
    near, far = [1 - share, share, 0.0], [1 - share, 0.0, share]
    assert scoring.rps([near], [0])[0] < scoring.rps([far], [0])[0]
    assert scoring.brier([near], [0])[0] == pytest.approx(scoring.brier([far], [0])[0])


@given(forecasts())
def test_the_mirror_image_of_a_match_scores_the_same(given_forecasts):
    p, y = given_forecasts
    for score in (scoring.rps, scoring.brier, scoring.log_loss):
        np.testing.assert_allclose(score(p, y), score(p[:, ::-1], 2 - y), atol=1e-12)


@given(st.lists(st.floats(0.02, 0.96), min_size=2, max_size=2, unique=True))
def test_more_for_the_truth_never_scores_worse(shares):
    less, more = (np.array([[p, (1 - p) / 2, (1 - p) / 2]]) for p in sorted(shares))
    for score in (scoring.rps, scoring.brier, scoring.log_loss):
        assert score(more, [0])[0] <= score(less, [0])[0]


def test_a_proper_score_is_least_for_the_true_probabilities():
    truth = np.array([0.5, 0.3, 0.2])
    rng = np.random.default_rng(3)
    others = rng.dirichlet(np.ones(3), 200)
    for score in (scoring.rps, scoring.brier, scoring.log_loss):

        def expected(p, score=score):
            return sum(truth[y] * score([p], [y])[0] for y in range(3))

        assert all(expected(truth) <= expected(other) for other in others)


def test_log_loss_of_an_impossible_outcome_is_finite():
    assert scoring.log_loss([[1.0, 0.0, 0.0]], [2])[0] == pytest.approx(-np.log(scoring.FLOOR))


def test_ece_finds_a_promise_that_is_not_kept():
    promised = np.tile([0.75, 0.15, 0.1], (1000, 1))
    assert scoring.ece(promised, np.zeros(1000)) == pytest.approx((0.25 + 0.15 + 0.1) / 3)


def test_ece_of_an_honest_forecaster_shrinks_with_the_number_of_matches():
    rng = np.random.default_rng(0)
    p = rng.dirichlet((5, 3, 3), 20_000)
    y = (rng.random((len(p), 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    assert scoring.ece(p, y) < 0.01 < scoring.ece(p[:200], y[:200])


@given(forecasts(), st.integers(1, 12))
def test_calibration_gaps_sum_up_to_the_error(given_forecasts, bins):
    p, y = given_forecasts
    gaps = scoring.calibration_gaps(p, y, bins)
    assert gaps.shape == (len(y), bins)
    assert np.abs(gaps.mean(axis=0)).sum() == pytest.approx(scoring.ece(p, y, bins))
    np.testing.assert_allclose(gaps.sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("p", "y", "complaint"),
    [
        ([[0.5, 0.3, 0.2]], [0, 1], "1 forecasts for outcomes"),
        ([[0.5, 0.3, 0.2]], [3], "an outcome is 0"),
        ([[0.5, 0.3, 0.2]], [-1], "an outcome is 0"),
        ([[0.5, 0.3, 0.3]], [0], "sum to 1"),
        ([[1.5, -0.3, -0.2]], [0], "sum to 1"),
        ([[np.nan, 0.5, 0.5]], [0], "sum to 1"),
    ],
)
def test_what_is_no_forecast_is_refused(p, y, complaint):
    for score in SCORES:
        with pytest.raises(ValueError, match=complaint):
            score(p, y)


def test_no_match_has_no_error():
    with pytest.raises(ValueError, match="no match"):
        scoring.ece(np.empty((0, 3)), [])
    with pytest.raises(ValueError, match="nothing to resample"):
        scoring.bootstrap_interval([])
    assert scoring.rps(np.empty((0, 3)), []).tolist() == []


@given(arrays.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1, 1)), st.integers(0, 5))
def test_an_interval_lies_between_the_extremes_and_repeats_with_its_seed(values, seed):
    low, high = scoring.bootstrap_interval(values, draws=50, seed=seed)
    assert values.min() - 1e-9 <= low <= high <= values.max() + 1e-9
    assert (low, high) == scoring.bootstrap_interval(values, draws=50, seed=seed)


def test_an_interval_covers_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(300, 80))
    inside = [low <= 0 <= high for low, high in (scoring.bootstrap_interval(one, draws=300) for one in samples)]
    assert 0.90 <= np.mean(inside) <= 0.98


def test_a_higher_level_is_wider_and_more_matches_are_narrower():
    values = np.random.default_rng(2).normal(size=4000)

    def width(interval):
        return interval[1] - interval[0]

    normal = width(scoring.bootstrap_interval(values))
    assert (
        width(scoring.bootstrap_interval(values, level=0.99))
        > normal
        > width(scoring.bootstrap_interval(values, level=0.5))
    )
    assert width(scoring.bootstrap_interval(values[:100])) > 3 * normal


def test_pairs_are_compared_on_the_same_resamples():
    rng = np.random.default_rng(4)
    common = rng.normal(size=500)
    better = common - 0.1
    assert scoring.paired_interval(better, common) == pytest.approx((-0.1, -0.1))
    with pytest.raises(ValueError, match="same matches"):
        scoring.paired_interval(common, better[:10])


def test_resampling_in_pieces_gives_every_draw():
    drawn = scoring.bootstrap_means(np.arange(5000.0), draws=901)
    assert drawn.shape == (901, 1)
    assert drawn.mean() == pytest.approx(2499.5, abs=5)
    assert len(np.unique(drawn)) > 850
