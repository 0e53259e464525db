"""Which model may serve: three levels of gates over facts about a model, with a readable reason for every answer.

A model climbs smoke -> candidate -> champion and stops at the first level of which a gate says no. The limits are data
(`Policy`); the gates are pure functions of the facts, so that a decision can be repeated from what was stored with it.

A candidate takes the champion's place in one of two ways. Where the comparison on past matches leaves hardly a doubt,
it serves at once: the 99 % interval, of which one end is wrong in 1 of 200 comparisons. All others forecast beside the
champion until a trial decides (`domain/trial_gates.py`), which is wrong in 3 of 100. Together a model that is no better
than the champion takes its place in fewer than 5 of 100 cases; a comparison that asked for non-inferiority alone would
let nearly every such model through.
"""

from collections.abc import Iterator
from math import sqrt
from typing import Any, Final, Literal

import msgspec

from touchline.domain.rollback import RollbackPolicy
from touchline.domain.trial_policy import TrialPolicy

Stage = Literal["rejected", "smoke", "candidate", "champion"]
_SURER: Final = 2.575829303548901 / 1.959963984540054
"""Half the width of a 99 % interval, where that of the 95 % interval is 1."""


class SmokePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a bundle counts as whole and working."""

    max_parity: float
    """Largest difference of a probability between the trained and the servable model."""
    sample_rows: int
    """Rows that must give valid probabilities."""


class CandidatePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a model has learnt something, and nothing that it could not know. Differences are nats a match."""

    min_matches: int
    better_than_priors: float
    better_than_elo: float
    """The interval of the difference must reach down to this far below zero."""
    max_ece: float
    ece_noise: float
    """A perfect forecaster shows an error of up to `ece_noise / sqrt(n)` on n matches; that much is allowed on top."""
    suspected_leak: float
    """Better than closing prices by more than this, even at the worse end of the interval, is not believed."""


class ChampionPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a model may take the place of the champion without a trial."""

    min_matches: int
    at_once: float
    """The 99 % interval of the mean difference in log-loss, new minus champion, must end below this."""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The promotion rules; every limit is named in the file, none has a default."""

    version: int
    smoke: SmokePolicy
    candidate: CandidatePolicy
    champion: ChampionPolicy
    trial: TrialPolicy
    rollback: RollbackPolicy


class Trial(msgspec.Struct, frozen=True):
    """What came of loading a bundle and asking it for probabilities."""

    faults: tuple[str, ...] = ()
    """What went wrong, a sentence each; empty when the bundle is whole, loads and answers validly."""
    rows: int = 0
    """Sample rows that were answered with valid probabilities."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a model's card says, as far as promotion asks, over its held-out matches.

    Log-losses are means; `priors`, `elo` and `closing` are those of the model minus those of the other, None where
    there is no other. Below zero, the model is better.
    """

    model_id: str
    parity: float
    matches: int
    log_loss: float
    ece: float
    priors: float | None = None
    elo: float | None = None
    elo_low: float | None = None
    """Lower end of the interval of `elo`."""
    closing: float | None = None
    closing_high: float | None = None
    """Upper end of the interval of `closing`."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Model against a champion on the same matches, all newer than the champion's training."""

    champion: str
    """Model id of that champion."""
    matches: int
    difference: float | None = None
    """Mean log-loss of the model minus that of the champion."""
    low: float | None = None
    high: float | None = None


class Check(msgspec.Struct, frozen=True):
    """Answer of one gate."""

    gate: str
    passed: bool
    reason: str


class Decision(msgspec.Struct, frozen=True):
    """How far a model came, and why."""

    stage: Stage
    reasons: tuple[str, ...]
    """Of the gates that said no; of the highest level if none did."""
    inputs: dict[str, Any]
    """All that the decision rests on, as plain data."""


def bundle_works(trial: Trial, policy: SmokePolicy) -> Check:
    """The bundle is complete, has the promised hashes, loads, and its probabilities are valid.

    >>> bundle_works(Trial(("model.onnx is missing",)), SmokePolicy(max_parity=1e-4, sample_rows=8)).reason
    'the bundle does not work: model.onnx is missing'
    """
    if trial.faults:
        return Check("bundle", False, f"the bundle does not work: {'; '.join(trial.faults)}")
    enough = trial.rows >= policy.sample_rows
    return Check("bundle", enough, f"{trial.rows} of {policy.sample_rows} sample rows gave valid probabilities")


