"""The embedded platform: what Knative or a cloud does with the wiring, in one process.

It is driven by levels, not by edges: whatever lies under a trigger's prefix and has no receipt is delivered, so a lost
or interrupted delivery heals itself at the next look. Deliveries go through `functions/<name>/main.py`, as anywhere.
"""

import importlib.util
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Final, Literal, Self

import msgspec

from touchline import bootstrap, events, settings, wiring, wiring_rules
from touchline.domain.vocabulary import Mode
from touchline.entrypoint import RUN_HEADER, Handle, Surroundings, surrounded
from touchline.errors import ConfigurationError, NotFound, Unavailable
from touchline.manifest import decode, encode, sha256
from touchline.ports import Clock, ObjectInfo, ObjectStore
from touchline.telemetry import RunRecord
from touchline.work import Event

SOURCE: Final = "touchline/runner"
ROUNDS: Final = 50
_MODE: Final = "mode.json"
LONGEST_PAUSE: Final = 60.0
_SCHEMA: Final = """
create table if not exists receipts (
    function text not null, key text not null, generation integer not null, etag text not null, sha256 text not null,
    status text not null, attempts integer not null, run text not null,
    primary key (function, key, generation)
)
"""


class Step(msgspec.Struct, frozen=True):
    """News of a delivery, for whoever watches: it begins (no record yet), or it has ended."""

    event: Event
    function: str
    attempt: int
    record: RunRecord | None = None


class Receipt(msgspec.Struct, frozen=True):
    """That the event of an object was delivered to a function, and how that ended."""

    function: str
    key: str
    generation: int
    etag: str
    sha256: str
    status: Literal["done", "dead"]
    attempts: int
    run: str


