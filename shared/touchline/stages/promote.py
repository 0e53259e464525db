"""Promote: decide about a model, write the decision down, and let everything that shows it follow.

The row in the promotion log is the truth; one piece of work gives one row. Whatever shows it (serving publication, copy
in the ledger, aliases of the registry) is made good by each run, so a part that did not answer is repaired by the next.
"""

from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import yaml

from touchline.domain.gate_report import RESULTS
from touchline.domain.promotion import Decision, Policy, decide, no_trial
from touchline.errors import ConfigurationError, DataError
from touchline.manifest import Manifest, Ref, bundle_of, decode, encode, read_publication
from touchline.ports import Promotion
from touchline.settings import Promote
from touchline.stages.promote_keys import project_keys
from touchline.stages.promote_projections import project, repair
from touchline.stages.promote_request import FUNCTION, MODELS, Request, manifest_of, origin, work_of
from touchline.stages.promote_rollback import roll_back
from touchline.stages.promote_route import route
from touchline.stages.promote_shadows import Shadow, crowned, standing_shadows, told, tried
from touchline.stages.promote_standing import carried, champions
from touchline.stages.promote_trial import comparison, evidence, try_bundle
from touchline.stages.promote_verdict import follow
from touchline.work import Event, Ports, Result

STAGE: Final = "serving"
Outcome = Literal["done", "unchanged", "skipped", "parked"]
_ENDS: Final[dict[str, Outcome]] = {"rejected": "parked", "refused": "skipped"}
_POLICY: Final = Path("functions", "promote", "policy.yaml")


def run(event: Event, ports: Ports, settings: Promote) -> Result:
    """Decide about the model or the request that woke us, once, and bring all projections up to date.

    Raises:
        DataError: a request that cannot be understood.
        NotFound: a request names a model that does not exist.
        Conflict: another decision came in between; the next delivery decides on what is true then.
        Unavailable: the registry does not answer; decision and serving publication stand, the next run repairs it.
    """
    before = ports.promotions.history()
    if event.kind == "cron":
        return _repaired(ports, before)
    work = work_of(event, ports)
    known = next((row for row in before if row.work == work), None)
    row = known or _decide(event, ports, settings, before)
    if isinstance(row, Result):
        project(ports, before)
        return row
    published = project(ports, ports.promotions.history())
    new = known is None or bool(published)
    outcome: Outcome = "done" if new else "unchanged"
    return Result(
        outcome=_ENDS.get(row.stage, outcome),
        publications=tuple(published),
        reason=row.reason,
        summary={"promotion": row.number, "model": row.model_version, "stage": row.stage, "champion": row.champion},
    )


def _repaired(ports: Ports, history: list[Promotion]) -> Result:
    """What a tick asks for: no decision, but all that the service is told in line with what was decided."""
    mended = [*repair(ports, history), *project_keys(ports.keys, ports.store)]
    published = tuple(key for key in mended if key.startswith(f"{STAGE}/published/"))
    reason = f"mended: {', '.join(mended)}" if mended else "all in line with the promotions"
    return Result(outcome="done" if mended else "unchanged", publications=published, reason=reason)


def _decide(event: Event, ports: Ports, settings: Promote, before: list[Promotion]) -> Promotion | Result:
    if event.key.startswith(MODELS):
        champion = [row.inputs["asked"] for row in before if row.stage == "champion"]
        newer = max((asked for asked in champion if asked.startswith(MODELS)), default="")
        if newer > event.key:
            return Result(outcome="skipped", reason=f"superseded by {newer}")
        publication, _ = read_publication(ports.store, event.key)
        return _judge(event, ports, settings, before, Ref(publication.manifest, publication.sha256), None)
    request = decode(ports.store.get(event.key), Request, event.key)
    if request.trial is not None:
        return follow(event, ports, before, request, request.trial, read_policy(settings))
    if request.action == "reject":
        raise DataError("only the trial of a challenger can be rejected", where=event.key, hint="see /docs of routes")
    if request.action == "rollback":
        return roll_back(event, ports, before, request, read_policy(settings))
    if request.action == "route":
        return route(event, ports, before, request, read_policy(settings).smoke.sample_rows)
    return _judge(event, ports, settings, before, manifest_of(ports.store, request.model_id, event.key), request)


