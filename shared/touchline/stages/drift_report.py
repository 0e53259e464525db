"""The drift report: features and forecasts of the newest matches against what the champion learnt from."""

from typing import Any, Final

import msgspec
import numpy as np

from touchline.domain import drift, settlement
from touchline.domain.drift_findings import MOVED, FeatureDrift, Findings, Record
from touchline.domain.health import Health, Signal
from touchline.manifest import Manifest, Ref, advance, content_id, decode, encode, sha256
from touchline.ports import ObjectStore
from touchline.stages.drift_samples import Samples
from touchline.stages.drift_settle import Settled
from touchline.work import Ports

STAGE: Final = "reports/drift"
VERSION: Final = "2"
POINTER: Final = f"{STAGE}/latest.json"
ON_THE_PAGE: Final = 30
"""So many features, those that moved most, are on Evidently's page; with all of them it takes 11 MB and a minute."""


class Report(msgspec.Struct, frozen=True):
    """What `report.json` holds: in short, by column, and what Evidently says of those that moved most."""

    findings: Findings
    features: tuple[FeatureDrift, ...]
    evidently: dict[str, Any]
    predictions: tuple[FeatureDrift, ...] = ()


class Latest(msgspec.Struct, frozen=True):
    """As much of the pointer as decides whether it may be replaced."""

    seq: int


def report(ports: Ports, samples: Samples, settled: Settled, health: Health) -> tuple[Findings, bool]:
    """The report of these inputs, made unless it exists; and whether it is new.

    Args:
        ports: all that may be touched.
        samples: what is compared.
        settled: forecasts of record of this mode with their verdicts.
        health: of the models, as of now.
    """
    store, versions = ports.store, {"drift": VERSION}
    told = sha256(encode([(forecast, verdict) for forecast, verdict in settled]))
    parameters = {"current": len(samples.current), "settled": told[:20]}
    work = content_id(STAGE, samples.inputs, parameters, versions)
    folder = f"{STAGE}/{work}"
    if store.stat(f"{folder}/manifest.json") is not None:
        return decode(store.get(f"{folder}/report.json"), Report, folder).findings, False
    features, said = _compared(samples)
    findings = _findings(folder, samples, (features, said), settled, health)
    page, evidently = ports.reporter.report(*_shown(samples, features))
    outputs = {
        "page": _keep(store, findings.page, page.encode()),
        "report": _keep(store, findings.report, encode(Report(findings, features, evidently, said))),
    }
    counts = {"features": len(features), "drifted": len(findings.drifted), "settled": findings.record.settled}
    manifest = Manifest(
        stage=STAGE, id=work, inputs=samples.inputs, outputs=outputs, parameters=parameters, versions=versions,
        counts=counts,
    )  # fmt: skip
    _keep(store, f"{folder}/manifest.json", encode(manifest))
    return findings, True


def point(store: ObjectStore, seq: int, findings: Findings) -> None:
    """Move the pointer to the newest report, never to older features."""
    data = encode({"seq": seq, **msgspec.to_builtins(findings)})
    advance(store, POINTER, data, Latest, lambda now: now.seq > seq)


def _compared(samples: Samples) -> tuple[tuple[FeatureDrift, ...], tuple[FeatureDrift, ...]]:
    """Features, and what the champion says, corrected for all of them together."""
    names = list(samples.current)
    reference, current = samples.reference.to_numpy(np.float64), samples.current.to_numpy(np.float64)
    found = drift.compare(reference, current, names, samples.inflation)
    said = set(samples.said)
    return tuple(one for one in found if one.name not in said), tuple(one for one in found if one.name in said)


def _shown(samples: Samples, features: tuple[FeatureDrift, ...]) -> tuple[Any, Any]:
    """The columns that Evidently shows: what the champion says, and the features that moved most."""
    most = [feature.name for feature in sorted(features, key=lambda feature: -feature.psi)[:ON_THE_PAGE]]
    names = [*samples.said, *most]
    return samples.reference[names], samples.current[names]


def _findings(
    folder: str,
    samples: Samples,
    found: tuple[tuple[FeatureDrift, ...], tuple[FeatureDrift, ...]],
    settled: Settled,
    health: Health,
) -> Findings:
    features, said = found
    version = samples.champion.version if samples.champion else ""
    newest = sorted(settled, key=lambda pair: pair[0].kickoff)
    losses, expected = _losses([pair for pair in newest if version in ("", pair[0].model_version)])
    newest_gaps = (losses - expected)[-len(samples.current) :]
    recent = float(newest_gaps.mean()) if len(newest_gaps) else 0.0
    return Findings(
        id=folder.rpartition("/")[2],
        page=f"{folder}/report.html",
        report=f"{folder}/report.json",
        reference=samples.against,
        matches={"reference": samples.matches, "current": len(samples.current)},
        until=samples.until.to_pydatetime(),
        drifted=tuple(feature.name for feature in features if feature.drifted),
        share=drift.share_drifted(features),
        record=_record(settled),
        retrain=drift.retraining_reason((*features, *said), _signal(health, version), recent),
        predictions=said,
        moved=tuple(sorted(features, key=lambda one: (-one.psi, one.name))[:MOVED]),
        reference_id=samples.champion.card.model_id if samples.champion else "",
    )


def _signal(health: Health, version: str) -> Signal | None:
    """Of the champion, or of the model with most settled matches where none serves, over all competitions."""
    told = [one for one in health.signals if not one.competition and version in ("", one.model_version)]
    return max(told, key=lambda one: one.n, default=None)


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
