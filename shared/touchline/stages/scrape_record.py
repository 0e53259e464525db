"""What every way of scraping ends in: payloads kept as received, taken in, recorded under one number, published.

A payload is kept before anybody looks into it. What is refused in it goes to quarantine with its reason; a payload that
is refused as a whole changes nothing. Where time is set by hand, nothing from after that moment is stored.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from touchline.errors import DataError
from touchline.manifest import (
    Manifest,
    content_id,
    encode,
    payload_digest,
    payload_ref,
    publication_key,
    publish,
    sha256,
    write_object,
    write_payload,
)
from touchline.ports import Changes, Payload, ScrapeRun
from touchline.settings import Scrape
from touchline.sources import the_odds_api
from touchline.stages.scrape_intake import Findings, Intake
from touchline.stages.scrape_odds import Linked, Prices
from touchline.work import Event, Ports, Result

STAGE: Final = "scrapes"
VERSION: Final = "1"


def ingest(event: Event, ports: Ports, settings: Scrape, payloads: Sequence[Payload]) -> Result:
    """Store and publish what payloads say; they were kept before, by `keep`.

    What is good is published even where other payloads are refused; the outcome is "parked" then.

    Raises:
        DataError: the only payload, or every one, is refused; it is kept, and so are its refused rows.
    """
    ingestion = Ingestion(event, ports, settings.competitions)
    for payload in payloads:
        ingestion.take(payload)
    return ingestion.finish()


class Ingestion:
    """Takes payloads in one after the other, and stores and publishes them at the end.

    Args:
        event: what asked for it.
        ports: where everything goes.
        competitions: those that are taken from a site's payloads.
    """

    def __init__(self, event: Event, ports: Ports, competitions: Collection[str]) -> None:
        self._event, self._ports, self._competitions = event, ports, competitions
        self._as_of = ports.clock.now() if ports.clock.mode == "simulated" else None
        self._intake = Intake(ports.matches, ports.links, self._as_of, competitions)
        self._prices = Prices(ports, self._as_of)
        self._collected = event.kind == "cron" or "collect" in event.data
        self._taken: list[_Taken] = []
        self._refused: list[DataError] = []

    @property
    def payloads(self) -> int:
        """Payloads so far, those that were refused included."""
        return len(self._taken)

    @property
    def rows(self) -> int:
        """Rows that were taken in so far."""
        return sum(finding.rows for finding in self._findings)

    @property
    def _findings(self) -> list[Findings]:
        return [*self._intake.findings, *self._prices.findings]

    def take(self, payload: Payload) -> bool:
        """Take a payload in that was kept before; False if something in it has to be taken in again: rows wait for a
        name or, under a clock set by hand, for their time, details for their rows, or all of it is refused.
        """
        digest = payload_digest(payload.body)
        self._taken.append(_Taken(payload.source, digest, payload.retrieved))
        taking = self._prices if payload.source == the_odds_api.NAME else self._intake
        try:
            taking.take(payload)
        except DataError as error:
            self._refused.append(error)
            return False
        if taking.findings[-1].withheld:
            return False
        return digest not in self._intake.waiting and digest not in self._prices.waiting

    def finish(self, *, beside: bool = False) -> Result:
        """Store and publish.

        Args:
            beside: whether other payloads of the same scope were taken in earlier runs.

        Raises:
            DataError: every payload is refused, and there are no others.
        """
        _quarantine(self._event, self._ports, self._intake.rejected, self._refused)
        if len(self._refused) == len(self._taken) and not beside:
            raise self._refused[0]
        others = [taken for taken in self._taken if taken.source != the_odds_api.NAME]
        linked = Linked(_record(others, self._ports, self._intake))
        if self._prices.findings:  # of matches that may be new in this run
            linked = self._prices.finish(linked.changes)
        parameters: dict[str, Any] = {
            "simulated": self._intake.invented,
            "as_of": self._as_of.isoformat() if self._as_of else None,
            "competitions": sorted(self._competitions) if self._collected else None,
        }
        if "reparse" in self._event.data:  # the same payloads may say something else under every parser
            parameters["reparse"] = linked.changes.seq
        return _result(self._ports, self._intake, self._findings, linked, parameters, self._refused)


class _Taken(NamedTuple):
    source: str
    digest: str
    retrieved: datetime


def keep(ports: Ports, payload: Payload) -> str:
    """Keep a payload as received, and beside it what was known when it came; its hash. The same bytes are kept once."""
    ref = write_payload(ports.store, payload.source, payload.body)
    known = {"name": payload.name, "url": payload.url, "retrieved": payload.retrieved, "bytes": len(payload.body)}
    ports.store.create(f"{ref.key.removesuffix('.gz')}.json", encode(known))  # of the first time that they came
    return ref.sha256


def _quarantine(event: Event, ports: Ports, rejected: list[Findings], refused: list[DataError]) -> None:
    """Keep refused rows, and why payloads are refused, beside each other; the same work leaves the same evidence."""
    folder = f"quarantine/scrape/{event.work('scrape')}"
    if rejected:
        ports.store.create(f"{folder}/rejected.json", encode(rejected))
    if refused:
        ports.store.create(f"{folder}/payloads.json", encode([str(error) for error in refused]))


def _record(payloads: Sequence[_Taken], ports: Ports, intake: Intake) -> Changes:
    ports.names.note(intake.unresolved)
    rows, details = intake.rows(), intake.details()
    if rows.empty and not details:
        return Changes(ports.matches.head(), False, 0, 0, 0, 0, 0)
    taken = tuple(payload.digest for payload in payloads)
    source = "+".join(sorted({payload.source for payload in payloads}))
    retrieved = max(payload.retrieved for payload in payloads)
    run_id = sha256(encode([taken, retrieved, ports.clock.now() if ports.clock.mode == "simulated" else None]))[:20]
    scrape_run = ScrapeRun(run_id, source, taken, retrieved, intake.invented)
    return ports.matches.record(scrape_run, rows, intake.new_names, details)


def _result(
    ports: Ports,
    intake: Intake,
    findings: list[Findings],
    linked: Linked,
    parameters: dict[str, Any],
    refused: list[DataError],
) -> Result:
    changes = linked.changes
    counts = {
        "rows": sum(finding.rows for finding in findings),
        "rejected": sum(len(finding.rejected) for finding in findings),
        "withheld": sum(finding.withheld for finding in findings),
        "payloads": len(findings),
    }
    summary = counts | {
        "seq": changes.seq,
        "matches_new": changes.matches_new,
        "matches_changed": changes.matches_changed,
        "statistics_changed": changes.statistics_changed,
        "odds_changed": changes.odds_changed,
        "teams_new": changes.teams_new,
        "details_changed": changes.details_changed,
        **intake.summary(),
        "payloads_refused": len(refused),
        **linked.summary,
    }
    for name in ("rows", "rejected", "withheld"):
        ports.metrics.count(f"scrape_{name}", counts[name])
    reason = "; ".join(
        [*(f"{error.where}: {error.what}" for error in refused), *filter(None, (intake.reason, linked.reason))]
    )
    if not changes.seq:
        why = reason or "no matches in it, and none stored"
        return Result(outcome="parked" if refused else "skipped", reason=why, summary=summary)
    key = publication_key(STAGE, changes.seq)
    if not changes.changed and ports.store.stat(key) is not None:
        outcome: Literal["done", "unchanged", "parked"] = "parked" if refused else "unchanged"
        return Result(outcome=outcome, publications=(key,), reason=reason, summary=summary)
    key, created = _publish(ports, findings, changes.seq, parameters, counts)
    outcome = "parked" if refused else "done" if created else "unchanged"
    return Result(outcome=outcome, publications=(key,), reason=reason, summary=summary)


def _publish(
    ports: Ports, findings: list[Findings], seq: int, parameters: dict[str, Any], counts: dict[str, int]
) -> tuple[str, bool]:
    inputs = tuple(payload_ref(finding.source, finding.payload) for finding in findings)
    versions = {"scrape": VERSION}
    # names and order are in the report, so the id has to tell them apart
    taken = [[finding.source, finding.name, finding.payload] for finding in findings]
    parameters = parameters | {"taken": taken}
    name = content_id(STAGE, inputs, parameters, versions)
    report = {"payloads": findings, **parameters}
    ref = write_object(ports.store, f"{STAGE}/{name}/report.json", encode(report), rows=counts["rows"])
    manifest = Manifest(
        stage=STAGE,
        id=name,
        inputs=inputs,
        outputs={"report": ref},
        parameters=parameters,
        versions=versions,
        counts=counts,
    )
    return publish(ports.store, manifest, seq, seal=ports.claim.seal)
