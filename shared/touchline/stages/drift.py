"""Drift: settle what is over, say how far the world has moved, and ask for a training where that hurts.

Settling takes results from the current features only, and matches that will have no result from the snapshot that those
were made of, so that nothing that a gate refused is ever settled.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd

from touchline import tables, tracing
from touchline.domain import drift, settlement
from touchline.domain.drift import FeatureDrift
from touchline.domain.drift_findings import Findings, Record, Request
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.settlement import Ending, Verdict
from touchline.errors import NotFound
from touchline.manifest import (
    Manifest,
    Ref,
    bundle_of,
    content_id,
    current,
    decode,
    encode,
    read_object,
    sha256,
    superseded,
)
from touchline.ports import Forecast, ObjectStore, Settlement
from touchline.settings import Drift
from touchline.stages.drift_views import publish_views
from touchline.work import Event, Ports, Result

STAGE: Final = "reports/drift"
VERSION: Final = "1"
POINTER: Final = f"{STAGE}/latest.json"
REQUESTS: Final = "requests/retrain/drift/"
MIN_CURRENT: Final = 50
MIN_REFERENCE: Final = 100
"""Fewer matches than this cannot be compared."""
ON_THE_PAGE: Final = 30
"""So many features, those that moved most, are on Evidently's page; with all of them it takes 11 MB and a minute."""
COOL_DOWN: Final = timedelta(days=28)
"""Match time that must pass after a retraining request before the next one."""

Settled = list[tuple[Forecast, Verdict]]


class Card(msgspec.Struct, frozen=True):
    """As much of a model's card as is needed here."""

    model_id: str
    trained_from: datetime
    trained_until: datetime


class Report(msgspec.Struct, frozen=True):
    """What `report.json` holds: in short, by feature, and what Evidently says of those that moved most."""

    findings: Findings
    features: tuple[FeatureDrift, ...]
    evidently: dict[str, Any]


class Latest(msgspec.Struct, frozen=True):
    """As much of the pointer as decides whether it may be replaced."""

    seq: int


@dataclass(frozen=True)
class Samples:
    """What is compared with what: two tables of features, and the objects that they were chosen by."""

    inputs: tuple[Ref, ...]
    reference: pd.DataFrame
    current: pd.DataFrame
    champion: str
    """Id of the model that serves, empty if none does."""
    until: pd.Timestamp

    @property
    def against(self) -> str:
        """What the current matches are compared with, in words."""
        return f"the training period of {self.champion}" if self.champion else "the older half"


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
    settled = _verdicts(ports, played, features.inputs)
    stored = ports.ledger.settle([_settlement(*pair, ports.clock.now()) for pair in settled])
    _export(ports, publication.seq)
    publish_views(ports, publication.seq, features, played, settled)
    samples = _samples(store, source, played, settings.current_matches)
    if len(samples.current) < MIN_CURRENT or len(samples.reference) < MIN_REFERENCE:
        reason = f"{len(samples.current)} current matches, {len(samples.reference)} of {samples.against}: too few"
        return Result(outcome="done" if stored else "skipped", reason=reason, summary={"settled": stored})
    mine = [pair for pair in settled if pair[0].mode == ports.clock.mode]
    findings, fresh = _report(ports, samples, mine)
    _point(store, publication.seq, findings)
    asked = _ask(ports, publication.seq, findings)
    return Result(
        outcome="done" if stored or fresh or asked else "unchanged",
        publications=asked,
        summary={"settled": stored, "drifted": len(findings.drifted), "share": findings.share, "id": findings.id},
    )


def _verdicts(ports: Ports, played: pd.DataFrame, snapshots: tuple[Ref, ...]) -> Settled:
    """Forecasts of record of all matches that are over, each with what it was worth."""
    forecasts = ports.ledger.forecasts()
    endings = _finished(played, {forecast.match_id for forecast in forecasts})
    now = ports.clock.now()
    overdue = {forecast.match_id for forecast in forecasts if forecast.kickoff < now} - set(endings)
    return list(settlement.settle_all(forecasts, endings | _without_result(ports.store, snapshots, overdue)))


def _finished(played: pd.DataFrame, wanted: set[str]) -> dict[str, Ending]:
    rows = played.loc[played["match_id"].isin(wanted), ["match_id", "kickoff", "home_goals", "away_goals"]]
    return {
        match_id: Ending("finished", kickoff.to_pydatetime(), float(home), float(away))
        for match_id, kickoff, home, away in rows.itertuples(index=False)
    }


def _without_result(store: ObjectStore, snapshots: tuple[Ref, ...], overdue: set[str]) -> dict[str, Ending]:
    """Of matches that should be over: those that were abandoned, cancelled or awarded, as the gates let them pass."""
    if not overdue:
        return {}
    unplayed = [
        tables.read(store, ref).loc[
            lambda rows: rows["match_id"].isin(overdue) & rows["status"].isin(settlement.VOID_STATUSES)
        ]
        for ref in snapshots
    ]
    return {
        match_id: Ending(status, kickoff.to_pydatetime())
        for rows in unplayed
        for match_id, status, kickoff in rows[["match_id", "status", "kickoff"]].itertuples(index=False)
    }


def _settlement(forecast: Forecast, verdict: Verdict, now: datetime) -> Settlement:
    return Settlement(
        match_id=forecast.match_id,
        model_version=forecast.model_version,
        mode=forecast.mode,
        sealed_at=forecast.sealed_at,
        settled_at=now,
        **msgspec.structs.asdict(verdict),
    )


