"""Scrape: payloads from files and sources into the match tables, under one sequence number."""

from collections.abc import Iterator

from touchline.errors import ConfigurationError, EventError
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.sources import files
from touchline.stages.scrape_record import STAGE, VERSION, ingest, keep
from touchline.work import Event, Ports, Result

__all__ = ["STAGE", "VERSION", "run"]


def run(event: Event, ports: Ports, settings: Scrape) -> Result:
    """Take in the object that woke us, or what the sources of the settings have.

    What is good is published even where other payloads are refused; the outcome is "parked" then.

    Raises:
        DataError: the only payload, or every one, is refused; it is kept, and so are its refused rows.
        ConfigurationError: the settings name an unknown source, competition or season.
        Unavailable: a source does not answer; payloads that came before are kept.
    """
    payloads = list(_payloads(event, ports, settings))
    if not payloads:
        return Result(outcome="skipped", reason="no source is set, or none had anything: TOUCHLINE_SCRAPE_SOURCES")
    return ingest(event, ports, settings, payloads)


def _payloads(event: Event, ports: Ports, settings: Scrape) -> Iterator[Payload]:
    """Payloads that an event is about, each kept before the next is asked for."""
    if event.kind == "object" and event.key.startswith(files.INCOMING):
        payload = files.from_incoming(event.key, ports.store.get(event.key), event.time)
        keep(ports, payload)
        yield payload
    elif event.kind == "cron":
        for name in settings.sources:
            if name not in ports.sources:
                raise ConfigurationError(
                    f"unknown source {name!r}",
                    where="TOUCHLINE_SCRAPE_SOURCES",
                    hint=f"known are {', '.join(sorted(ports.sources))}",
                )
            for payload in ports.sources[name].fetch(settings.competitions, settings.seasons, ports.clock.now()):
                keep(ports, payload)
                yield payload
    else:
        raise EventError(f"scrape takes objects under {files.INCOMING} and schedules", where=event.key or event.kind)
