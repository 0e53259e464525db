"""The local platform in one process: what Knative or a cloud does with the wiring.

It is driven by levels, not by edges: whatever lies under a trigger's prefix and has no delivery is delivered, so a lost
or interrupted delivery heals itself at the next look. Deliveries go through `functions/<name>/main.py`, as anywhere;
what is owed stands in the queue file, so whoever is killed goes on where he was.
"""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import msgspec

from touchline import bootstrap, events, job, retrying, settings, wiring, wiring_rules
from touchline.adapters.clock import SystemClock
from touchline.adapters.queue_file import Delivery, QueueFile
from touchline.entrypoint import RUN_HEADER, Handle, Surroundings, surrounded
from touchline.errors import ConfigurationError, Conflict, TouchlineError, Unavailable
from touchline.manifest import decode, encode
from touchline.platform import looking
from touchline.platform.asking import DISTANT, MANY, Asking
from touchline.platform.lock import claim_mode, locked, mark
from touchline.ports import Clock
from touchline.telemetry import RunRecord
from touchline.work import Event

ROUNDS: Final = 50
BUSY: Final = timedelta(minutes=5)
"""So long functions may answer nothing but that they are busy: whoever keeps them so may never end."""


class Step(msgspec.Struct, frozen=True):
    """News of a delivery, for whoever watches: it begins, has ended (with a record), or the function was busy."""

    event: Event
    function: str
    attempt: int
    record: RunRecord | None = None
    busy: str = ""
    """Why the function takes nothing now; the delivery comes again, and this was no attempt."""


