"""Drift: settle what is over, say how far the world has moved, and ask for what follows: a training, a promotion."""

from datetime import timedelta
from typing import Final

from touchline import tables, tracing
from touchline.domain.drift_findings import Findings, Request
from touchline.errors import NotFound
from touchline.manifest import current, decode, encode, superseded
from touchline.settings import Drift
from touchline.stages import drift_trials
from touchline.stages.drift_health import health
from touchline.stages.drift_prices import snapshots_of
from touchline.stages.drift_report import point, report
from touchline.stages.drift_samples import samples
from touchline.stages.drift_settle import settled_of, store_settled
from touchline.stages.drift_views import publish_views
from touchline.work import Event, Ports, Result

REQUESTS: Final = "requests/retrain/drift/"
MIN_CURRENT: Final = 50
MIN_REFERENCE: Final = 100
"""Fewer matches than this cannot be compared."""
COOL_DOWN: Final = timedelta(days=28)
"""Match time that must pass after a retraining request before the next one."""


def run(event: Event, ports: Ports, settings: Drift) -> Result:
    """Settle, report, request; each only where something is new.

    Raises:
        PermanentError: the current features or the champion's card cannot be read.
    """
    store = ports.store
    if event.kind == "object" and (newer := superseded(store, event.key)):
        return Result(outcome="skipped", reason=f"superseded by {newer}")
    try:
        publication, features = current(store, "features")
    except NotFound as error:
        return Result(outcome="skipped", reason=error.what)
    source = features.outputs["played"]
    played = tables.read(store, source)
    settled = settled_of(ports, played, snapshots_of(features))
    stored = store_settled(ports, publication.seq, settled)
    told = health(ports, publication.seq, features, settled)
    tried, judged = drift_trials.trials(ports, publication.seq, features, played, settled)
    publish_views(ports, publication.seq, features, played, settled, {"health": encode(told), "trials": encode(tried)})
    decided = drift_trials.ask(ports, publication.seq, judged)
    compared = samples(ports, source, played, settings.current_matches)
    if len(compared.current) < MIN_CURRENT or compared.matches < MIN_REFERENCE:
        reason = f"{len(compared.current)} current matches, {compared.matches} of {compared.against}: too few"
        new = bool(stored or decided)
        return Result(
            outcome="done" if new else "skipped", publications=decided, reason=reason, summary={"settled": stored}
        )
    mine = [pair for pair in settled if pair[0].mode == ports.clock.mode]
    findings, fresh = report(ports, compared, mine, told)
    point(store, publication.seq, findings)
    asked = (*decided, *_ask(ports, publication.seq, findings))
    return Result(
        outcome="done" if stored or fresh or asked else "unchanged",
        publications=asked,
        summary={"settled": stored, "drifted": len(findings.drifted), "share": findings.share, "id": findings.id},
    )


def _ask(ports: Ports, seq: int, findings: Findings) -> tuple[str, ...]:
    """Ask for a training where one is due, and none was asked for lately; the key of a new request."""
    if not findings.retrain:
        return ()
    store = ports.store
    earlier = [info.key for info in store.list(REQUESTS)]
    if earlier and findings.until - decode(store.get(earlier[-1]), Request, earlier[-1]).until < COOL_DOWN:
        return ()
    key = f"{REQUESTS}{seq:012d}.json"
    request = Request(seq, findings.retrain, findings.report, findings.until, tracing.current())
    return (key,) if store.create(key, ports.claim.seal(key, encode(request))) else ()
