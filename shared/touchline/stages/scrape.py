"""Scrape: whatever wakes it, from files, sources and messages into the match tables, under one sequence number."""

from typing import Any, Final

import msgspec

from touchline.collecting import Scope, Source
from touchline.errors import BlockedError, ConfigurationError, EventError, Unavailable, UnknownName
from touchline.manifest import publication_key
from touchline.settings import Scrape
from touchline.sources import files
from touchline.stages.scrape_collect import Collector
from touchline.stages.scrape_record import STAGE, VERSION, Ingestion, ingest, keep
from touchline.stages.scrape_tally import Tally
from touchline.work import Event, Ports, Result

__all__ = ["STAGE", "VERSION", "Request", "run"]
LIVE: Final = "live"
CANARY: Final = "canary"


class Request(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request asks to collect, and from where."""

    source: str


def run(event: Event, ports: Ports, settings: Scrape) -> Result:
    """Take in a file or a message, look how matches stand, or collect from sources.

    What is good is published even where other payloads are refused or pages failed; the outcome is "parked" then.

    Raises:
        EventError: nothing that scrape does.
        DataError: the only payload, or every one, is refused; it is kept, and so are its refused rows.
        ConfigurationError: the settings name an unknown source, competition or season.
        Unavailable: no source answers; payloads that came before are kept.
    """
    if event.kind == "object" and event.key.startswith(files.INCOMING):
        payload = files.from_incoming(event.key, ports.store.get(event.key), event.time)
        keep(ports, payload)
        return ingest(event, ports, settings, [payload])
    if event.kind == "http" and "rows" in event.data:
        from touchline.stages import scrape_batch

        return scrape_batch.run(event, ports, settings)
    if event.kind == "http" and "collect" in event.data:
        asked = _request(event.data["collect"])
        return _collect(event, ports, settings, {asked.source: _source(ports, asked.source)}, asked)
    if event.kind == "http" and "reparse" in event.data:
        from touchline.stages import scrape_reparse

        return scrape_reparse.run(event, ports, settings)
    if event.kind == "cron":
        return _scheduled(event, ports, settings)
    what = f"scrape takes objects under {files.INCOMING}, schedules, and requests to collect, to reparse or with rows"
    raise EventError(what, where=event.key or event.kind)


def _scheduled(event: Event, ports: Ports, settings: Scrape) -> Result:
    if event.key == LIVE:
        from touchline.stages import scrape_live

        return scrape_live.run(event, ports, settings)
    if event.key == CANARY:
        from touchline.stages import scrape_canary

        return scrape_canary.run(event, ports, settings)
    if not settings.sources:
        return Result(outcome="skipped", reason="no source is set, or none had anything: TOUCHLINE_SCRAPE_SOURCES")
    try:
        sources = {name: _source(ports, name) for name in settings.sources}
    except UnknownName as error:
        raise ConfigurationError(error.what, where="TOUCHLINE_SCRAPE_SOURCES", hint=error.hint) from error
    scope = Scope(competitions=settings.competitions, seasons=settings.seasons)
    return _collect(event, ports, settings, sources, scope)


def _request(asked: Any) -> Request:
    try:
        return msgspec.convert(asked, Request)
    except msgspec.ValidationError as error:
        raise EventError(f"no request to collect: {error}", where="collect") from error


def _source(ports: Ports, name: str) -> Source:
    if name not in ports.sources:
        raise UnknownName(f"unknown source {name!r}", hint=f"known are {', '.join(sorted(ports.sources))}")
    return ports.sources[name]


def _collect(event: Event, ports: Ports, settings: Scrape, sources: dict[str, Source], scope: Scope) -> Result:
    """Collect from sources, store and publish what they gave, and say what they did not."""
    ingestion = Ingestion(event, ports, scope.competitions)
    collector = Collector(ports, settings, event.work("scrape"), ingestion.take, rows=lambda: ingestion.rows)
    for source in sources.values():
        collector.collect(source, scope)
    tally = collector.tally
    if tally.errors and not (tally.fetched or tally.kept):
        return _nothing_came(tally)
    beside = tally.fetched + tally.kept > ingestion.payloads
    result = ingestion.finish(beside=beside) if ingestion.payloads else _nothing_new(ports)
    collector.stored()
    told = [*filter(None, [result.reason]), *tally.told()]
    outcome = "parked" if tally.errors else result.outcome
    summary = result.summary | tally.summary()
    return msgspec.structs.replace(result, outcome=outcome, reason="; ".join(told), summary=summary)


def _nothing_came(tally: Tally) -> Result:
    """What to do without a single page: come again where that may help, respect a wall, else give up.

    Raises:
        Unavailable, PermanentError: what kept the first page away.
    """
    waits = [error for error in tally.errors if isinstance(error, Unavailable) and not isinstance(error, BlockedError)]
    if waits or not tally.blocked:
        raise [*waits, *tally.errors][0]
    return Result(outcome="parked", reason="; ".join(tally.told()), summary=tally.summary())


def _nothing_new(ports: Ports) -> Result:
    head = ports.matches.head()
    key = publication_key(STAGE, head)
    published = (key,) if head and ports.store.stat(key) is not None else ()
    return Result(outcome="unchanged" if published else "skipped", publications=published, summary={"seq": head})
