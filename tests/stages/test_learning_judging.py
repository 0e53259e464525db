"""Verdicts on forecasters are those of the scoring functions, on identical matches, with paired intervals."""

import numpy as np
import pytest

from touchline.domain import scoring
from touchline.learning import evaluation, judging


def made(n=600, seed=0):
    """Forecasts of one who knows the true chances, of one a little wrong and of a vague one; outcomes as they came."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet([5, 3, 4], n)
    outcome = (rng.random(n)[:, None] > np.cumsum(true, axis=1)[:, :2]).sum(axis=1).astype(np.int8)
    noisy = true * np.exp(rng.normal(0, 0.2, true.shape))
    return {
        "true": true,
        "noisy": noisy / noisy.sum(axis=1, keepdims=True),
        "vague": np.tile([5, 3, 4], (n, 1)) / 12,
    }, outcome


def test_scores_are_the_means_of_the_scoring_functions():
    forecasts, y = made()
    found = judging.judge(forecasts, y)
    assert list(found.scores) == list(forecasts)
    for name, p in forecasts.items():
        one = found.scores[name]
        assert one.n == found.n == len(y)
        for metric, score in {"rps": scoring.rps, "log_loss": scoring.log_loss, "brier": scoring.brier}.items():
            assert getattr(one, metric).value == pytest.approx(score(p, y).mean())
            low, high = scoring.bootstrap_interval(score(p, y))
            assert (getattr(one, metric).low, getattr(one, metric).high) == pytest.approx((low, high))
        assert one.ece.value == pytest.approx(scoring.ece(p, y))


def test_differences_are_paired():
    forecasts, y = made()
    found = judging.judge(forecasts, y)
    assert list(found.differences) == ["noisy", "vague"]
    for name, gap in found.differences.items():
        alone = evaluation.difference(forecasts["true"], forecasts[name], y)
        for metric in ("rps", "log_loss"):
            one, other = getattr(gap, metric), getattr(alone, metric)
            assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
    spread = found.scores["true"].log_loss
    gap = found.differences["noisy"].log_loss
    assert gap.high - gap.low < (spread.high - spread.low) / 2


def test_parts_add_up_to_the_whole():
    forecasts, y = made()
    name = np.array(["B", "A", "A"] * 200, dtype=object)
    found = judging.parts(forecasts, y, name)
    assert [(part.name, part.n, part.few) for part in found] == [("A", 400, False), ("B", 200, False)]
    whole = judging.judge(forecasts, y)
    for forecaster in forecasts:
        mean = sum(part.n * part.log_loss[forecaster] for part in found) / len(y)
        assert mean == pytest.approx(whole.scores[forecaster].log_loss.value)
    gap = sum(part.n * part.differences["vague"].rps.value for part in found) / len(y)
    assert gap == pytest.approx(whole.differences["vague"].rps.value)
    assert judging.parts(forecasts, y, np.array(["few"] * 100 + ["many"] * 500))[0].few


def test_common_are_those_of_which_everybody_speaks():
    forecasts, _ = made(4)
    forecasts["true"][1] = np.nan
    forecasts["vague"][2, 0] = np.nan
    assert judging.common(forecasts).tolist() == [True, False, False, True]


def test_who_knows_the_chances_stays_within_the_noise_and_who_exaggerates_does_not():
    forecasts, y = made(6000, seed=3)
    sharp = forecasts["true"] ** 2
    honest, boastful = (
        judging.calibration(p, y) for p in (forecasts["true"], sharp / sharp.sum(axis=1, keepdims=True))
    )
    assert honest.ece < honest.floor.high < boastful.ece
    assert all(one.ece < one.floor.high * 1.3 for one in honest.classes.values())


def test_classes_say_what_was_promised_and_what_came():
    forecasts, y = made()
    found = judging.calibration(forecasts["noisy"], y)
    assert found.ece == pytest.approx(scoring.ece(forecasts["noisy"], y))
    for column, one in enumerate(found.classes.values()):
        assert one.promised == pytest.approx(forecasts["noisy"][:, column].mean())
        assert one.came == pytest.approx((y == column).mean())
        assert sum(each.n for each in one.bins) == len(y)
        assert sum(each.n * each.came for each in one.bins) == pytest.approx((y == column).sum())
        assert one.ece == pytest.approx(sum(each.n * abs(each.promised - each.came) for each in one.bins) / len(y))
        for each in one.bins:
            assert 0 <= each.low <= each.came <= each.high <= 1
