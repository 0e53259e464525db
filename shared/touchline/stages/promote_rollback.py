"""Roll back: the champion before serves again; what a machine asks for is followed only where the policy says so."""

from collections.abc import Sequence
from datetime import datetime

from touchline.domain.promotion import Policy
from touchline.domain.rollback import Plea, refusal
from touchline.manifest import Ref
from touchline.ports import Promotion
from touchline.stages.promote_request import Request, origin, work_of
from touchline.stages.promote_route import ended, refused
from touchline.stages.promote_standing import carried, champions, serving_row, standing_challenge
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
    return _restored(event, ports, before, request)


def _as_pleaded(event: Event, ports: Ports, before: Sequence[Promotion], request: Request, policy: Policy) -> Promotion:
    serving, challenge = serving_row(before), standing_challenge(before)
    answers = challenge is not None and challenge.route.mode != "shadow"
    standing = champions(before)
    plea = Plea(
        promotion=request.promotion,
        serving=serving.number if serving else 0,
        figures=request.figures,
        previous=standing[-1].champion if answers else standing[-2].champion if len(standing) > 1 else "",
        hours_since=None if answers else _hours_since(before, ports.clock.now()),
    )
    reason = refusal(plea, policy.rollback)
    if reason:
        return refused(event, ports, before, request, f"no rollback: {reason}")
    return (ended if answers else _restored)(event, ports, before, request)


def _hours_since(history: Sequence[Promotion], now: datetime) -> float | None:
    """Since the last time that a machine's request brought a champion back."""
    pleaded = [row for row in history if row.stage == "champion" and row.inputs.get("request", {}).get("promotion")]
    return (now - pleaded[-1].decided_at).total_seconds() / 3600 if pleaded else None


def _restored(event: Event, ports: Ports, before: Sequence[Promotion], request: Request) -> Promotion:
    *_, target, now = champions(before)
    ref = Ref(target.inputs["manifest"]["key"], target.inputs["manifest"]["sha256"])
    asked = f"rollback from {now.champion}, asked for by {request.asker}"
    route, ends = carried(before, target.champion)
    told = (f"{asked}: {request.reason}" if request.reason else asked, ends)
    return ports.promotions.decide(
        Promotion(
            number=0,
            model_version=target.champion,
            stage="champion",
            previous=now.champion,
            champion=target.champion,
            bundle=target.bundle,
            reason="; ".join(part for part in told if part),
            inputs={**origin(event, ref, request), "simulated": target.inputs["simulated"], **route},
            decided_at=ports.clock.now(),
            work=work_of(event, ports),
        )
    )