class Platform(Asking):
    """Functions of a folder, run in this process; the only platform that works in its home meanwhile.

    Args:
        environ: environment of the functions.
        clock: shared by all functions; by default each takes what the environment says.
        watch: told of every delivery when it begins and when it ends.
        pause: rests until the next attempt is due, for so many seconds.
        around: put around each port that a function gets, when that is first needed.

    Raises:
        ConfigurationError: the wiring or a setting is wrong, the home belongs to the other mode or cannot be made.
        Conflict: another platform works in this home.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Clock | None = None,
        watch: Callable[[Step], None] | None = None,
        pause: Callable[[float], None] = time.sleep,
        around: bootstrap.Around | None = None,
    ) -> None:
        self._watch = watch or (lambda _: None)
        self._pause = pause
        self.folder, self.wiring = declared(environ)
        self.ports = bootstrap.ports(environ, needs=frozenset({"object_store", "database"}), clock=clock)
        self._instance = f"{mark(self.ports.home)}run/{os.getpid()}"
        self._surroundings = Surroundings({**environ, "TOUCHLINE_INSTANCE": self._instance}, clock, around)
        self._handles: dict[str, Handle] = {}
        self._rested_until, self._freed = DISTANT.replace(year=1970), False
        self._busy_since: datetime | None = None
        with ExitStack() as stack:
            stack.enter_context(locked(self.ports.home))
            claim_mode(self.ports.store, self.ports.clock.mode)
            self.queue = stack.enter_context(closing(QueueFile(self.ports.home / "platform.db")))
            self._closing = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def drain(self, max_rounds: int = ROUNDS) -> list[RunRecord]:
        """Deliver until nothing is left that is owed; the last record of every delivery, in the order of their ends.

        What failed is put aside until its next attempt is due, and so is what found its function busy.

        Raises:
            ConfigurationError: a function lacks a setting; the delivery stays owed, so mend it and come again.
            Unavailable: there is still work after `max_rounds`, or for `BUSY` functions were busy and did nothing.
        """
        records: list[RunRecord] = []
        for _ in range(max_rounds):
            told = self._round()
            records += told
            if not told:
                return records
        raise Unavailable(
            f"no rest after {max_rounds} rounds", where=wiring.FILE, hint="run `touchline run chain` again"
        )

    def deliver(self, name: str, event: Event) -> RunRecord:
        """Deliver an event until it is acknowledged, or its attempts are spent and it becomes a dead letter."""
        self.queue.add(name, event, looking.etag_of(self.ports.store, event))
        delivery = self.queue.delivery(name, event.work(name))
        if delivery is None:
            raise Unavailable("the delivery is not in the queue", where=event.key, hint="is the file being replaced?")
        if delivery.status != "waiting":  # delivered before, and asked for once more
            delivery = msgspec.structs.replace(delivery, attempts=0)
        while (record := self._attempt(delivery)) is None:
            delivery = self.queue.delivery(name, event.work(name)) or delivery
            self._rest(delivery.due)
        return record

    def invoke(self, name: str, event: Event) -> tuple[int, RunRecord]:
        """Call a function once, as a platform would; its status and the record that it kept.

        Raises:
            Conflict: the function is busy; `retry_after` says for how long.
            Unavailable: the function could not start, or could keep no record.
        """
        if self.wiring.function(name).claim:
            self._free_claims()
        message = events.to_http(event)
        with surrounded(self._surroundings):
            _, status, headers = self._handle(name)(Call(message))
        key = headers.get(RUN_HEADER, "")
        if status == 503 and "retry-after" in headers and not key:
            raise Conflict(f"{name} is at work already", where=event.key, retry_after=float(headers["retry-after"]))
        if not key or self.ports.store.stat(key) is None:
            raise Unavailable(f"{name} answered {status} and kept no record", where=event.key, hint="see the log")
        return status, decode(self.ports.store.get(key), RunRecord, key)

    def receipt(self, name: str, key: str) -> Delivery | None:
        """Newest delivery of an object to a function that has ended, None if none has."""
        delivery = self.queue.receipt(name, key)
        return None if delivery is None or delivery.status == "waiting" else delivery

    def _round(self) -> list[RunRecord]:
        """Try whatever is due, function by function; rests as long as all that is owed has to wait."""
        while True:
            ended = [record for name in self.wiring.order() for record in self._work_off(name)]
            due = None if ended else self.queue.next_due(*self.wiring.functions)
            if due is None:
                return ended
            self._rest(due)

    def _work_off(self, name: str) -> list[RunRecord]:
        self.look_for(name)
        attempted = [self._attempt(delivery) for delivery in self.queue.due(name, self._now(), MANY)]
        return [record for record in attempted if record is not None]

    def _attempt(self, delivery: Delivery) -> RunRecord | None:
        """One attempt; the record if it was the last, None if the delivery comes again."""
        name, event, attempt = delivery.function, delivery.event, delivery.attempts + 1
        self._watch(Step(event, name, attempt))
        try:
            status, record = self.invoke(name, event)
        except Conflict as busy:
            self._later(delivery, delivery.attempts, busy.retry_after, str(busy))
            self._watch(Step(event, name, attempt, busy=busy.what))
            self._bear(name, busy)
            return None
        self._busy_since = None
        self._watch(Step(event, name, attempt, record))
        if status < 500:
            self.queue.settle(name, event, "done", attempt, record.object_key)
            return record
        return self._failed(delivery, attempt, record)

    def _bear(self, name: str, busy: Conflict) -> None:
        """Take it that a function is busy, for a while."""
        self._busy_since = self._busy_since or self._now()
        if self._now() - self._busy_since >= BUSY:
            raise Unavailable(
                f"{name} still waits, nothing was done in {BUSY.seconds // 60} minutes: {busy.what}", where=busy.where,
                hint="its work stays queued; `touchline doctor` tells whether the database answers",
            ) from busy  # fmt: skip

    def _failed(self, delivery: Delivery, attempt: int, record: RunRecord) -> RunRecord | None:
        """What follows of an attempt that failed: a later one, or a dead letter."""
        name, event, retries = delivery.function, delivery.event, self.wiring.function(delivery.function).retries
        demand_settings(record)
        if attempt < retries.attempts:
            self._later(delivery, attempt, retrying.pause(retries, attempt), record.reason)
            return None
        letter = {"event": msgspec.json.decode(events.to_json(event)), "error": record.error, "run": record.object_key}
        self.ports.store.create(f"deadletter/{name}/{event.work(name)}.json", encode(letter))
        self.queue.settle(name, event, "dead", attempt, record.object_key, record.reason)
        return record

    def _later(self, delivery: Delivery, attempts: int, seconds: float, why: str) -> None:
        due = self._now() + timedelta(seconds=seconds)
        self.queue.settle(delivery.function, delivery.event, "waiting", attempts, delivery.run, why, due=due)

    def _now(self) -> datetime:
        """Time of the queue: that of the machine, whatever the clock of the functions says."""
        return max(SystemClock().now(), self._rested_until)

    def _rest(self, until: datetime) -> None:
        seconds = (until - self._now()).total_seconds()
        if seconds > 0:
            self._pause(seconds)
            self._rested_until = until

    def _free_claims(self) -> None:
        """End the claims of those who worked in this home before us, once: holding its lock, we know that they died.

        Where the database does not answer, the function will tell; and every lease ends by itself.
        """
        if not self._freed:
            self._freed = True
            with suppress(TouchlineError):
                self.ports.claims.expire(mark(self.ports.home))
                self.ports.engine.dispose()

    def _handle(self, name: str) -> Handle:
        if name not in self._handles:
            self._handles[name] = load(name, self.folder)
        return self._handles[name]


def demand_settings(record: RunRecord) -> None:
    """Raise the error of a run again that lacked a setting: another attempt mends nothing.

    Raises:
        ConfigurationError: as the function raised it.
    """
    fault = record.error
    if fault is not None and fault.kind == ConfigurationError.__name__:
        raise ConfigurationError(fault.what, where=fault.where, hint=fault.hint, details=fault.details)


class Declared(NamedTuple):
    """Functions and where they are."""

    folder: Path
    wiring: wiring.Wiring


def declared(environ: Mapping[str, str]) -> Declared:
    """The wiring that an environment names, checked, and the settings of its functions.

    Raises:
        ConfigurationError: the wiring or a setting is wrong.
    """
    folder = wiring.root(environ)
    found = wiring.load(folder)
    wiring_rules.check(found)
    for name in found.functions:
        settings.load(settings.BY_FUNCTION[name], environ, name)
    return Declared(folder, found)


class Call:
    """A delivery, in the shape of the request objects that functions get from their platforms."""

    def __init__(self, message: events.Message) -> None:
        self.method, self.path, self.headers = message.method, message.path, message.headers
        self._body = message.body

    def get_data(self) -> bytes:
        """The body."""
        return self._body


def load(name: str, folder: Path) -> Handle:
    """The HTTP entry of `<folder>/<name>/main.py`.

    Raises:
        ConfigurationError: there is no such file.
    """
    handle: Handle = job.load(name, folder).handle
    return handle