def _export(ports: Ports, seq: int) -> None:
    """The settled record as an object; another name where the results of one `seq` were settled in several runs."""
    settlements = ports.ledger.settlements()
    if not settlements:
        return
    data, key = encode(settlements), f"ledger/settlements/{seq:012d}"
    if not ports.store.create(f"{key}.json", data) and ports.store.get(f"{key}.json") != data:
        ports.store.create(f"{key}-{sha256(data)[:12]}.json", data)


def _samples(store: ObjectStore, source: Ref, played: pd.DataFrame, newest: int) -> Samples:
    """The newest matches, and what the champion learnt from (the older half of the rest where there is no champion)."""
    card, inputs = _champion(store)
    trained = (_moment(card.trained_from), _moment(card.trained_until)) if card else None
    names = [name for name in FEATURE_NAMES if name in played]
    before, now = drift.windows(played["kickoff"].dt.tz_localize(None).to_numpy(), newest, trained)
    return Samples(
        (source, *inputs),
        played[names].iloc[before],
        played[names].iloc[now],
        card.model_id if card else "",
        played["kickoff"].max(),
    )


def _champion(store: ObjectStore) -> tuple[Card | None, tuple[Ref, ...]]:
    """The card of the model that serves, and where it is."""
    try:
        _, serving = current(store, "serving")
    except NotFound:
        return None, ()
    bundle, digests = bundle_of(serving)
    ref = Ref(f"{bundle}/card.json", digests["card.json"])
    return decode(read_object(store, ref), Card, ref.key), (ref,)


def _moment(time: datetime) -> np.datetime64:
    return np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "us")


def _report(ports: Ports, samples: Samples, settled: Settled) -> tuple[Findings, bool]:
    """The report of these inputs, made unless it exists; and whether it is new."""
    store, versions = ports.store, {"drift": VERSION}
    told = sha256(encode([(forecast, verdict) for forecast, verdict in settled]))
    parameters = {"current": len(samples.current), "settled": told[:20]}
    work = content_id(STAGE, samples.inputs, parameters, versions)
    folder = f"{STAGE}/{work}"
    if store.stat(f"{folder}/manifest.json") is not None:
        return decode(store.get(f"{folder}/report.json"), Report, folder).findings, False
    features = drift.compare(samples.reference.to_numpy(), samples.current.to_numpy(), list(samples.current))
    findings = _findings(folder, samples, features, settled)
    shown = [feature.name for feature in sorted(features, key=lambda feature: -feature.psi)[:ON_THE_PAGE]]
    page, evidently = ports.reporter.report(samples.reference[shown], samples.current[shown])
    outputs = {
        "page": _keep(store, findings.page, page.encode()),
        "report": _keep(store, findings.report, encode(Report(findings, features, evidently))),
    }
    manifest = Manifest(
        stage=STAGE,
        id=work,
        inputs=samples.inputs,
        outputs=outputs,
        parameters=parameters,
        versions=versions,
        counts={"features": len(features), "drifted": len(findings.drifted), "settled": findings.record.settled},
    )
    _keep(store, f"{folder}/manifest.json", encode(manifest))
    return findings, True


def _findings(folder: str, samples: Samples, features: tuple[FeatureDrift, ...], settled: Settled) -> Findings:
    share = drift.share_drifted(features)
    newest = sorted(settled, key=lambda pair: pair[0].kickoff)
    blamed = [pair for pair in newest if samples.champion in ("", pair[0].model_version)]
    return Findings(
        id=folder.rpartition("/")[2],
        page=f"{folder}/report.html",
        report=f"{folder}/report.json",
        reference=samples.against,
        matches={"reference": len(samples.reference), "current": len(samples.current)},
        until=samples.until.to_pydatetime(),
        drifted=tuple(feature.name for feature in features if feature.drifted),
        share=share,
        record=_record(settled),
        retrain=drift.retraining_reason(share, *_losses(blamed)[:, -len(samples.current) :]),
    )


def _record(settled: Settled) -> Record:
    losses, expected = _losses(settled)
    if not len(losses):
        return Record(0, len(settled))
    rps, brier = np.array([(verdict.rps, verdict.brier) for _, verdict in _scored(settled)], dtype=np.float64).T
    means = (float(values.mean()) for values in (losses, expected, rps, brier))
    return Record(len(losses), len(settled) - len(losses), *means)


def _losses(settled: Settled) -> np.ndarray:
    """Log-losses, and what was expected of them: shape (2, n), void ones left out."""
    pairs = [(verdict.log_loss, settlement.entropy(forecast)) for forecast, verdict in _scored(settled)]
    return np.array(pairs, dtype=np.float64).reshape(-1, 2).T


def _scored(settled: Settled) -> Settled:
    return [pair for pair in settled if not pair[1].void_reason]


def _keep(store: ObjectStore, key: str, data: bytes) -> Ref:
    """Create an object; where one stands already, that one counts: Evidently may draw new ids for every page."""
    if not store.create(key, data):
        data = store.get(key)
    return Ref(key, sha256(data))


def _point(store: ObjectStore, seq: int, findings: Findings) -> None:
    """Move the pointer to the newest report, never to older features."""
    data = encode({"seq": seq, **msgspec.to_builtins(findings)})
    while True:
        info = store.stat(POINTER)
        if info is None:
            if store.create(POINTER, data):
                return
        elif decode(store.get(POINTER), Latest, POINTER).seq > seq or store.swap(POINTER, data, info.etag):
            return


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
