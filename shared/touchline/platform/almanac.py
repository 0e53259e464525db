"""The ticks of a wiring over a span of days, in the order of time: what a virtual clock walks through."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final, NamedTuple

from cronsim import CronSim

from touchline.wiring import Wiring
from touchline.work import Event

SOURCE: Final = "touchline/simulation"
LEFT_OUT: Final = frozenset({("scrape", "live"), ("promote", "repair")})
"""Ticks that change nothing where results come hours later, and no projection is ever lost."""
CANARY: Final = "scrape/canary"
IDLE: Final = frozenset({"sweep"})
"""Functions that only mend what was lost on the way; here nothing is."""


class Tick(NamedTuple):
    """One schedule of a function at one of its moments."""

    at: datetime
    function: str
    schedule: str

    @property
    def name(self) -> str:
        """Function and schedule."""
        return f"{self.function}/{self.schedule}"

    @property
    def event(self) -> Event:
        """What the platform would send."""
        identity = f"{self.name}@{self.at.isoformat()}"
        return Event(id=identity, kind="cron", source=SOURCE, time=self.at, key=self.schedule)


def ticks(wired: Wiring, since: datetime, until: datetime) -> list[Tick]:
    """All ticks after one moment and up to another, by time; those at the same moment in the order of the wiring."""
    found = [
        Tick(at, name, trigger.name)
        for name in wired.order()
        for trigger in wired.function(name).triggers
        if trigger.cron and name not in IDLE and (name, trigger.name) not in LEFT_OUT
        for at in _moments(trigger.cron, since, until)
    ]
    return sorted(found, key=lambda tick: tick.at)


def _moments(cron: str, since: datetime, until: datetime) -> Iterator[datetime]:
    return takewhile(lambda at: at <= until, CronSim(cron, since))


def days(since: datetime, until: datetime) -> int:
    """Days that a span touches, at least one."""
    return max(-(-(until - since) // timedelta(days=1)), 1)
