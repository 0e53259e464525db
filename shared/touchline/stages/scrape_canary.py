"""Scrape: whether the sources are well."""

from touchline.settings import Scrape
from touchline.work import Event, Ports, Result


def run(event: Event, ports: Ports, settings: Scrape) -> Result:
    """Look whether each source of the settings is well, once a day."""
    if not settings.sources:
        return Result(outcome="skipped", reason="no source is set: TOUCHLINE_SCRAPE_SOURCES")
    return Result(outcome="skipped", reason="nothing was collected yet")
