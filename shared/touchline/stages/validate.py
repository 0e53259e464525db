"""Validate: nothing is learnt from a snapshot that cannot be true.

A snapshot that passes is published as it is, with its report beside it; one that is refused reaches nothing downstream,
and its report is kept.
"""

from typing import Final

import pandas as pd

from touchline import tables
from touchline.domain import gates
from touchline.domain.gate_report import RESULTS, GateReport, Kind, as_data, as_html
from touchline.manifest import (
    Manifest,
    Ref,
    content_id,
    encode,
    publish,
    read_publication,
    write_object,
)
from touchline.ports import ObjectStore
from touchline.settings import Validate
from touchline.work import Event, Ports, Result

STAGE: Final = "validated"
VERSION: Final = "1"
GATES: Final[tuple[Kind, ...]] = ("raw", "finished", "upcoming")


def run(event: Event, ports: Ports, settings: Validate) -> Result:
    """Pass the snapshot that a publication of `raw/` points at through the gates, though there be newer ones.

    Raises:
        PermanentError: the publication, its manifest or the snapshot cannot be read.
    """
    store = ports.store
    publication, raw = read_publication(store, event.key)
    snapshot = raw.outputs["matches"]
    beside = {name: ref for name, ref in raw.outputs.items() if name != "matches"}
    parameters = {"min_finished": settings.min_finished, "simulated": raw.parameters.get("simulated", False)}
    versions = {"validate": VERSION}
    work = content_id(STAGE, (snapshot, *beside.values()), parameters, versions)
    reports = _examine(tables.read(store, snapshot), settings)
    for report in reports:
        ports.metrics.count(RESULTS, gate=report.kind, result=report.verdict)
    counts = {
        "rows": reports[0].rows,
        "errors": sum(len(report.of("error")) for report in reports),
        "warnings": sum(len(report.of("warning")) for report in reports),
    }
    if counts["errors"]:
        return _park(store, work, snapshot, reports, counts)
    outputs = {"matches": snapshot, **beside, **_write_report(store, f"{STAGE}/{work}", snapshot, reports)}
    manifest = Manifest(
        stage=STAGE,
        id=work,
        inputs=(snapshot, *beside.values()),
        outputs=outputs,
        parameters=parameters,
        versions=versions,
        counts=counts,
    )
    key, created = publish(store, manifest, publication.seq)
    return Result(outcome="done" if created else "unchanged", publications=(key,), summary=counts)


def _examine(table: pd.DataFrame, settings: Validate) -> list[GateReport]:
    """Reports of all gates, so that all faults are told at once; without the right columns only the first one's."""
    raw = gates.check("raw", table)
    if not raw.statistics:
        return [raw]
    parts = (gates.check(kind, gates.part(kind, table), min_finished=settings.min_finished) for kind in GATES[1:])
    return [raw, *parts]


def _write_report(store: ObjectStore, folder: str, snapshot: Ref, reports: list[GateReport]) -> dict[str, Ref]:
    page = as_html(reports, f"Snapshot {snapshot.key.split('/')[1]}")
    return {
        "report": write_object(store, f"{folder}/report.json", encode(as_data(reports))),
        "page": write_object(store, f"{folder}/report.html", page.encode()),
    }


def _park(store: ObjectStore, work: str, snapshot: Ref, reports: list[GateReport], counts: dict[str, int]) -> Result:
    folder = f"quarantine/validate/{work}"
    told = [report.summary() for report in reports if not report.passed]
    _write_report(store, folder, snapshot, reports)
    reason = {
        "what": "the gates refused the snapshot",
        "where": snapshot.key,
        "hint": f"see {folder}/report.html",
        "details": told,
    }
    write_object(store, f"{folder}/reason.json", encode(reason))
    return Result(
        outcome="parked", reason=f"{snapshot.key}: {' | '.join(told)} (see {folder}/report.html)", summary=counts
    )