class Platform:
    """Functions of a folder, run in this process.

    Args:
        environ: environment of the functions.
        clock: shared by all functions; by default each takes what the environment says.
        watch: told of every delivery when it begins and when it ends.
        pause: rests between the attempts of a delivery, for so many seconds.

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
        self._surroundings = Surroundings(dict(environ), clock)
        self._watch = watch or (lambda _: None)
        self._pause = pause
        self.folder = wiring.root(environ)
        self.wiring = wiring.load(self.folder)
        wiring_rules.check(self.wiring)
        for name in self.wiring.functions:
            settings.load(settings.BY_FUNCTION[name], environ, name)
        self.ports = bootstrap.ports(environ, needs=frozenset({"object_store"}), clock=clock)
        _claim(self.ports.store, self.ports.clock.mode)
        self._handles: dict[str, Handle] = {}
        self.ports.home.mkdir(parents=True, exist_ok=True)
        self._receipts = sqlite3.connect(self.ports.home / "platform.db", timeout=30)
        self._receipts.execute(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._receipts.close()

    def drain(self, max_rounds: int = ROUNDS) -> list[RunRecord]:
        """Deliver until nothing is left that has no receipt; the last record of every delivery, in order.

        Raises:
            ConfigurationError: a function lacks a setting; nothing is marked as delivered, so mend it and come again.
            Unavailable: there is still work after `max_rounds`.
        """
        records: list[RunRecord] = []
        for _ in range(max_rounds):
            told = [self.deliver(name, event) for name in self.wiring.order() for event in self.pending(name)]
            records += told
            if not told:
                return records
        raise Unavailable(
            f"no rest after {max_rounds} rounds", where=wiring.FILE, hint="run `touchline run chain` again"
        )

    def pending(self, name: str) -> Iterator[Event]:
        """Events of a function that have no receipt: one per object under the prefixes that wake it.

        Publications come newest first: where the newest is good, the older ones need not be worked on.
        """
        for prefix in self.wiring.function(name).prefixes:
            found = list(self.ports.store.list(prefix))
            for info in reversed(found) if prefix.endswith("/published/") else found:
                last = self.receipt(name, info.key)
                if last is None:
                    yield self._event(info, 0)
                elif last.etag != info.etag:  # written anew, or copied with the home to another place
                    event = self._event(info, last.generation + 1)
                    if event.sha256 != last.sha256:
                        yield event

    def object_event(self, name: str, key: str) -> Event:
        """Event of one object; of a higher generation if the function had it already, which makes it due again.

        Raises:
            NotFound: there is no such object.
        """
        info = self.ports.store.stat(key)
        if info is None:
            raise NotFound("no such object", where=key, hint="`touchline doctor` tells where objects are kept")
        last = self.receipt(name, key)
        return self._event(info, 0 if last is None else last.generation + 1)

    def tick(self, name: str) -> Event:
        """Event of a function's schedule, now.

        Raises:
            ConfigurationError: the function has no schedule.
        """
        names = [trigger.name for trigger in self.wiring.function(name).triggers if trigger.cron]
        if not names:
            hint = f"give --key with an object under {', '.join(self.wiring.function(name).prefixes) or 'its prefixes'}"
            raise ConfigurationError(f"{name} has no schedule", where=wiring.FILE, hint=hint)
        now = self.ports.clock.now()
        return Event(id=f"{name}/{names[0]}@{now.isoformat()}", kind="cron", source=SOURCE, time=now, key=names[0])

    def deliver(self, name: str, event: Event) -> RunRecord:
        """Deliver an event until it is acknowledged, or its attempts are spent and it becomes a dead letter."""
        retries, etag = self.wiring.function(name).retries, self._etag(event)
        for attempt in range(1, retries.attempts + 1):
            if attempt > 1:
                self._pause(_rest(retries, attempt - 1))
            self._watch(Step(event, name, attempt))
            status, record = self.invoke(name, event)
            self._watch(Step(event, name, attempt, record))
            if status < 500:
                self._sign(name, event, etag, "done", attempt, record)
                return record
            if record.error is not None and record.error.kind == ConfigurationError.__name__:
                fault = record.error
                raise ConfigurationError(fault.what, where=fault.where, hint=fault.hint, details=fault.details)
        letter = {"event": msgspec.json.decode(events.to_json(event)), "error": record.error, "run": record.object_key}
        self.ports.store.create(f"deadletter/{name}/{event.work(name)}.json", encode(letter))
        self._sign(name, event, etag, "dead", retries.attempts, record)
        return record

    def invoke(self, name: str, event: Event) -> tuple[int, RunRecord]:
        """Call a function once, as a platform would; its status and the record that it kept.

        Raises:
            Unavailable: the function could not start, or could keep no record.
        """
        message = events.to_http(event)
        with surrounded(self._surroundings):
            _, status, headers = self._handle(name)(_Call(message))
        key = headers.get(RUN_HEADER, "")
        if not key or self.ports.store.stat(key) is None:
            raise Unavailable(f"{name} answered {status} and kept no record", where=event.key, hint="see the log")
        return status, decode(self.ports.store.get(key), RunRecord, key)

    def receipt(self, name: str, key: str) -> Receipt | None:
        """Newest receipt of a function for an object."""
        query = "select * from receipts where function = ? and key = ? order by generation desc limit 1"
        row = self._receipts.execute(query, (name, key)).fetchone()
        return None if row is None else msgspec.convert(dict(zip(Receipt.__struct_fields__, row, strict=True)), Receipt)

    def _etag(self, event: Event) -> str:
        """Etag of the object as it was when the event was made; of foreign events, as it is now. Empty if none."""
        if event.kind != "object":
            return ""
        if event.source == SOURCE and event.id.startswith(f"{event.key}@"):
            return event.id.removeprefix(f"{event.key}@").rpartition(".")[0]
        info = self.ports.store.stat(event.key)
        return info.etag if info else ""

    def _sign(
        self, name: str, event: Event, etag: str, status: Literal["done", "dead"], attempts: int, record: RunRecord
    ) -> None:
        if etag:
            row = (name, event.key, event.generation, etag, event.sha256, status, attempts, record.object_key)
            with self._receipts:
                self._receipts.execute("insert or replace into receipts values (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _event(self, info: ObjectInfo, generation: int) -> Event:
        return Event(
            id=f"{info.key}@{info.etag}.{generation}",
            kind="object",
            source=SOURCE,
            time=self.ports.clock.now(),
            key=info.key,
            sha256=sha256(self.ports.store.get(info.key)),
            generation=generation,
        )

    def _handle(self, name: str) -> Handle:
        if name not in self._handles:
            handle: Handle = _module(name, self.folder / name / "main.py").handle
            self._handles[name] = handle
        return self._handles[name]


class _Call:
    """A delivery, in the shape of the request objects that functions get from their platforms."""

    def __init__(self, message: events.Message) -> None:
        self.method, self.path, self.headers = message.method, message.path, message.headers
        self._body = message.body

    def get_data(self) -> bytes:
        return self._body


def _rest(retries: wiring.Retries, failed: int) -> float:
    """Seconds to wait after so many attempts that failed."""
    growth = 2 ** (failed - 1) if retries.policy == "exponential" else failed
    return min(retries.backoff_s * growth, LONGEST_PAUSE)


def _module(name: str, path: Path) -> ModuleType:
    """The `main.py` of a function, under a name of its own: all of them are called main."""
    spec = importlib.util.spec_from_file_location(f"touchline_function_{name}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigurationError(f"{name} has no main.py", where=str(path), hint="see `touchline wiring --check`")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _claim(store: ObjectStore, mode: Mode) -> None:
    """Keep simulated and live runs apart: they would take each other's numbers."""
    if not store.create(_MODE, encode(mode)) and store.get(_MODE) != encode(mode):
        first = decode(store.get(_MODE), str, _MODE)
        hint = f"choose another TOUCHLINE_HOME for {mode} runs (a run is simulated when TOUCHLINE_NOW is set)"
        raise ConfigurationError(f"this home holds {first} runs, this run is {mode}", where="TOUCHLINE_HOME", hint=hint)
