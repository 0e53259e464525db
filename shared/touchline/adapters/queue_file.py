"""What the local platform owes and what it has delivered, in one SQLite file that several processes may use at once.

Whatever is acknowledged is on the disk: each transaction is synced, and a batch of deliveries is one transaction. The
same work is in the file once, whoever reports it and how often.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from touchline.adapters.clock import SystemClock
from touchline.errors import Conflict, TouchlineError, Unavailable
from touchline.work import Event

Status = Literal["waiting", "done", "dead", "redriven", "discarded"]
AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Due time of what need not wait."""
PATIENCE: Final = 30.0
"""Seconds to wait for another writer."""
_VERSION: Final = 1
_AFTER_KEYS: Final = "~"
"""Sorts behind every character that a key may have."""
_COLUMNS: Final = "function, event, etag, status, attempts, due, run, error, changed"
_SCHEMA: Final = """
create table deliveries (
    number integer primary key, function text not null, work text not null, kind text not null, key text not null,
    generation integer not null, event blob not null, etag text not null, status text not null,
    attempts integer not null default 0, due integer not null, run text not null default '',
    error text not null default '', changed integer not null, unique (function, work)
);
create index deliveries_due on deliveries (function, due, number) where status = 'waiting';
create index deliveries_object on deliveries (function, key, generation, number) where kind = 'object';
create index deliveries_status on deliveries (function, status);
create table verdicts (
    work text primary key, verdict text not null, reason text not null, moment integer not null
) without rowid;
create table ticks (
    function text not null, schedule text not null, last integer not null, primary key (function, schedule)
) without rowid;
"""


class Delivery(msgspec.Struct, frozen=True):
    """An event for a function, and how far it got."""

    function: str
    event: Event
    etag: str
    """Of the object when the event was made; empty if nobody looked."""
    status: Status
    attempts: int
    due: datetime
    run: str
    """Key of the last run record."""
    error: str
    changed: datetime
    """When the status was last set."""

    @property
    def work(self) -> str:
        """Identity of the work."""
        return self.event.work(self.function)


class Verdict(msgspec.Struct, frozen=True):
    """What somebody decided about work that was given up or parked."""

    verdict: Literal["redriven", "discarded"]
    reason: str
    moment: datetime


