"""What sweep sees: the objects that wake somebody, the receipts, and what earlier sweeps left behind.

Ages are taken by the store's own clock: the clock of a run may be set by hand, or be wrong.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import BinaryIO, Final

import msgspec

from touchline.domain import receipts
from touchline.errors import DataError, NotFound
from touchline.manifest import decode, encode, sha256
from touchline.ports import ObjectInfo, ObjectStore
from touchline.wiring import Wiring
from touchline.work import Ports

FOLDER: Final = "chain/sweep/"
MEMORY: Final = f"{FOLDER}memory.json"
PIECE: Final = 1 << 20
"""Bytes that are read at once."""
KEPT: Final = timedelta(days=30)
"""So long it is remembered that something was emitted; afterwards its turn comes as if it never had been."""
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

Hashes = dict[str, tuple[str, str]]
"""Key -> etag and sha256 of the object."""


class Memory(msgspec.Struct, frozen=True):
    """What one sweep tells the next, so that it reads no object twice; made anew where it is lost."""

    schedules: dict[str, datetime] = {}
    """`<function>/<schedule>` -> when it was met first."""
    hashes: Hashes = {}
    emitted: dict[str, datetime] = {}
    """Work -> when a sweep emitted it last."""


class Emitted(msgspec.Struct, frozen=True):
    """An event that was emitted, and why."""

    function: str
    kind: str
    key: str
    work: str
    """First digits, as in the names of run records."""
    reason: str


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep did, as kept under `chain/sweep/<day>/`."""

    at: datetime
    emitted: tuple[Emitted, ...]
    left: int
    """Events that are owed too, for the next sweep."""


class Sight(msgspec.Struct, frozen=True):
    """What a look at the store shows."""

    objects: dict[str, list[ObjectInfo]]
    """Prefix that wakes somebody -> what lies under it, by key."""
    memory: Memory
    now: datetime
    """The store's present."""


class Known(msgspec.Struct, frozen=True):
    """The receipts of one function."""

    done: set[str]
    failed: Counter[str]
    ticks: dict[str, datetime]
    """Schedule -> when its newest run began that did not fail."""


def look(ports: Ports, reads: int) -> Sight:
    """See what there is, and remember it for the next sweep; `reads` is how many objects may be read."""
    store, functions = ports.store, ports.wiring.functions.values()
    prefixes = dict.fromkeys(prefix for function in functions for prefix in function.prefixes)
    objects = {prefix: list(store.list(prefix)) for prefix in prefixes}
    memory, now = _remember(store, objects, _schedules(ports.wiring, ports.clock.now()), reads)
    return Sight(objects, memory, now)


def known(store: ObjectStore, function: str) -> Known:
    """What the names of a function's run records say."""
    found = Known(set(), Counter(), {})
    for info in store.list(f"runs/{function}/"):  # keys are in the order of time
        receipt = receipts.read(info.key)
        if receipt is not None and receipt.status >= 500:
            found.failed[receipt.work] += 1
        elif receipt is not None:
            found.done.add(receipt.work)
            found.ticks[receipt.schedule] = receipt.started
    return found


def keep(store: ObjectStore, log: Log) -> str:
    """Keep a log of what was emitted; its key."""
    data = encode(log)
    key = f"{FOLDER}{log.at:%Y%m%d}/{log.at:%H%M%S}-{sha256(data)[:12]}.json"
    store.create(key, data)
    return key


def _schedules(wiring: Wiring, now: datetime) -> dict[str, datetime]:
    return {f"{f.name}/{t.name}": now for f in wiring.functions.values() for t in f.triggers if t.cron}


def _remember(
    store: ObjectStore, objects: Mapping[str, Iterable[ObjectInfo]], met: dict[str, datetime], reads: int
) -> tuple[Memory, datetime]:
    """The memory, brought up to date, and the time at which the store says that it was written.

    It is written also where nothing changed: that time is the store's present. Of two sweeps at once one wins, and what
    the other one read is read again.
    """
    info, last, since = store.stat(MEMORY), Memory(), _EVER
    if info is not None:
        try:
            last, since = decode(store.get(MEMORY), Memory, MEMORY), info.modified
        except DataError:  # of another version; all that it costs is reading
            last = Memory()
    emitted = _newest(last.emitted | _logged(store, since))
    memory = Memory(met | last.schedules, _hashed(store, objects, last.hashes, reads), emitted)
    data = encode(memory)
    _ = store.create(MEMORY, data) if info is None else store.swap(MEMORY, data, info.etag)
    return memory, max(info.modified for info in store.list(MEMORY))


def _hashed(store: ObjectStore, objects: Mapping[str, Iterable[ObjectInfo]], last: Hashes, reads: int) -> Hashes:
    """Hashes of the objects that are there; those that are new or were replaced are read, as many as may be.

    What was removed since it was listed is passed over.
    """
    found: Hashes = {}
    for info in (info for infos in objects.values() for info in infos):
        etag, _ = old = last.get(info.key, ("", ""))
        if etag == info.etag:
            found[info.key] = old
        elif reads:
            reads -= 1
            with suppress(NotFound), store.open(info.key) as file:
                found[info.key] = (info.etag, _digest(file))
    return found


def _digest(file: BinaryIO) -> str:
    """Hash of what a file holds, as 64 hexadecimal digits; of large ones only a piece is in memory."""
    found = hashlib.sha256()
    for piece in iter(partial(file.read, PIECE), b""):
        found.update(piece)
    return found.hexdigest()


def _newest(emitted: dict[str, datetime]) -> dict[str, datetime]:
    """What need not be forgotten yet, so that the memory stays small."""
    newest = max(emitted.values(), default=_EVER)
    return {work: when for work, when in emitted.items() if newest - when < KEPT}


def _logged(store: ObjectStore, since: datetime) -> dict[str, datetime]:
    """Work -> when it was emitted last, by the logs from a moment on."""
    logs = [info for info in store.list(FOLDER) if info.key != MEMORY and info.modified >= since]
    by_age = sorted(logs, key=lambda info: info.modified)
    return {one.work: info.modified for info in by_age for one in decode(store.get(info.key), Log, info.key).emitted}
