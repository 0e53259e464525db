"""Verdicts of trials: the test says when, the gates beside it say whether, and the horizon ends it."""

from datetime import date, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from touchline.domain.trial_gates import Slice, TrialFacts, facts, judge
from touchline.domain.trial_policy import TrialPolicy
from touchline.domain.trials import TrialState

POLICY = TrialPolicy(
    challengers=2, horizon=4000, gain=0.002, max_rps=0.001, max_ece=0.01, slice_matches=300, slice_loss=0.02
)
DAYS = tuple((date(2026, 1, 1) + timedelta(days=day)).isoformat() for day in range(200))
GOOD = TrialFacts(model_version="m2", against="m1", rps=-0.002, rps_high=-0.001, ece=0.02, ece_against=0.02)


def trial(gap: float, days: int = 100, spread: float = 0.3, **changes: Any) -> TrialFacts:
    """Ten matches a day, `gap` a match on average."""
    sums = tuple(10 * gap + (spread if day % 2 else -spread) for day in range(days))
    told = msgspec.structs.replace(GOOD, days=DAYS[:days], counts=(10,) * days, sums=sums)
    return msgspec.structs.replace(told, **changes)


def judged(told: TrialFacts, role: Any = "challenger") -> TrialState:
    return judge(told, role, POLICY, 0.005)


def test_the_verdicts_of_a_challenger() -> None:
    assert judged(trial(-0.02)).verdict == "promote"
    assert judged(trial(0.02)).verdict == "reject"
    assert judged(trial(-0.005)).verdict == "collect"
    assert judged(GOOD).reason == "no match yet that both forecast"


def test_the_verdicts_of_the_champion() -> None:
    assert judged(trial(0.02), "champion").verdict == "rollback"
    assert judged(trial(-0.02), "champion").verdict == "hold"
    assert judged(trial(0.004), "champion").needed is not None
    assert judged(trial(-0.001), "champion").needed is None
    assert judged(GOOD, "champion").verdict == "hold"


def test_before_the_interval_there_is_nothing_but_the_mean() -> None:
    state = judged(trial(-0.02, days=5))
    assert (state.low, state.high, state.evidence, state.n, state.days) == (None, None, None, 50, 5)
    assert "too few for an interval" in state.reason
    assert state.needed is not None, "the spread of five days says something already"
    assert judged(trial(-0.02, days=1)).needed is None


def test_evidence_passes_one_where_the_interval_leaves_the_limit() -> None:
    sure, unsure = judged(trial(-0.02)), judged(trial(-0.005))
    assert sure.evidence is not None
    assert unsure.evidence is not None
    assert unsure.evidence < 1 < sure.evidence
    assert unsure.needed is not None
    assert 0 < unsure.needed < POLICY.horizon


def test_once_decided_it_stays_decided() -> None:
    """Later matches take nothing back: it would have been promoted on that day."""
    won = trial(-0.02, days=100)
    lost = trial(0.02, days=100)
    later = msgspec.structs.replace(won, days=DAYS, counts=(10,) * 200, sums=(*won.sums, *lost.sums))
    assert judged(later).verdict == "promote"


def test_two_that_say_the_same_need_no_trial() -> None:
    assert judged(trial(0.0, spread=0.0)).verdict == "reject"


@pytest.mark.parametrize(
    ("changes", "gate", "said"),
    [
        ({"rps": 0.001, "rps_high": 0.002}, "rps", "RPS +0.00100 against the champion, at most +0.00200"),
        ({"rps": None, "rps_high": None}, "rps", "no interval of the RPS yet"),
        ({"ece": 0.06}, "ece", "calibration error 0.0600, the champion's 0.0200, allowed 0.0543"),
        (
            {"slices": (Slice("competition:E0", 400, 0.03), Slice("elo:wide", 299, 0.9))},
            "slices",
            "worst of 1 groups is competition:E0: +0.0300 on 400 matches, allowed +0.0200",
        ),
    ],
)
def test_who_is_better_but_worse_at_something_goes_on_until_the_horizon(
    changes: dict[str, Any], gate: str, said: str
) -> None:
    state = judged(trial(-0.02, **changes))
    assert (state.verdict, state.needed) == ("collect", None)
    assert state.reason == f"it is better, but {said}"
    assert [check.gate for check in state.checks if not check.passed] == [gate]
    over = judged(trial(-0.02, days=200, counts=(20,) * 200, **changes))
    assert over.verdict == "reject"
    assert over.reason.startswith("4000 matches are over, of 4000 that a trial lasts; it is better, but")


def test_a_trial_without_an_end_ends() -> None:
    state = judged(trial(-0.0015, days=200, counts=(20,) * 200, spread=2.0))
    assert state.verdict == "reject"
    assert "that a trial lasts; nothing is shown yet" in state.reason


def test_who_beats_closing_prices_by_too_much_is_blocked_whatever_the_test_says() -> None:
    closing = {
        "closing_counts": (10,) * 100,
        "closing_sums": tuple(-0.4 + (0.1 if day % 2 else -0.1) for day in range(100)),
    }
    state = judged(trial(-0.02, **closing))
    assert state.verdict == "reject"
    assert state.reason.startswith("blocked: log-loss -0.0400 against closing prices on 1000 matches")
    lucky = {"closing_counts": (10,) * 100, "closing_sums": (-0.06, 0.04) * 50}
    assert judged(trial(-0.02, **lucky)).verdict == "promote"


def test_facts_come_from_forecasts() -> None:
    rng = np.random.default_rng(1)
    own, other = (rng.dirichlet((4, 3, 3), 6) for _ in range(2))
    outcome = np.array([0, 1, 2, 0, 0, 1])
    days = ["2026-01-02", "2026-01-01", "2026-01-02", "2026-01-03", "2026-01-01", "2026-01-01"]
    groups = {"competition:E0": np.array([True, True, False, False, False, False]), "none": np.zeros(6, bool)}
    closing = np.vstack([other[:2], np.full((4, 3), np.nan)])
    told = facts(("m2", "m1"), days, (own, other), outcome, groups, closing)
    gap = np.log(other[np.arange(6), outcome]) - np.log(own[np.arange(6), outcome])
    assert (told.days, told.counts) == (("2026-01-01", "2026-01-02", "2026-01-03"), (3, 2, 1))
    assert np.allclose(told.sums, [gap[[1, 4, 5]].sum(), gap[[0, 2]].sum(), gap[3]])
    assert [(one.name, one.n) for one in told.slices] == [("competition:E0", 2)]
    assert told.slices[0].difference == pytest.approx(gap[:2].mean())
    assert told.closing_counts == (1, 1, 0)
    assert np.allclose(told.closing_sums, [gap[1], gap[0], 0.0])
    assert facts(("m2", "m1"), days, (own, other), outcome, groups).closing_counts == ()
    without = facts(("m2", "m1"), days, (own, other), outcome, groups, np.full((6, 3), np.nan))
    assert without.closing_sums == ()
    assert facts(("m2", "m1"), [], (own[:0], other[:0]), outcome[:0], {}).days == ()
