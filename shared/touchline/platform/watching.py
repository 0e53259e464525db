"""New objects under the prefixes that wake somebody: noticed at once where the system tells, else by looking.

After every delivery the prefixes are looked at that the function writes; of a local folder the system tells what people
put down; and now and then everything is looked at, which finds whatever else was missed.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from touchline.domain.vocabulary import KEY_ALPHABET
from touchline.errors import TouchlineError
from touchline.telemetry import LOGGER
from touchline.wiring import Wiring, overlap

PUBLISHED: Final = "/published/"
SETTLING: Final = 0.3
"""Seconds that a new file is given before it is read: whoever copies it may still be writing."""


class Looker:
    """Queues the events of objects that are new, one look at a time.

    Args:
        wired: who is woken by what.
        look: queues what is new under some prefixes, or of some keys; how many events.
        every: seconds between looks at everything.
        queued: told that something was.
        failed: told that a look failed, and why; it is repeated.
    """

    def __init__(
        self,
        wired: Wiring,
        look: Callable[[Sequence[str]], Awaitable[int]],
        every: float,
        queued: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        self._look, self._every, self._queued, self._failed = look, every, queued, failed
        self.prefixes = tuple(dict.fromkeys(prefix for made in wired.functions.values() for prefix in made.prefixes))
        self._writes = {
            name: [prefix for prefix in self.prefixes if any(overlap(prefix, written) for written in made.writes)]
            for name, made in wired.functions.items()
        }
        self._wanted: set[str] = set()
        self._woken = asyncio.Event()

    def wrote(self, function: str) -> None:
        """A function has worked: what it may have written is looked at."""
        self.want(*self._writes[function])

    def want(self, *places: str) -> None:
        """Look at these prefixes or keys soon."""
        self._wanted.update(places)
        if self._wanted:
            self._woken.set()

    async def run(self) -> None:
        """Look whenever it is wanted, and at everything now and then, until this task is cancelled."""
        while True:
            self._wanted.update(self.prefixes)
            await self._work_off()
            deadline = time.monotonic() + self._every
            while (left := deadline - time.monotonic()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._woken.wait()
                await self._work_off()

    async def _work_off(self) -> None:
        while self._wanted:
            self._woken.clear()
            places, self._wanted = sorted(self._wanted), set()
            try:
                if await self._look(places):
                    self._queued()
            except TouchlineError as error:
                self._failed(str(error))
                return  # the next look at everything finds it


@contextmanager
def told_by_system(root: Path, looker: Looker) -> Iterator[None]:
    """While within, the system tells of new files in a local object store; call it in the event loop's thread.

    What functions publish appears whole and is looked at immediately; what people copy is first let settle.
    """
    loop = asyncio.get_running_loop()

    def noticed(path: str, settled: bool) -> None:
        key = Path(path).relative_to(root).as_posix()
        if KEY_ALPHABET.fullmatch(key) and any(map(key.startswith, looker.prefixes)):
            loop.call_soon_threadsafe(loop.call_later, 0 if settled or PUBLISHED in key else SETTLING, looker.want, key)

    observer = Observer()
    handler = _Handler(noticed)
    try:
        for prefix in looker.prefixes:
            folder = root / prefix.rpartition("/")[0]
            folder.mkdir(parents=True, exist_ok=True)
            observer.schedule(handler, str(folder), recursive=True)
        observer.start()
    except OSError as error:  # no more watches can be had, say: then looking now and then has to do
        LOGGER.warning("the system tells of no new files: %s", error)
    try:
        yield
    finally:
        observer.stop()
        if observer.is_alive():
            observer.join()


class _Handler(FileSystemEventHandler):
    def __init__(self, noticed: Callable[[str, bool], None]) -> None:
        self._noticed = noticed

    def on_created(self, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._noticed(os.fsdecode(event.src_path), False)

    def on_closed(self, event: FileSystemEvent) -> None:
        self._noticed(os.fsdecode(event.src_path), True)

    def on_moved(self, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._noticed(os.fsdecode(event.dest_path), True)