class QueueFile:
    """Deliveries by function and work, an `Emitter`; made if there is none, and safe to share between threads.

    Args:
        path: the file; its folder must exist.
        patience: seconds to wait for other writers.
        synced: whether each transaction waits for the disk. Without, a power cut may take the latest ones back, which
            suits what would only be done again; the death of the process takes nothing.

    Every method raises `Unavailable` if the file cannot be used, `Conflict` if other writers hold it for too long.
    """

    def __init__(self, path: Path, patience: float = PATIENCE, *, synced: bool = True) -> None:
        self._path, self._lock, self._depth = path, threading.RLock(), 0
        with self._translated():
            self._file = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
        try:
            with self._translated():
                self._file.execute("pragma journal_mode = wal")
                self._file.execute(f"pragma synchronous = {'full' if synced else 'normal'}")
            self._migrate()
        except TouchlineError:
            self._file.close()
            raise

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One transaction for all that is called within; nothing of it stays if that fails."""
        with self._lock, self._translated():
            if not self._depth:
                self._file.execute("begin immediate")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if not self._depth:
                    self._file.execute("rollback")
                raise
            self._depth -= 1
            if not self._depth:
                self._file.execute("commit")

    def add(self, function: str, event: Event, etag: str = "", due: datetime | None = None) -> bool:
        """Owe a delivery; False if that work is there, whatever its status. A later generation of an
        object's event redrives a dead one; other events of the same key are other work.
        """
        row = (
            function, event.work(function), event.kind, event.key, event.generation, msgspec.json.encode(event), etag,
            _stamp(due or AT_ONCE), _now(),
        )  # fmt: skip
        with self.batch():
            new = self._file.execute(
                "insert into deliveries (function, work, kind, key, generation, event, etag, status, due, changed) "
                "values (?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?) on conflict do nothing",
                row,
            ).rowcount
            if new and event.generation and event.kind == "object":
                self._file.execute(
                    "update deliveries set status = 'redriven', changed = ? "
                    "where function = ? and key = ? and kind = 'object' and generation < ? and status = 'dead'",
                    (_now(), function, event.key, event.generation),
                )
        return bool(new)

    def emit(self, function: str, event: Event, etag: str = "") -> None:
        """Owe a delivery, also of work that is done: who asks found no receipt of it. What was given up stays so."""
        with self.batch():
            if not self.add(function, event, etag):
                done = self.delivery(function, event.work(function))
                if done is not None and done.status == "done":
                    self.again(function, done.work)

    def due(self, function: str, now: datetime, limit: int) -> list[Delivery]:
        """Deliveries of a function that may be tried now, those that wait longest first."""
        where = "function = ? and status = 'waiting' and due <= ? order by due, number limit ?"
        return self._found(where, function, _stamp(now), limit)

    def next_due(self, *functions: str) -> datetime | None:
        """When the next delivery, to one of these functions if any are named, may be tried; None if nothing is owed."""
        query = "select function, min(due) from deliveries where status = 'waiting' group by function"
        found = [due for function, due in self._rows(query) if not functions or function in functions]
        return _moment(min(found)) if found else None

    def settle(
        self, function: str, event: Event, status: Status, attempts: int, run: str, error: str = "",
        due: datetime | None = None,
    ) -> None:  # fmt: skip
        """Say how far a delivery got; `waiting` with a later `due` is another attempt."""
        with self.batch():
            self._file.execute(
                "update deliveries set status = ?, attempts = ?, run = ?, error = ?, due = ?, changed = ? "
                "where function = ? and work = ?",
                (status, attempts, run, error, _stamp(due or AT_ONCE), _now(), function, event.work(function)),
            )

    def again(self, function: str, work: str) -> None:
        """Owe work once more that was there already, whatever came of it; what is waiting becomes due."""
        with self.batch():
            self._file.execute(
                "update deliveries set status = 'waiting', attempts = 0, error = '', due = ?, changed = ? "
                "where function = ? and work = ?",
                (_stamp(AT_ONCE), _now(), function, work),
            )

    def refresh(self, function: str, event: Event, etag: str) -> None:
        """Remember the etag under which the same content lies now."""
        with self.batch():
            row = (etag, function, event.work(function))
            self._file.execute("update deliveries set etag = ? where function = ? and work = ?", row)

    def receipt(self, function: str, key: str) -> Delivery | None:
        """Newest delivery of an object to a function."""
        where = "function = ? and kind = 'object' and key = ? order by generation desc, number desc limit 1"
        return next(iter(self._found(where, function, key)), None)

    def receipts(self, function: str, prefix: str = "") -> dict[str, Delivery]:
        """Key -> newest delivery, of every object under a prefix that was ever owed to a function; one query."""
        where = "function = ? and kind = 'object' and key >= ? and key < ? order by key, generation, number"
        found = self._found(where, function, prefix, prefix + _AFTER_KEYS)
        return {delivery.event.key: delivery for delivery in found}

    def delivery(self, function: str, work: str) -> Delivery | None:
        """Delivery of a piece of work."""
        return next(iter(self._found("function = ? and work = ?", function, work)), None)

    def settled(self, since: datetime) -> list[Delivery]:
        """Deliveries that were acknowledged or given up at or after a moment of this machine's clock, in that order."""
        return self._found("status in ('done', 'dead') and changed >= ? order by changed, number", _stamp(since))

    def failing(self, since: datetime) -> list[Delivery]:
        """Deliveries that wait for another attempt, and were put off with a reason at or after a moment."""
        where = "status = 'waiting' and error <> '' and changed >= ? order by changed, number"
        return self._found(where, _stamp(since))

    def letters(self) -> list[Delivery]:
        """Deliveries that were given up, and those of them that were redriven or discarded; oldest first."""
        return self._found("status in ('dead', 'redriven', 'discarded') order by changed, number")

    def decide(self, work: str, verdict: Literal["redriven", "discarded"], reason: str = "") -> None:
        """Remember what was decided about work that was given up or parked."""
        with self.batch():
            self._file.execute(
                "insert or replace into verdicts (work, verdict, reason, moment) values (?, ?, ?, ?)",
                (work, verdict, reason, _now()),
            )
            self._file.execute(
                "update deliveries set status = ?, changed = ? where work = ? and status = 'dead'",
                (verdict, _now(), work),
            )

    def verdicts(self) -> dict[str, Verdict]:
        """Work -> what was decided about it."""
        rows = self._rows("select work, verdict, reason, moment from verdicts")
        return {work: Verdict(verdict, reason, _moment(moment)) for work, verdict, reason, moment in rows}

    def counts(self) -> dict[str, dict[str, int]]:
        """Function -> status -> how many deliveries."""
        counted: dict[str, dict[str, int]] = {}
        query = "select function, status, count(*) from deliveries group by function, status"
        for function, status, number in self._rows(query):
            counted.setdefault(function, {})[status] = number
        return counted

    def tick(self, function: str, schedule: str) -> datetime | None:
        """When a schedule fired last, None if never."""
        row = self._one("select last from ticks where function = ? and schedule = ?", function, schedule)
        return None if row is None else _moment(row[0])

    def set_tick(self, function: str, schedule: str, moment: datetime) -> None:
        """Remember that a schedule fired."""
        with self.batch():
            self._file.execute("insert or replace into ticks values (?, ?, ?)", (function, schedule, _stamp(moment)))

    def version(self) -> int:
        """A number that changes when somebody else wrote into the file."""
        row = self._one("pragma data_version")
        return int(row[0]) if row else 0

    def _found(self, where: str, *values: Any) -> list[Delivery]:
        rows = self._rows(f"select {_COLUMNS} from deliveries where {where}", *values)  # noqa: S608 - all of it is ours
        return [_delivery(row) for row in rows]

    def _one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        return next(iter(self._rows(query, *values)), None)

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock, self._translated():
            return self._file.execute(query, values).fetchall()

    def _migrate(self) -> None:
        if self._one("pragma user_version") == (_VERSION,):
            return
        with self.batch():
            if self._one("pragma user_version") == (_VERSION,):  # another process was quicker
                return
            for statement in _SCHEMA.split(";"):
                self._file.execute(statement)
            if self._one("select 1 from sqlite_master where name = 'receipts'"):
                self._take_over()
            self._file.execute(f"pragma user_version = {_VERSION}")

    def _take_over(self) -> None:
        """Keep what the receipts of an earlier version say, and remove them."""
        query = "select function, key, generation, etag, sha256, status, attempts, run from receipts order by rowid"
        for function, key, generation, etag, digest, status, attempts, run in self._rows(query):
            event = Event(
                id=f"{key}@{etag}.{generation}", kind="object", source="touchline/runner", time=AT_ONCE, key=key,
                sha256=digest, generation=generation,
            )  # fmt: skip
            self.add(function, event, etag)
            self.settle(function, event, status, attempts, run)
        self._file.execute("drop table receipts")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            kind = Conflict if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY") else Unavailable
            raise kind(f"the queue cannot be used: {error}", where=str(self._path)) from error
        except sqlite3.ProgrammingError as error:
            raise Unavailable(f"the queue cannot be used: {error}", where=str(self._path)) from error
        except sqlite3.DatabaseError as error:
            hint = "it is no queue, or damaged: move it away, and what has no receipt is delivered again"
            raise Unavailable(f"the queue cannot be read: {error}", where=str(self._path), hint=hint) from error


def _delivery(row: tuple[Any, ...]) -> Delivery:
    function, event, etag, status, attempts, due, run, error, changed = row
    made = msgspec.json.decode(event, type=Event)
    return Delivery(function, made, etag, status, attempts, _moment(due), run, error, _moment(changed))


def _stamp(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (moment - AT_ONCE) // timedelta(microseconds=1)


def _now() -> int:
    return _stamp(SystemClock().now())


def _moment(stamp: int) -> datetime:
    return AT_ONCE + timedelta(microseconds=stamp)
