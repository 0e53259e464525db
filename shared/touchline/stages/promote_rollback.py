"""Roll back: the champion before serves again; what a machine asks for is followed only where the policy says so."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from touchline.domain.promotion import Policy
from touchline.domain.rollback import Plea, refusal
from touchline.manifest import Ref
from touchline.ports import Promotion
from touchline.stages.promote_request import Request, origin, work_of
from touchline.stages.promote_route import ended, refused
from touchline.stages.promote_shadows import crowned, standing_shadows, told
from touchline.stages.promote_standing import SERVES, carried, champions, standing_challenge
from touchline.work import Event, Ports, Result


def roll_back(
    event: Event, ports: Ports, before: Sequence[Promotion], request: Request, policy: Policy
) -> Promotion | Result:
    """Take the last promotion back, or say why not.

    A machine names the promotion under which it saw trouble. If that sent clients to a challenger, the route ends;
    else the champion before serves again. Its request is answered in the promotions, whatever becomes of it.
    """
    if request.promotion:
        return _as_pleaded(event, ports, before, request, policy)
    standing = champions(before)
    if len(standing) < 2:
        serving = f"no champion before {standing[-1].champion} is left" if standing else "there is no champion"
        return Result(outcome="skipped", reason=f"nothing to roll back to: {serving}")
    return restored(event, ports, before, request)


def _as_pleaded(event: Event, ports: Ports, before: Sequence[Promotion], request: Request, policy: Policy) -> Promotion:
    challenge = standing_challenge(before)
    answers = challenge is not None and challenge.route.mode != "shadow"
    standing = champions(before)
    answering = [row.number for row in before if row.stage in SERVES]  # who forecasts beside answers nobody
    plea = Plea(
        promotion=max((number for number in answering if number <= request.promotion), default=request.promotion),
        serving=answering[-1] if answering else 0,
        figures=request.figures,
        previous=standing[-1].champion if answers else standing[-2].champion if len(standing) > 1 else "",
        hours_since=None if answers else _hours_since(before, ports.clock.now()),
    )
    reason = refusal(plea, policy.rollback)
    if reason:
        return refused(event, ports, before, request, f"no rollback: {reason}")
    return (ended if answers else restored)(event, ports, before, request)


def _hours_since(history: Sequence[Promotion], now: datetime) -> float | None:
    """Since the last time that a machine's request brought a champion back."""
    pleaded = [row for row in history if row.stage == "champion" and row.inputs.get("request", {}).get("promotion")]
    return (now - pleaded[-1].decided_at).total_seconds() / 3600 if pleaded else None


def restored(
    event: Event, ports: Ports, before: Sequence[Promotion], request: Request, kept: Mapping[str, Any] | None = None
) -> Promotion:
    """The champion before serves again; `kept` is what else the decision rests on."""
    *older, target, now = champions(before)
    ref = Ref(target.inputs["manifest"]["key"], target.inputs["manifest"]["sha256"])
    asked = f"rollback from {now.champion}, asked for by {request.asker}"
    route, ends = carried(before, target.champion)
    said = (f"{asked}: {request.reason}" if request.reason else asked, ends)
    beside = crowned(standing_shadows(before), target.champion, older[-1] if older else None)
    return ports.promotions.decide(
        Promotion(
            number=0,
            model_version=target.champion,
            stage="champion",
            previous=now.champion,
            champion=target.champion,
            bundle=target.bundle,
            reason="; ".join(part for part in said if part),
            inputs={
                **origin(event, ref, request),
                **(kept or {}),
                "simulated": target.inputs["simulated"],
                **told(beside),
                **route,
            },
            decided_at=ports.clock.now(),
            work=work_of(event, ports),
        )
    )
