"""Forecasters are compared on the same matches, and the card says what came of it."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from made_matches import made, true_probabilities
from touchline.errors import DataError
from touchline.learning import evaluation, plots
from touchline.learning.card import ModelCard, markdown
from touchline.manifest import decode, encode

TRAIN, TEST = made(900), made(600, seed=1)
TRUE = true_probabilities(TEST.x / 100)
FLAT = np.tile([0.45, 0.27, 0.28], (600, 1))
SILENT = np.full((600, 3), np.nan)


def test_priors_are_the_shares_of_each_competition():
    outcome = np.where(TRAIN.competition == "A1", 0, 2).astype(np.int8)
    examples = replace(TRAIN, outcome=outcome)
    known_a, known_b, unknown = evaluation.prior(examples, np.array(["A1", "B1", "new"], dtype=object))
    assert known_a[0] > 0.95
    assert known_b[2] > 0.95
    assert unknown == pytest.approx([0.667, 0.001, 0.332], abs=0.01)


def test_priors_look_at_the_newest_matches_only():
    n = 2 * evaluation.RECENT
    long = made(n)
    outcome = np.where(np.arange(n) < evaluation.RECENT, 0, 2).astype(np.int8)
    shuffled = np.random.default_rng(0).permutation(n)
    one = np.full(n, "A1", dtype=object)
    examples = replace(long, outcome=outcome, competition=one).take(shuffled)
    assert evaluation.prior(examples, one[:1])[0, 2] > 0.99


def test_elo_alone_learns_from_elo_alone():
    p = evaluation.elo(TRAIN, TEST)
    order = np.argsort(TEST.x[:, 0])
    assert np.all(np.diff(p[order, 0]) >= -1e-12)
    other = replace(TEST, x=TEST.x.copy())
    other.x[:, 1:] = 7.0
    np.testing.assert_array_equal(evaluation.elo(TRAIN, other), p)


def test_elo_needs_its_feature():
    unnamed = replace(TEST, names=("a", "b", "c", "d"))
    with pytest.raises(DataError, match="elo_difference"):
        evaluation.elo(unnamed, unnamed)


def test_all_are_scored_on_the_matches_that_all_forecast():
    partly = TRUE.copy()
    partly[:100] = np.nan
    found = evaluation.scores({"ours": TRUE, "market": partly, "prior": FLAT}, TEST.outcome)
    assert {name: score.n for name, score in found.items()} == {"ours": 500, "market": 500, "prior": 500}
    assert found["ours"] == found["market"]
    assert found["ours"].log_loss.value < found["prior"].log_loss.value
    for score in found.values():
        for metric in (score.rps, score.log_loss, score.brier, score.accuracy):
            assert metric.low < metric.value < metric.high


def test_who_forecasts_little_takes_no_matches_from_the_others():
    rarely = SILENT.copy()
    rarely[:50] = FLAT[:50]
    found = evaluation.scores({"ours": TRUE, "champion": rarely, "closing": SILENT}, TEST.outcome)
    assert set(found) == {"ours"}
    assert found["ours"].n == 600


def test_nobody_said_anything():
    assert evaluation.scores({"ours": SILENT}, TEST.outcome) == {}
    assert evaluation.difference(TRUE, SILENT, TEST.outcome) is None


def test_differences_are_paired():
    better = evaluation.difference(TRUE, FLAT, TEST.outcome)
    assert better is not None
    assert better.n == 600
    assert better.log_loss.high < 0
    assert better.rps.low < better.rps.value < better.rps.high < 0
    same = evaluation.difference(TRUE, TRUE, TEST.outcome)
    assert same is not None
    assert (same.log_loss.low, same.log_loss.value, same.log_loss.high) == (0, 0, 0)


def test_slices_warn_where_matches_are_few():
    few = TEST.competition.copy()
    few[:20] = "C1"
    found = {one.competition: one for one in evaluation.slices(TRUE, TEST.outcome, few)}
    assert list(found) == ["A1", "B1", "C1"]
    assert (found["C1"].n, found["C1"].few, found["A1"].few) == (20, True, False)
    assert sum(one.n for one in found.values()) == 600


def card(**changes):
    found = {"ours": TRUE, "prior": FLAT}
    fields = {
        "model_id": "abc", "family": "logistic", "params": {"C": 0.1}, "features": 4, "features_sha256": "f" * 64,
        "competitions": ("A1", "B1"), "matches": 900, "trained_from": datetime(2015, 8, 1, tzinfo=UTC),
        "trained_until": datetime(2016, 5, 1, tzinfo=UTC), "test_matches": 600,
        "test_from": datetime(2016, 5, 2, tzinfo=UTC), "test_until": datetime(2016, 9, 1, tzinfo=UTC),
        "snapshot": "features/x/manifest.json", "seq": 3, "simulated": False,
        "scores": evaluation.scores(found, TEST.outcome),
        "differences": {"prior": evaluation.difference(TRUE, FLAT, TEST.outcome)}, "champion": "",
        "slices": evaluation.slices(TRUE[:20], TEST.outcome[:20], TEST.competition[:20]), "calibration": "none",
        "calibration_losses": {}, "fold_losses": {"logistic": (1.0, 0.99)},
    }  # fmt: skip
    return ModelCard(**(fields | changes))


def test_a_card_survives_json():
    assert decode(encode(card()), ModelCard) == card()


def test_a_card_reads_as_a_page():
    page = markdown(card())
    for expected in (
        "# Model abc",
        "2015-08-01 to 2016-05-01",
        "| ours | 600 |",
        "| prior | 600 |",
        "(too few)",
        "## Limits",
    ):
        assert expected in page
    assert "invented" not in page
    assert "invented" in markdown(card(simulated=True))


def test_plots_are_pictures_and_the_same_each_time():
    for make in (lambda: plots.reliability(TRUE, TEST.outcome), lambda: plots.fold_scores({"logistic": (1.0, 0.99)})):
        assert make().startswith(b"\x89PNG")
        assert make() == make()
