"""At work in a home where another platform is at work: queue deliveries, wait until it has done them, tell the same.

What is for functions that it does not run stays queued, and nobody waits for that. If that platform ends meanwhile,
what is left is done here.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from touchline import bootstrap
from touchline.adapters.clock import SystemClock
from touchline.adapters.queue_file import Delivery, QueueFile
from touchline.errors import Conflict, Unavailable
from touchline.manifest import decode
from touchline.platform import looking
from touchline.platform.asking import DISTANT, Asking
from touchline.platform.lock import at_work, claim_mode
from touchline.platform.runner import Platform, Step, declared, demand_settings
from touchline.ports import Clock
from touchline.telemetry import RunRecord
from touchline.work import Event

GLANCE: Final = 0.2
"""Seconds between looks at the queue."""
GLANCES: Final = 5
"""So many of them between looks whether the other platform is still there."""


class Guest(Asking):
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
        """Wait until nothing is owed to the functions that run; the last record of every delivery that has ended.

        Only what has ended since we came is told.

        Raises:
            ConfigurationError: a function lacks a setting; the delivery stays owed, so mend it.
            Unavailable: a delivery was given up that left no record.
        """
        records: list[RunRecord] = []
        while self._look() or self._owes():
            while self._owes():
                records += self._news()
                if (own := self._rest()) is not None:
                    with own:
                        return records + self._news() + own.drain()
                self._check(self.queue.failing(self._since))
        self._tell_left()
        return records + self._news()

    def deliver(self, name: str, event: Event) -> RunRecord:
        """Queue an event and wait until it is acknowledged or given up.

        Raises:
            ConfigurationError: the function lacks a setting.
            Unavailable: it was given up and left no record, or nobody runs the function.
        """
        work = event.work(self.wiring.function(name).name)
        if not self.queue.add(name, event, looking.etag_of(self.ports.store, event)):
            self.queue.again(name, work)
        while (delivery := self.queue.delivery(name, work)) is not None and delivery.status == "waiting":
            if (own := self._rest()) is not None:
                with own:
                    return own.deliver(name, event)
            self._check([one for one in self.queue.failing(self._since) if (one.function, one.work) == (name, work)])
            if name not in self._running():
                raise Unavailable(
                    f"queued, but the platform that works in this home does not run {name}", where=event.key,
                    hint="end it and come again, or start it with this function",
                )  # fmt: skip
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
        return self.queue.next_due(*self._running()) is not None

    def _running(self) -> list[str]:
        """The functions that the other platform runs."""
        return at_work(self.ports.home, self.wiring.functions)

    def _tell_left(self) -> None:
        """Say what stays queued, a line for each function that does not run."""
        running, counts = self._running(), self.queue.counts()
        for name in self.wiring.functions:
            if name not in running and (left := counts.get(name, {}).get("waiting", 0)):
                first = self.queue.due(name, DISTANT, 1)[0]
                why = f"{left} stay queued, the platform that works in this home runs only {', '.join(running)}"
                self._watch(Step(first.event, name, first.attempts + 1, busy=why))

    def _check(self, failing: Sequence[Delivery]) -> None:
        """Raise the error of the first that waits for a setting: waiting mends nothing.

        Raises:
            ConfigurationError: as the function raised it.
        """
        for delivery in failing:
            if delivery.run:
                demand_settings(decode(self.ports.store.get(delivery.run), RunRecord, delivery.run))

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