def _judge(
    event: Event, ports: Ports, settings: Promote, before: list[Promotion], ref: Ref, request: Request | None
) -> Promotion | Result:
    manifest = decode(ports.store.get(ref.key), Manifest, ref.key)
    standing = champions(before)
    champion = standing[-1].champion if standing else ""
    if manifest.id == champion:
        return Result(outcome="unchanged", reason=f"{champion} is the champion already")
    policy = read_policy(settings)
    trial, card = try_bundle(ports, manifest, policy.smoke.sample_rows)
    facts, against = (evidence(card), comparison(card)) if card else (None, None)
    decision = decide(facts, champion, against, policy, trial)
    for check in decision.inputs["checks"]:
        ports.metrics.count(RESULTS, gate=check["gate"].lower(), result="passed" if check["passed"] else "refused")
    if request is not None:
        decision = _as_asked(decision, request)
    if decision.stage == "rejected":
        _quarantine(ports, manifest, ref, decision)
    serves = decision.stage == "champion"
    old_bundle = standing[-1].bundle if standing else ""
    if serves:
        kept, ends = _crowned(before, manifest.id)
    elif decision.stage == "candidate":
        hopeless = no_trial(against, champion, policy.champion)
        shadow = Shadow(manifest.id, "challenger", ref, card.seq if card else 0)
        kept, ends = ({}, hopeless) if hopeless else tried(before, shadow, policy.trial.challengers)
    else:
        kept, ends = {}, ""
    return ports.promotions.decide(
        Promotion(
            number=0,
            model_version=manifest.id,
            stage=decision.stage,
            previous=champion,
            champion=manifest.id if serves else champion,
            bundle=bundle_of(manifest)[0] if serves else old_bundle,
            reason="; ".join((*decision.reasons, *([ends] if ends else []))),
            inputs={
                **decision.inputs,
                **origin(event, ref, request),
                "simulated": card is not None and card.simulated,
                **kept,
            },
            decided_at=ports.clock.now(),
            work=work_of(event, ports),
        )
    )


def _crowned(before: list[Promotion], model_id: str) -> tuple[dict[str, Any], str]:
    """What the decision keeps that lets a model serve: the route, and who forecasts beside; and what ends with it."""
    route, ends = carried(before, model_id)
    standing = champions(before)
    return {**told(crowned(standing_shadows(before), model_id, standing[-1] if standing else None)), **route}, ends


def _as_asked(decision: Decision, request: Request) -> Decision:
    """A decision in the light of a request: force lifts it over the gates of quality."""
    asked = f"asked for by {request.asker}" + (f" ({request.reason})" if request.reason else "")
    if decision.stage in ("smoke", "candidate") and request.force:
        despite = f"forced, {asked}, although: {'; '.join(decision.reasons)}"
        return msgspec.structs.replace(decision, stage="champion", reasons=(despite,))
    hint = () if decision.stage in ("champion", "rejected") else ('a request with "force": true would override this',)
    return msgspec.structs.replace(decision, reasons=(asked, *decision.reasons, *hint))


def _quarantine(ports: Ports, manifest: Manifest, ref: Ref, decision: Decision) -> None:
    kept = {"model": manifest.id, "manifest": ref, "reasons": decision.reasons, "inputs": decision.inputs}
    ports.store.create(f"quarantine/{FUNCTION}/{manifest.id}/reason.json", encode(kept))


def read_policy(settings: Promote) -> Policy:
    """The promotion rules: where the settings say, else beside the functions of the checkout or of the working folder.

    Raises:
        ConfigurationError: there is no such file, or it is not a whole policy.
    """
    named = [Path(settings.policy)] if settings.policy else [Path(__file__).parents[3] / _POLICY, Path.cwd() / _POLICY]
    found = next((path for path in named if path.is_file()), None)
    if found is None:
        looked = ", ".join(str(path) for path in named)
        raise ConfigurationError("there is no promotion policy", where=looked, hint="set TOUCHLINE_PROMOTE_POLICY")
    try:
        return msgspec.convert(yaml.safe_load(found.read_text("utf-8")), Policy)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"not a promotion policy: {error}", where=str(found), hint="see the one that is shipped"
        ) from error
