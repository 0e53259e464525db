"""Routes: a challenger beside the champion, decided like a promotion, and published under a number of its own."""

from collections.abc import Sequence

import msgspec

from touchline.domain.routing import Route, fault_of
from touchline.errors import DataError, NotFound
from touchline.manifest import Manifest, Ref, decode
from touchline.ports import ObjectStore, Promotion
from touchline.stages.promote_projections import aliases
from touchline.stages.promote_request import Request, manifest_of, origin, work_of
from touchline.stages.promote_shadows import standing_shadows, told
from touchline.stages.promote_standing import Challenge, champions, served, serving_row, standing_challenge
from touchline.stages.promote_trial import try_bundle
from touchline.work import Event, Ports, Result

_LEVELS = ("rejected", "smoke", "candidate", "champion")
_HINT = '{"action": "route", "model_id": "...", "mode": "canary", "share": 0.1}, or "mode": "off"'


def route(event: Event, ports: Ports, before: Sequence[Promotion], request: Request, rows: int) -> Promotion | Result:
    """Send a part of the clients to a challenger, or all of them to the champion again.

    Args:
        event: what woke us.
        ports: all that may be touched.
        before: decisions up to now.
        request: what is asked.
        rows: sample rows that the challenger's bundle must answer.

    Raises:
        DataError: the request makes no sense.
        NotFound: there is no such model.
    """
    later = _later(ports.store, before, request, event.key)
    if later:
        return Result(outcome="skipped", reason=f"superseded by {later}")
    if request.mode == "off":
        if standing_challenge(before) is None:
            return Result(outcome="unchanged", reason="there is no route")
        return ended(event, ports, before, request)
    challenge = _challenge(ports, before, request, event.key)
    reason = _refusal(ports, before, challenge, rows)
    if reason:
        return refused(event, ports, before, request, f"no route to {challenge.model_id}: {reason}")
    return _decided(event, ports, before, request, challenge)


def ended(event: Event, ports: Ports, before: Sequence[Promotion], request: Request) -> Promotion:
    """The champion answers everybody again."""
    return _decided(event, ports, before, request, None)


def refused(event: Event, ports: Ports, before: Sequence[Promotion], request: Request, reason: str) -> Promotion:
    """Write down that a request was not followed; what serves stays."""
    return ports.promotions.decide(_row(event, ports, before, request, "refused", reason))


def _challenge(ports: Ports, before: Sequence[Promotion], request: Request, where: str) -> Challenge:
    if request.mode == "" or request.mode == "off":
        raise DataError("a route needs a mode", where=where, hint=_HINT)
    asked = Route(request.mode, request.share, competitions=tuple(sorted(set(request.competitions))))
    fault = fault_of(asked)
    if fault:
        raise DataError(fault, where=where, hint=_HINT)
    model_id = _named(before, request.model_id, where)
    ref = manifest_of(ports.store, model_id, where)
    return Challenge(msgspec.structs.replace(asked, salt=model_id), model_id, ref)


def _named(before: Sequence[Promotion], name: str, where: str) -> str:
    """The id of a model that is asked for by its place."""
    if name not in ("previous", "candidate"):
        return name
    found = aliases(before).get(name, "")
    if not found:
        raise NotFound(f"no model is the {name}", where=where, hint="`touchline models list` shows what was decided")
    return found


def _refusal(ports: Ports, before: Sequence[Promotion], challenge: Challenge, rows: int) -> str:
    """Why a model may not be the challenger, empty if it may: it must have come as far as candidates do, and work."""
    standing = champions(before)
    if not standing:
        return "there is no champion to challenge"
    if challenge.model_id == standing[-1].champion:
        return "it is the champion"
    if standing_challenge(before) == challenge:
        return "that route stands already"
    judged = [row for row in before if row.model_version == challenge.model_id and row.stage in _LEVELS]
    if not judged:
        return "no promotion gate has seen it"
    if judged[-1].stage not in ("candidate", "champion"):
        return f"it came as far as {judged[-1].stage}: {judged[-1].reason}"
    manifest = decode(ports.store.get(challenge.manifest.key), Manifest, challenge.manifest.key)
    trial, _ = try_bundle(ports, manifest, rows)
    return "; ".join(trial.faults)


def _later(store: ObjectStore, before: Sequence[Promotion], request: Request, key: str) -> str:
    """A request about routes that was asked for after this one and is decided: a late delivery must not undo it.

    Where both say when they were asked for, that decides; else when their objects were written, which some stores tell
    in whole seconds.
    """
    own = store.stat(key)
    for row in reversed(before):
        info = store.stat(row.inputs["asked"]) if row.inputs.get("action") == "route" else None
        if info is None or own is None:
            continue
        asked_at = msgspec.convert(row.inputs["request"], Request).asked_at
        said = (asked_at, request.asked_at) if asked_at and request.asked_at else (info.modified, own.modified)
        if (said[0], info.key) > (said[1], key):
            return info.key
    return ""


def _decided(
    event: Event, ports: Ports, before: Sequence[Promotion], request: Request, challenge: Challenge | None
) -> Promotion:
    standing = standing_challenge(before)
    said = _said(challenge) if challenge else f"the route to {standing.model_id if standing else 'nobody'} ends"
    asked = f"{said}, asked for by {request.asker}" + (f": {request.reason}" if request.reason else "")
    row = _row(event, ports, before, request, "route", asked)
    kept = told(standing_shadows(before)) | (challenge.told() if challenge else {})
    model = challenge.model_id if challenge else row.champion
    return ports.promotions.decide(msgspec.structs.replace(row, model_version=model, inputs={**row.inputs, **kept}))


def _said(challenge: Challenge) -> str:
    asked = challenge.route
    where = f" in {', '.join(asked.competitions)}" if asked.competitions else ""
    share = f" of {asked.share:.0%}" if asked.share else ""
    return f"{asked.mode}{share} by {challenge.model_id}{where}"


def _row(
    event: Event, ports: Ports, before: Sequence[Promotion], request: Request, stage: str, reason: str
) -> Promotion:
    """A decision that leaves the champion where he is."""
    serving = serving_row(before)
    if serving is None:
        champion, bundle, ref, simulated = "", "", Ref("", ""), False
    else:
        stood = served(serving)
        champion, bundle, simulated = serving.champion, serving.bundle, bool(stood["simulated"])
        ref = Ref(stood["manifest"]["key"], stood["manifest"]["sha256"])
    return Promotion(
        number=0,
        model_version=request.model_id or champion,
        stage=stage,
        previous=champion,
        champion=champion,
        bundle=bundle,
        reason=reason,
        inputs={**origin(event, ref, request), "simulated": simulated},
        decided_at=ports.clock.now(),
        work=work_of(event, ports),
    )
