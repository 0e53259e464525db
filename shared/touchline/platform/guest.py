"""At work in a home where another platform is at work: queue deliveries, wait until it has done them, tell the same.

If that platform ends meanwhile, what is left is done here.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from touchline import bootstrap
from touchline.adapters.clock import SystemClock
from touchline.adapters.queue_file import Delivery, QueueFile
from touchline.errors import Conflict, Unavailable
from touchline.manifest import decode
from touchline.platform import looking
from touchline.platform.lock import claim_mode
from touchline.platform.runner import DISTANT, MANY, Platform, Step, declared
from touchline.ports import Clock
from touchline.telemetry import RunRecord
from touchline.work import Event

GLANCE: Final = 0.2
"""Seconds between looks at the queue."""
GLANCES: Final = 5
"""So many of them between looks whether the other platform is still there."""


class Guest:
    """Has the methods of a `Platform` by which commands move the chain; another process does the work.

    Args:
        environ: as of the platform.
        clock: time of the events.
        watch: told of every delivery that has ended, whoever asked for it.
        pause: rests between looks, for so many seconds.

    Raises:
        ConfigurationError: the wiring or a setting is wrong, or the home belongs to the other mode.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Clock | None = None,
        watch: Callable[[Step], None] | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._environ, self._clock = dict(environ), clock
        self._watch, self._pause = watch or (lambda _: None), pause
        self.folder, self.wiring = declared(environ)
        self.ports = bootstrap.ports(environ, needs=frozenset({"object_store"}), clock=clock)
        claim_mode(self.ports.store, self.ports.clock.mode)
        self.queue = QueueFile(self.ports.home / "platform.db")
        self._since, self._told = SystemClock().now(), set[tuple[str, str]]()
        self._glances = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.queue.close()

    def drain(self) -> list[RunRecord]:
        """Wait until nothing is owed any more; the last record of every delivery that has ended since we came.

        Raises:
            Unavailable: a delivery was given up that left no record.
        """
        records: list[RunRecord] = []
        while self._look() or self._owes():
            while self._owes():
                records += self._news()
                if (own := self._rest()) is not None:
                    with own:
                        return records + self._news() + own.drain()
        return records + self._news()

    def pending(self, name: str) -> list[Event]:
        """Events that a function is owed: those of objects that it does not know are queued first."""
        self.wiring.function(name)
        self._look()
        return [delivery.event for delivery in self.queue.due(name, DISTANT, MANY)]

    def object_event(self, name: str, key: str) -> Event:
        """Event of one object; of a higher generation if the function had it already, which makes it due again.

        Raises:
            NotFound: there is no such object.
        """
        return looking.asked(self.ports.store, self.queue, name, key, self.ports.clock.now())

    def tick(self, name: str) -> Event:
        """Event of a function's schedule, now.

        Raises:
            ConfigurationError: the function has no schedule.
        """
        return looking.tick(self.wiring.function(name), self.ports.clock.now())

    def deliver(self, name: str, event: Event) -> RunRecord:
        """Queue an event and wait until it is acknowledged or given up.

        Raises:
            Unavailable: it was given up and left no record.
        """
        work = event.work(self.wiring.function(name).name)
        if not self.queue.add(name, event, looking.etag_of(self.ports.store, event)):
            self.queue.again(name, work)
        while (delivery := self.queue.delivery(name, work)) is not None and delivery.status == "waiting":
            if (own := self._rest()) is not None:
                with own:
                    return own.deliver(name, event)
        if delivery is None:
            raise Unavailable("the delivery is not in the queue", where=event.key, hint="is the file being replaced?")
        return self._record(delivery)

    def invoke(self, name: str, event: Event) -> tuple[int, RunRecord]:
        """As `deliver`: only the platform that works in this home can call a function once."""
        record = self.deliver(name, event)
        return record.status, record

    def _look(self) -> int:
        return looking.look(self.wiring, self.ports.store, self.queue, self.ports.clock.now())

    def _owes(self) -> bool:
        return self.queue.next_due(*self.wiring.functions) is not None

    def _rest(self) -> Platform | None:
        """Wait a little; a platform of our own if the other one has ended."""
        self._pause(GLANCE)
        self._glances += 1
        if self._glances % GLANCES:
            return None
        with suppress(Conflict):
            return Platform(self._environ, clock=self._clock, watch=self._watch)
        return None

    def _news(self) -> list[RunRecord]:
        """Records of deliveries that have ended and were not told yet."""
        ended = [one for one in self.queue.settled(self._since) if (one.function, one.run) not in self._told]
        return [self._record(delivery) for delivery in ended]

    def _record(self, delivery: Delivery) -> RunRecord:
        """The record of a delivery that has ended, told to whoever watches."""
        self._told.add((delivery.function, delivery.run))
        if not delivery.run:
            raise Unavailable(delivery.error or "given up without a record", where=delivery.event.key)
        record = decode(self.ports.store.get(delivery.run), RunRecord, delivery.run)
        self._watch(Step(delivery.event, delivery.function, delivery.attempts, record))
        return record


Chain = Platform | Guest
"""Whoever moves the chain of a home for us."""
