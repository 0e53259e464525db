"""Promotion: each gate says no for its own reason, and a model stops at the first level that refuses it."""

from math import nan, sqrt
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain import promotion
from touchline.domain.promotion import Comparison, Evidence, Policy, Trial, decide

SHIPPED = Path(__file__).parents[2] / "functions" / "promote" / "policy.yaml"
POLICY = msgspec.convert(yaml.safe_load(SHIPPED.read_text()), Policy)
GOOD = Evidence(
    model_id="new", parity=1e-6, matches=1000, log_loss=1.0, ece=0.012, priors=-0.07, elo=-0.01, elo_low=-0.03,
    closing=0.004, closing_high=0.006,
)  # fmt: skip
WORKS = Trial((), POLICY.smoke.sample_rows)
EQUAL = Comparison(champion="old", matches=400, difference=0.0, low=-0.002, high=0.002)


def judged(
    evidence: Evidence | None = GOOD,
    *,
    champion: str = "",
    comparison: Comparison | None = None,
    trial: Trial = WORKS,
    **changes: Any,
) -> promotion.Decision:
    if evidence is not None:
        evidence = msgspec.structs.replace(evidence, **changes)
    return decide(evidence, champion, comparison, POLICY, trial)


def test_the_shipped_policy_has_every_limit_and_no_unknown_one() -> None:
    raw = yaml.safe_load(SHIPPED.read_text())
    for section in ("smoke", "candidate", "champion", "trial"):
        with pytest.raises(msgspec.ValidationError, match="typo"):
            msgspec.convert({**raw, section: {**raw[section], "typo": 1}}, Policy)
        for limit in raw[section]:
            with pytest.raises(msgspec.ValidationError, match=limit):
                msgspec.convert({**raw, section: {k: v for k, v in raw[section].items() if k != limit}}, Policy)


def test_the_first_good_model_becomes_champion() -> None:
    decision = judged()
    assert (decision.stage, decision.reasons) == ("champion", ("there is no champion yet",))


@pytest.mark.parametrize(
    ("trial", "reason"),
    [
        (
            Trial(("card.json is missing", "model.onnx: hash is wrong")),
            "does not work: card.json is missing; model.onnx",
        ),
        (Trial((), 3), "3 of 64 sample rows gave valid probabilities"),
    ],
)
def test_a_bundle_that_does_not_work_is_rejected(trial: Trial, reason: str) -> None:
    decision = judged(trial=trial)
    assert decision.stage == "rejected"
    assert reason in decision.reasons[0]


def test_a_bundle_without_a_readable_card_is_rejected_even_if_it_answers() -> None:
    assert judged(None, trial=WORKS).reasons == ("the bundle does not work: its card cannot be read",)
    assert "card.json is missing" in judged(None, trial=Trial(("card.json is missing",))).reasons[0]


@pytest.mark.parametrize("parity", [2e-4, nan])
def test_a_servable_model_that_differs_from_the_trained_one_is_rejected(parity: float) -> None:
    decision = judged(parity=parity)
    assert decision.stage == "rejected"
    assert decision.reasons[0].startswith("trained and servable model differ")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"matches": 199}, "judged on 199 held-out matches, at least 200 needed"),
        ({"priors": -0.001}, "log-loss -0.0010 against priors, at most -0.0020 allowed"),
        ({"priors": nan}, "against priors"),
        ({"priors": None}, "the card has no comparison with priors"),
        ({"elo": 0.03, "elo_low": 0.001}, "log-loss +0.0300 against Elo, at best +0.0010"),
        ({"elo_low": nan}, "against Elo"),
        ({"elo": None}, "the card has no comparison with Elo"),
        ({"elo_low": None}, "the card has no comparison with Elo"),
        ({"ece": 0.045}, "calibration error 0.0450, allowed 0.0443"),
        ({"ece": nan}, "calibration error nan"),
        (
            {"closing": -0.02, "closing_high": -0.006},
            "at worst -0.0060: better by more than 0.005 is too good to be true; suspected leak",
        ),
        ({"closing_high": nan}, "suspected leak"),
    ],
)
def test_a_working_model_that_fails_a_gate_of_quality_stays_at_smoke(changes: dict[str, Any], reason: str) -> None:
    decision = judged(**changes)
    assert decision.stage == "smoke"
    assert any(reason in said for said in decision.reasons), decision.reasons


def test_all_gates_of_a_level_are_heard_before_it_is_refused() -> None:
    assert len(judged(matches=10, priors=0.1, elo_low=0.1, ece=0.5, closing_high=-0.5).reasons) == 5


def test_worse_than_elo_by_what_luck_can_do_is_no_reason() -> None:
    assert judged(elo=0.004, elo_low=-0.02).stage == "champion"


