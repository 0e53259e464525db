"""Schedules of the wiring, in UTC: which ticks are due, and when the next one is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Protocol

from cronsim import CronSim

from touchline.domain.schedules import latest
from touchline.wiring import Wiring
from touchline.work import Event

SOURCE: Final = "touchline/cron"


class Ticks(Protocol):
    """Remembers when each schedule fired last."""

    def tick(self, function: str, schedule: str) -> datetime | None:
        """When it fired last, None if never."""
        ...

    def set_tick(self, function: str, schedule: str, moment: datetime) -> None:
        """Remember that it fired."""
        ...


def due(wired: Wiring, ticks: Ticks, now: datetime) -> Iterator[tuple[str, Event]]:
    """(function, tick) of every schedule that should have fired since it last did; several missed ones are one tick.

    A schedule that is met for the first time begins now. The event's identity is its schedule and time, so a tick that
    is queued twice is one delivery; call `set_tick` with the event's time when it is queued.
    """
    for function, schedule, cron in _schedules(wired):
        last = ticks.tick(function, schedule)
        if last is None:
            ticks.set_tick(function, schedule, now)
            continue
        moment = latest(cron, now)
        if moment > last:
            yield function, tick(function, schedule, moment)


def tick(function: str, schedule: str, moment: datetime) -> Event:
    """Event of a schedule at a moment."""
    identity = f"{function}/{schedule}@{moment.isoformat()}"
    return Event(id=identity, kind="cron", source=SOURCE, time=moment, key=schedule)


def upcoming(wired: Wiring, now: datetime) -> datetime | None:
    """When the next schedule fires, None if there is no schedule.

    Looks ahead from a moment after `now`.
    """
    moments = [next(CronSim(cron, now.astimezone(UTC))) for _, _, cron in _schedules(wired)]
    return min(moments, default=None)


def _schedules(wired: Wiring) -> Iterator[tuple[str, str, str]]:
    for name, function in wired.functions.items():
        for trigger in function.triggers:
            if trigger.cron:
                yield name, trigger.name, trigger.cron