def parity_holds(evidence: Evidence, policy: SmokePolicy) -> Check:
    """The servable model says what the trained one says."""
    good = evidence.parity <= policy.max_parity
    return Check(
        "parity",
        good,
        f"trained and servable model differ by {evidence.parity:.1e}, allowed {policy.max_parity:.1e}",
    )


def enough_matches(evidence: Evidence, policy: CandidatePolicy) -> Check:
    """It was judged on enough matches that it had not seen."""
    good = evidence.matches >= policy.min_matches
    return Check(
        "matches", good, f"judged on {evidence.matches} held-out matches, at least {policy.min_matches} needed"
    )


def beats_priors(evidence: Evidence, policy: CandidatePolicy) -> Check:
    """It knows more than how often home, draw and away come."""
    if evidence.priors is None:
        return Check("priors", False, "the card has no comparison with priors")
    said = f"log-loss {evidence.priors:+.4f} against priors, at most {-policy.better_than_priors:+.4f} allowed"
    return Check("priors", evidence.priors <= -policy.better_than_priors, said)


def holds_against_elo(evidence: Evidence, policy: CandidatePolicy) -> Check:
    """It is not shown to be worse than a plain Elo rating: the lower end of the difference's interval decides.

    On a season of one league the difference of the means is within +-0.025 by luck alone, on all leagues within
    +-0.003, so the gate gets stricter as matches get more.
    """
    if evidence.elo is None or evidence.elo_low is None:
        return Check("Elo", False, "the card has no comparison with Elo")
    said = f"log-loss {evidence.elo:+.4f} against Elo, at best {evidence.elo_low:+.4f}"
    return Check("Elo", evidence.elo_low <= -policy.better_than_elo, said)


def calibrated(evidence: Evidence, policy: CandidatePolicy) -> Check:
    """What it calls 60 % happens about 60 times in 100, give or take what chance does on so many matches.

    The error that a perfect forecaster shows falls with the root of n.
    """
    limit = policy.max_ece + policy.ece_noise / sqrt(max(evidence.matches, 1))
    return Check("calibration", evidence.ece <= limit, f"calibration error {evidence.ece:.4f}, allowed {limit:.4f}")


def no_leak(evidence: Evidence, policy: CandidatePolicy) -> Check:
    """It is not better than closing prices by more than can be: whoever is has seen the result.

    The upper end of the difference's interval decides, so that a few lucky matches are no suspicion. Nothing that is
    known before kick-off has ever been better than closing prices on many matches.
    """
    if evidence.closing is None or evidence.closing_high is None:
        return Check("leak", True, "no closing prices to compare with")
    said = f"log-loss {evidence.closing:+.4f} against closing prices, at worst {evidence.closing_high:+.4f}"
    if evidence.closing_high >= -policy.suspected_leak:
        return Check("leak", True, said)
    doubt = f"better by more than {policy.suspected_leak} is too good to be true"
    return Check(
        "leak", False, f"{said}: {doubt}; suspected leak: look for a feature that knows the match before it is played"
    )


def beats_champion(comparison: Comparison | None, champion: str, policy: ChampionPolicy) -> Check:
    """It is clearly better than the champion, by a paired comparison on matches that neither had learnt from."""
    if not champion:
        return Check("champion", True, "there is no champion yet")
    if comparison is not None and comparison.champion != champion:
        return Check("champion", False, f"was compared with {comparison.champion}, but {champion} serves: train again")
    matches = comparison.matches if comparison is not None else 0
    if comparison is None or comparison.high is None or comparison.difference is None or matches < policy.min_matches:
        return Check(
            "champion", False, f"keep collecting: {matches} of {policy.min_matches} matches newer than the champion"
        )
    worst = comparison.difference + _SURER * (comparison.high - comparison.difference)
    said = f"log-loss at most {worst:+.4f} against the champion on {matches} matches"
    if worst < policy.at_once:
        return Check("champion", True, said)
    return Check("champion", False, f"{said}, needs less than {policy.at_once:+.4f}: a trial decides")


