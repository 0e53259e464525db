"""Run records, each read once: what functions did, whoever made the records and died since.

A record's name is a receipt (`domain.receipts`), so names alone say which records are new, when a function last
succeeded and how it does today. The rest stands inside; a look reads no more bodies than fit into READING seconds, and
the next look goes on where it stopped.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from touchline.domain import receipts
from touchline.domain.receipts import Receipt
from touchline.errors import PermanentError
from touchline.manifest import decode
from touchline.ports import ObjectStore
from touchline.watch.tally import Run, Tally

RUNS: Final = "runs/"
READING: Final = 4.0
"""Seconds that a look may read bodies: who scrapes waits ten."""
BATCH: Final = 200
READERS: Final = 8
"""Bodies that are read at once: a distant store takes 20 ms for each."""
EFFORT: Final = 20
"""All names are looked at again after so many times as long as that took; between, those of the last days are."""
LATE: Final = timedelta(days=1)
"""A record is written when its run ends, so it may belong to a day that is over by so much."""


class Records:
    """What the records of some functions add up to.

    Args:
        store: where they are.
        functions: whose.
    """

    def __init__(self, store: ObjectStore, functions: Sequence[str]) -> None:
        self._store, self._functions = store, tuple(functions)
        self._known: set[int] = set()
        self._waiting: dict[str, str] = {}
        self._whole, self._took = float("-inf"), 0.0
        self._days: dict[str, Counter[tuple[str, str]]] = {}
        self.tallies = {name: Tally() for name in functions}
        self.last_success: dict[str, datetime] = {}
        self.unreadable = 0
        """Records that are none, though they are named so; each is counted once."""

    @property
    def waiting(self) -> int:
        """Records that are known by name and not read yet."""
        return len(self._waiting)

    def of_day(self, day: datetime) -> Counter[tuple[str, str]]:
        """Runs of a day (UTC) by function, and whether they `succeeded` or `failed`."""
        return self._days.get(f"{day:%Y%m%d}", Counter())

    def look(self, now: datetime) -> Iterator[Run]:
        """Take in what is new: each run as soon as it is counted, so that nobody who adds them up elsewhere misses one.

        Raises:
            Unavailable: the store does not answer; what was told until then is counted, the rest waits.
        """
        for key in self._names(now):
            self._note(key)
        yield from self._read()

    def _names(self, now: datetime) -> Iterator[str]:
        """Keys of records: all of them now and then, else those of the last days."""
        begun = time.perf_counter()
        if begun - self._whole < EFFORT * self._took:
            days = sorted({f"{moment:%Y%m%d}" for moment in (now - LATE, now)})
            for prefix in (f"{RUNS}{name}/{day}/" for name in self._functions for day in days):
                yield from (info.key for info in self._store.list(prefix))
            return
        yield from (info.key for info in self._store.list(RUNS))
        self._whole = time.perf_counter()
        self._took = self._whole - begun

    def _note(self, key: str) -> None:
        """Take in what a name says, once."""
        if (mark := hash(key)) in self._known:
            return
        self._known.add(mark)
        told = receipts.read(key)
        if told is None or told.function not in self.tallies:
            return
        self._waiting[key] = told.function
        self._count(told)

    def _count(self, told: Receipt) -> None:
        good = told.status < 500
        of_day = self._days.setdefault(f"{told.started:%Y%m%d}", Counter())
        of_day[told.function, "succeeded" if good else "failed"] += 1
        if good:
            before = self.last_success.get(told.function)
            self.last_success[told.function] = max(before, told.started) if before else told.started

    def _read(self) -> Iterator[Run]:
        """The newest first: how things stand is known before all is read."""
        deadline, keys = time.perf_counter() + READING, sorted(self._waiting, key=_moment, reverse=True)
        with ThreadPoolExecutor(READERS) as pool:  # it starts no thread before there is something to do
            for first in range(0, len(keys), BATCH):
                batch = keys[first : first + BATCH]
                for key, run in zip(batch, pool.map(self._body, batch), strict=True):
                    if (counted := self._counted(key, run)) is not None:
                        yield counted
                if time.perf_counter() > deadline:
                    break

    def _counted(self, key: str, run: Run | None) -> Run | None:
        function = self._waiting.pop(key)
        if run is None or run.function != function:
            self.unreadable += 1
            return None
        self.tallies[function].add(run)
        return run

    def _body(self, key: str) -> Run | None:
        """A record; None where it is none, or is gone."""
        try:
            return decode(self._store.get(key), Run, key)
        except PermanentError:
            return None


def _moment(key: str) -> str:
    """Day and time of a record, and what tells it from others: its name without the function."""
    return key.removeprefix(RUNS).partition("/")[2]
