"""Keys as they were last published: looked at every so often, and never changed by what is broken, gone or old."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Final

from touchline.domain.keys import KEYS_POINTER, ActiveKeys, Key
from touchline.errors import CorruptObject, TouchlineError
from touchline.manifest import decode
from touchline.ports import ObjectStore

PATIENCE: Final = 1.0
"""Seconds that a request waits for a look, where it waits at all."""
HINT: Final = "`touchline keys list` publishes them anew"


class KnownKeys:
    """Keys by their hash, None before any could be read; `fault` says why they could not be read now.

    Args:
        store: where they are published.
        pause: seconds between the beginnings of two looks.
        elapsed: seconds that only go forward.
    """

    def __init__(self, store: ObjectStore, pause: float, elapsed: Callable[[], float]) -> None:
        self._store, self._pause, self._elapsed = store, pause, elapsed
        self._looking, self._starting = Lock(), Lock()
        self._due = self._seen = self._awaited_until = float("-inf")
        self._thread: Future[None] | None = None
        self._etag = ""
        self._version = -1
        self.by_digest: Mapping[str, Key] | None = None
        self.fault = ""

    @property
    def due(self) -> bool:
        """Whether `fresh` should be awaited before the keys are used."""
        return self._elapsed() >= self._due or self._awaited_until > time.monotonic()

    async def fresh(self) -> None:
        """Let a look that is due happen beside the requests; wait for it if what is known is too old to answer from.

        It is after two pauses without a look: an instance that slept must not know yesterday's keys. A store that does
        not answer holds nobody up for longer than PATIENCE.
        """
        now = self._elapsed()
        if now >= self._due:
            self._start(now)
        left = self._awaited_until - time.monotonic()
        if left > 0 and self._thread is not None:
            await asyncio.wait([asyncio.wrap_future(self._thread)], timeout=left)

    def look(self) -> None:
        """Take up the keys that are published now, unless somebody just did; what is broken changes nothing.

        Once `fresh` has been awaited, looks happen beside the requests and this does nothing: it would hold up the
        event loop for as long as the store is silent.
        """
        begun = self._elapsed()
        if begun < self._due or self._thread is not None:
            return
        with self._looking:
            if begun >= self._due:
                self._due = begun + self._pause
                self._read_or_tell(begun)

    def _start(self, now: float) -> None:
        with self._starting:
            if now < self._due or not (self._thread is None or self._thread.done()):
                return
            thread: Future[None] = Future()
            self._thread, self._due = thread, now + self._pause
            if now - self._seen >= 2 * self._pause:
                self._awaited_until = time.monotonic() + PATIENCE
            Thread(target=self._run, args=(thread, now), name="keys", daemon=True).start()

    def _run(self, done: "Future[None]", begun: float) -> None:
        with self._looking:
            self._read_or_tell(begun)
        self._awaited_until = float("-inf")
        done.set_result(None)

    def _read_or_tell(self, begun: float) -> None:
        try:
            self._read()
            self.fault = ""
        except TouchlineError as error:
            self.fault = str(error)
        except Exception as error:  # whatever broke, who may ask does not change by it
            self.fault = f"{KEYS_POINTER}: {type(error).__name__}"
        self._seen = begun

    def _read(self) -> None:
        info = self._store.stat(KEYS_POINTER)
        if info is None:
            if self.by_digest:
                raise CorruptObject("the published keys are gone", where=KEYS_POINTER, hint=HINT)
            self.by_digest = {}
        elif info.etag != self._etag:
            self._take(decode(self._store.get(KEYS_POINTER), ActiveKeys, KEYS_POINTER))
            self._etag = info.etag

    def _take(self, found: ActiveKeys) -> None:
        if found.version < self._version:  # an old copy would bring revoked keys back
            what = f"keys of version {found.version} after version {self._version}"
            raise CorruptObject(what, where=KEYS_POINTER, hint=HINT)
        self.by_digest, self._version = {key.digest: key for key in found.keys}, found.version