def no_trial(comparison: Comparison | None, champion: str, policy: ChampionPolicy) -> str:
    """Why a candidate need not be tried: it is surely worse than the champion; empty if it may be.

    >>> policy = ChampionPolicy(min_matches=100, at_once=0.0)
    >>> no_trial(Comparison(champion="m1", matches=400, difference=0.01, low=0.002, high=0.018), "m1", policy)
    'no trial: log-loss at least +0.0020 against the champion on 400 matches'
    >>> no_trial(None, "m1", policy)
    ''
    """
    if comparison is None or comparison.champion != champion or comparison.low is None:
        return ""
    if comparison.matches < policy.min_matches or comparison.low <= 0:
        return ""
    return f"no trial: log-loss at least {comparison.low:+.4f} against the champion on {comparison.matches} matches"


def decide(
    evidence: Evidence | None, champion: str, comparison: Comparison | None, policy: Policy, trial: Trial
) -> Decision:
    """How far a model comes.

    Args:
        evidence: what its card says; None when the card cannot be read (then `trial` must say so).
        champion: model id of the champion, empty if there is none.
        comparison: against the champion; None when there was nothing to compare on.
        policy: the limits.
        trial: what came of loading its bundle.

    >>> policy = Policy(version=1, smoke=SmokePolicy(max_parity=1e-4, sample_rows=8),
    ...     candidate=CandidatePolicy(min_matches=300, better_than_priors=0, better_than_elo=0, max_ece=0.02,
    ...                               ece_noise=0.77, suspected_leak=0.02),
    ...     champion=ChampionPolicy(min_matches=100, at_once=0.0),
    ...     trial=TrialPolicy(challengers=2, horizon=10_000, gain=0.002, max_rps=0.001, max_ece=0.01,
    ...                       slice_matches=300, slice_loss=0.02),
    ...     rollback=RollbackPolicy(min_requests=100, cool_down_hours=24))
    >>> card = Evidence(model_id="new", parity=1e-6, matches=900, log_loss=1.0, ece=0.01, priors=-0.07, elo=-0.01,
    ...                 elo_low=-0.03)
    >>> decide(card, "", None, policy, Trial(rows=8)).stage
    'champion'
    >>> decided = decide(card, "old", Comparison(champion="old", matches=12), policy, Trial(rows=8))
    >>> decided.stage, decided.reasons
    ('candidate', ('keep collecting: 12 of 100 matches newer than the champion',))
    """
    if evidence is None:
        checks = [bundle_works(Trial(trial.faults or ("its card cannot be read",)), policy.smoke)]
        return Decision("rejected", (checks[0].reason,), _inputs(evidence, champion, comparison, policy, checks))
    reached: Stage = "rejected"
    said: list[Check] = []
    refused: tuple[str, ...] = ()
    for stage, asked in _levels(evidence, champion, comparison, policy, trial):
        said += asked
        refused = tuple(check.reason for check in said if not check.passed)
        if refused:
            break
        reached = stage
    return Decision(reached, refused or (said[-1].reason,), _inputs(evidence, champion, comparison, policy, said))


CANDIDATE_GATES = (enough_matches, beats_priors, holds_against_elo, calibrated, no_leak)


def _levels(
    evidence: Evidence, champion: str, comparison: Comparison | None, policy: Policy, trial: Trial
) -> Iterator[tuple[Stage, Iterator[Check]]]:
    """Checks of each level, made only when the level before was passed."""
    yield "smoke", iter([bundle_works(trial, policy.smoke), parity_holds(evidence, policy.smoke)])
    yield "candidate", (gate(evidence, policy.candidate) for gate in CANDIDATE_GATES)
    yield "champion", iter([beats_champion(comparison, champion, policy.champion)])


def _inputs(
    evidence: Evidence | None, champion: str, comparison: Comparison | None, policy: Policy, checks: list[Check]
) -> dict[str, Any]:
    return dict(
        msgspec.to_builtins(
            {
                "evidence": evidence,
                "champion": champion,
                "comparison": comparison,
                "policy": policy,
                "checks": checks,
            }
        )
    )