def test_no_closing_prices_are_no_leak() -> None:
    assert judged(closing=None, closing_high=None).stage == "champion"


def test_better_than_closing_prices_by_what_luck_can_do_is_no_leak() -> None:
    assert judged(closing=-0.03, closing_high=-0.004).stage == "champion"


@pytest.mark.parametrize(
    ("comparison", "reason"),
    [
        (None, "keep collecting: 0 of 100 matches"),
        (Comparison(champion="old", matches=12, difference=-0.1, low=-0.2, high=-0.01), "keep collecting: 12 of 100"),
        (Comparison(champion="old", matches=400), "keep collecting: 400 of 100"),
        (Comparison(champion="older", matches=400, high=-1.0), "was compared with older, but old serves"),
        (EQUAL, "at most +0.0026 against the champion on 400 matches, needs less than +0.0000: a trial decides"),
        (msgspec.structs.replace(EQUAL, high=nan), "at most +nan"),
        (Comparison(champion="old", matches=400, high=-1.0), "keep collecting: 400 of 100"),
    ],
)
def test_a_candidate_that_is_not_clearly_better_waits(comparison: Comparison | None, reason: str) -> None:
    decision = judged(champion="old", comparison=comparison)
    assert decision.stage == "candidate"
    assert reason in decision.reasons[0]


def test_a_model_that_is_clearly_better_than_the_champion_takes_its_place() -> None:
    clearly = Comparison(champion="old", matches=400, difference=-0.01, low=-0.016, high=-0.004)
    decision = judged(champion="old", comparison=clearly)
    assert decision.stage == "champion"
    assert "at most -0.0021 against the champion on 400 matches" in decision.reasons[0]
    barely = msgspec.structs.replace(clearly, low=-0.019, high=-0.001)
    assert judged(champion="old", comparison=barely).stage == "candidate"


@pytest.mark.parametrize(
    ("comparison", "champion", "refused"),
    [
        (EQUAL, "old", False),
        (Comparison(champion="old", matches=400, difference=0.01, low=0.004, high=0.016), "old", True),
        (Comparison(champion="old", matches=99, difference=0.01, low=0.004, high=0.016), "old", False),
        (Comparison(champion="older", matches=400, difference=0.01, low=0.004, high=0.016), "old", False),
        (Comparison(champion="old", matches=400), "old", False),
        (None, "", False),
    ],
)
def test_only_who_is_surely_worse_is_not_tried(comparison: Comparison | None, champion: str, refused: bool) -> None:
    assert bool(promotion.no_trial(comparison, champion, POLICY.champion)) is refused


def test_a_decision_keeps_all_that_it_rests_on() -> None:
    inputs = judged(champion="old", comparison=EQUAL).inputs
    assert inputs["evidence"]["log_loss"] == 1.0
    assert inputs["comparison"]["high"] == 0.002
    assert inputs["champion"] == "old"
    assert inputs["policy"]["champion"]["min_matches"] == 100
    assert [check["gate"] for check in inputs["checks"]] == [
        "bundle", "parity", "matches", "priors", "Elo", "calibration", "leak", "champion",
    ]  # fmt: skip
    again = msgspec.convert(inputs["policy"], Policy)
    evidence = msgspec.convert(inputs["evidence"], Evidence)
    assert decide(evidence, "old", EQUAL, again, WORKS) == judged(champion="old", comparison=EQUAL)


LEVELS = ("rejected", "smoke", "candidate", "champion")


@given(gap=st.floats(-0.2, 0.2), better=st.floats(0, 0.5), ece=st.floats(0, 0.2), high=st.floats(-0.1, 0.1))
def test_a_better_model_never_reaches_less(gap: float, better: float, ece: float, high: float) -> None:
    worse = Comparison(champion="old", matches=400, high=high)
    nicer = Comparison(champion="old", matches=400, high=high - better)
    low = judged(champion="old", comparison=worse, priors=gap, elo=gap, elo_low=gap, ece=ece)
    gap -= better
    up = judged(champion="old", comparison=nicer, priors=gap, elo=gap, elo_low=gap, ece=max(0.0, ece - better))
    assert LEVELS.index(up.stage) >= LEVELS.index(low.stage)


@given(n=st.integers(1, 100_000))
def test_calibration_is_never_asked_to_beat_chance(n: int) -> None:
    candidate = POLICY.candidate
    noise = candidate.ece_noise / sqrt(n)
    evidence = msgspec.structs.replace(GOOD, matches=n, ece=noise * 0.999)
    assert promotion.calibrated(evidence, candidate).passed
    evidence = msgspec.structs.replace(GOOD, matches=n, ece=(noise + candidate.max_ece) * 1.001)
    assert not promotion.calibrated(evidence, candidate).passed
