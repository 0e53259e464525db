"""Follow what a trial has decided: the challenger serves, its trial ends, or the champion before serves again.

Drift says it; promote looks into it anew, from the ledger and the policy of this moment, and refuses what is no longer
so. What a decision rests on is kept with it, day by day, so that it can be repeated.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from touchline.domain.promotion import Policy
from touchline.domain.trial_gates import Claim, TrialFacts, judge
from touchline.domain.trials import Role, TrialState
from touchline.errors import DataError
from touchline.manifest import Manifest, Ref, bundle_of, decode
from touchline.ports import Promotion
from touchline.stages.promote_ledger import ledger_facts
from touchline.stages.promote_request import TRIALS, Request, origin, work_of
from touchline.stages.promote_rollback import restored
from touchline.stages.promote_route import refused
from touchline.stages.promote_shadows import RETIRED, Shadow, begun, crowned, standing_shadows, told, without
from touchline.stages.promote_standing import carried, champions, served, serving_row, standing_challenge
from touchline.stages.promote_trial import try_bundle
from touchline.work import Event, Ports


def follow(
    event: Event, ports: Ports, before: Sequence[Promotion], request: Request, claim: Claim, policy: Policy
) -> Promotion:
    """Do what a trial has decided, or say why not.

    Raises:
        DataError: it does not come from drift.
    """
    if not event.key.startswith(TRIALS):
        raise DataError("only drift says what a trial has decided", where=event.key, hint="ask without `trial`")
    shadow = _on_trial(before, request, claim)
    if isinstance(shadow, str):
        return refused(event, ports, before, request, f"no {request.action}: {shadow}")
    role: Role = "champion" if request.action == "rollback" else "challenger"
    found = _facts(ports, before, claim, shadow)
    state = judge(found, role, policy.trial, policy.candidate.suspected_leak)
    if state.verdict != request.action:
        why = f"the ledger does not say so (it says {state.verdict}: {state.reason})"
        return refused(event, ports, before, request, f"no {request.action}: {why}")
    kept = _kept(found, state, claim, policy)
    if request.action == "rollback":
        asked = msgspec.structs.replace(request, reason=f"{state.reason}; as of {claim.seq}")
        return restored(event, ports, before, asked, kept)
    if request.action == "reject":
        return _retired(event, ports, before, request, state, kept)
    return _crowned(event, ports, before, request, shadow, policy, state, kept)


def _on_trial(before: Sequence[Promotion], request: Request, claim: Claim) -> Shadow | str:
    """The shadow that a trial is about, else why there is no such trial (any more)."""
    standing = champions(before)
    champion = standing[-1].champion if standing else ""
    back = request.action == "rollback"
    names = (claim.facts.model_version, claim.facts.against)
    serves, beside = names if back else names[::-1]
    if serves != champion or request.action != claim.verdict:
        return f"{serves} does not serve" if serves != champion else f"the trial says {claim.verdict}"
    role = "previous" if back else "challenger"
    found = next((one for one in standing_shadows(before) if (one.model_id, one.role) == (beside, role)), None)
    return found or f"{beside} is not on trial"


def _facts(ports: Ports, before: Sequence[Promotion], claim: Claim, shadow: Shadow) -> TrialFacts:
    """Anew from the ledger; what it does not hold as drift says."""
    since = begun(before, shadow)
    assert since is not None  # somebody serves, or nobody would be on trial
    own = ledger_facts(ports, claim.facts.model_version, claim.facts.against, since)
    said = claim.facts
    return msgspec.structs.replace(
        own, slices=said.slices, closing_counts=said.closing_counts, closing_sums=said.closing_sums
    )


def _kept(found: TrialFacts, state: TrialState, claim: Claim, policy: Policy) -> dict[str, Any]:
    """What a decision rests on."""
    rests = {"facts": found, "state": state, "as_of": claim.seq}
    limits = {"trial": policy.trial, "suspected_leak": policy.candidate.suspected_leak}
    return {"trial": msgspec.to_builtins(rests | {"limits": limits}), "policy": msgspec.to_builtins(policy)}


def _retired(
    event: Event, ports: Ports, before: Sequence[Promotion], request: Request, state: TrialState, kept: dict[str, Any]
) -> Promotion:
    serving, challenge = serving_row(before), standing_challenge(before)
    assert serving is not None
    stands = {**told(without(standing_shadows(before), state.model_version)), "serves": served(serving)}
    route = challenge.told() if challenge else {}
    return ports.promotions.decide(
        Promotion(
            number=0,
            model_version=state.model_version,
            stage=RETIRED,
            previous=serving.champion,
            champion=serving.champion,
            bundle=serving.bundle,
            reason=f"trial against {state.against} ended, asked for by {request.asker}: {state.reason}",
            inputs={**origin(event, _ref(served(serving)), request), **kept, "simulated": False, **stands, **route},
            decided_at=ports.clock.now(),
            work=work_of(event, ports),
        )
    )


def _crowned(
    event: Event,
    ports: Ports,
    before: Sequence[Promotion],
    request: Request,
    shadow: Shadow,
    policy: Policy,
    state: TrialState,
    kept: dict[str, Any],
) -> Promotion:
    manifest = decode(ports.store.get(shadow.manifest.key), Manifest, shadow.manifest.key)
    trial, card = try_bundle(ports, manifest, policy.smoke.sample_rows)
    if trial.faults or card is None:
        return refused(event, ports, before, request, f"no promote: {'; '.join(trial.faults)}")
    now = champions(before)[-1]
    route, ends = carried(before, shadow.model_id)
    gates = [check.reason for check in state.checks]
    said = [f"trial against {now.champion}, asked for by {request.asker}: {state.reason}", *gates, ends]
    beside = crowned(standing_shadows(before), shadow.model_id, now)
    return ports.promotions.decide(
        Promotion(
            number=0,
            model_version=shadow.model_id,
            stage="champion",
            previous=now.champion,
            champion=shadow.model_id,
            bundle=bundle_of(manifest)[0],
            reason="; ".join(part for part in said if part),
            inputs={
                **origin(event, shadow.manifest, request),
                **kept,
                "simulated": card.simulated,
                **told(beside),
                **route,
            },
            decided_at=ports.clock.now(),
            work=work_of(event, ports),
        )
    )


def _ref(stood: dict[str, Any]) -> Ref:
    return Ref(stood["manifest"]["key"], stood["manifest"]["sha256"])
