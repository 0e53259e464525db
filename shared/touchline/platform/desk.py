"""The desk of the local platform: a thread that reads the object store and writes the queue, so that nobody waits."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from touchline.adapters.queue_file import QueueFile
from touchline.manifest import sha256
from touchline.platform import looking
from touchline.ports import Clock, ObjectStore
from touchline.wiring import Wiring
from touchline.work import Event

_T = TypeVar("_T")


class Desk:
    """Looks for new objects and takes in events, one thing at a time.

    Args:
        wired: who is woken by what.
        store: where objects are.
        clock: time of the events.
        path: of the queue file.
    """

    def __init__(self, wired: Wiring, store: ObjectStore, clock: Clock, path: Path) -> None:
        self._wired, self._store, self._clock = wired, store, clock
        self._queue = QueueFile(path)
        self._pool = ThreadPoolExecutor(1, "desk")

    def close(self) -> None:
        """End what is at work, and the thread."""
        self._pool.shutdown()
        self._queue.close()

    async def look(self, places: Sequence[str]) -> int:
        """Queue what is new under these prefixes (they end with a slash) or of these keys; how many events."""
        return await self._do(lambda: self._look(places))

    async def add(self, asked: Sequence[tuple[str, Event]], named: bool) -> None:
        """Queue events for functions; those of objects with the content that the object has now.

        Where the sender named the function, he found no receipt: what is done is queued again.
        """
        await self._do(lambda: self._add(asked, named))

    async def _do(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _look(self, places: Sequence[str]) -> int:
        keys = [place for place in places if not place.endswith("/")]
        added = sum(map(self._look_at, keys))
        if prefixes := [place for place in places if place.endswith("/")]:
            added += looking.look(self._wired, self._store, self._queue, self._clock.now(), prefixes)
        return added

    def _look_at(self, key: str) -> int:
        """Queue the events of one object, without a look at the others beside it."""
        info = self._store.stat(key)
        woken = [name for name, made in self._wired.functions.items() if any(map(key.startswith, made.prefixes))]
        now = self._clock.now()
        return sum(looking.owe(self._store, self._queue, name, key, [info], now) for name in woken if info)

    def _add(self, asked: Sequence[tuple[str, Event]], named: bool) -> None:
        known = [(name, *self._known(event)) for name, event in asked]
        put = self._queue.emit if named else self._queue.add
        with self._queue.batch():
            for name, event, etag in known:
                put(name, event, etag)

    def _known(self, event: Event) -> tuple[Event, str]:
        info = self._store.stat(event.key) if event.kind == "object" else None
        if info is None:
            return event, ""
        if not event.sha256:
            event = msgspec.structs.replace(event, sha256=sha256(self._store.get(event.key)))
        return event, info.etag
