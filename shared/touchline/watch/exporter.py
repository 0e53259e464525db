"""One exporter of everything that can be told without asking a function: it dies when its work is done.

All numbers derive from what was kept: run records, the database, published objects. So nothing is lost with a process,
and whoever looks anew, from wherever, tells the same. A look never raises: a part that cannot be read is counted as a
fault, and what it told last stands.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from threading import Lock
from typing import Protocol

from prometheus_client.core import Metric

from touchline.coordination import Figures
from touchline.ports import Clock, ObjectStore
from touchline.telemetry import LOGGER, describe
from touchline.watch import functions, models
from touchline.watch.chain import Chain
from touchline.watch.families import counter, single, text
from touchline.watch.record import Batches, record
from touchline.watch.records import Records
from touchline.watch.sources import sources
from touchline.watch.spending import Spending
from touchline.wiring import Wiring

Part = Callable[[datetime], Iterable[Metric]]
"""Reads what it tells of, as of a moment."""


class Exporter:
    """Reads the parts now and then, and tells what they say.

    Args:
        parts: by name.
        clock: which moment it is.
        every: looks are no closer than so many seconds, however often somebody asks.
    """

    def __init__(self, parts: Mapping[str, Part], clock: Clock, every: float) -> None:
        self._parts, self._clock, self._every = dict(parts), clock, every
        self._told: dict[str, list[Metric]] = {}
        self._faults: Counter[str] = Counter(dict.fromkeys(self._parts, 0))
        self._looked: datetime | None = None
        self._due = float("-inf")
        self._one = Lock()

    def families(self) -> list[Metric]:
        """Everything, read anew where that is due; who asks meanwhile is told what was read last."""
        if self._one.acquire(blocking=self._looked is None):
            try:
                self._look()
            finally:
                self._one.release()
        return [family for told in list(self._told.values()) for family in told] + list(self._own())

    def render(self) -> bytes:
        """The same, as Prometheus reads it."""
        return text(self.families())

    def _look(self) -> None:
        if time.monotonic() < self._due:
            return
        now = self._clock.now()
        for name, part in self._parts.items():
            try:
                self._told[name] = list(part(now))
            except Exception as error:  # whatever is wrong with one part, the others are told
                self._faults[name] += 1
                LOGGER.warning("%s is not told anew", name, extra={"error": describe(error).what})
        self._looked, self._due = now, time.monotonic() + self._every

    def _own(self) -> Iterator[Metric]:
        faults = [((name,), n) for name, n in sorted(self._faults.items())]
        yield counter("touchline_exporter_faults_total", "Parts that could not be read", ("part",), faults)
        looked = self._looked.timestamp() if self._looked else None
        yield single("touchline_exporter_looked_timestamp_seconds", "When everything was read last", looked)


class Sight(Protocol):
    """Ports that are looked through; `touchline.bootstrap` makes them."""

    @property
    def store(self) -> ObjectStore:
        """Where objects are."""
        ...

    @property
    def figures(self) -> Figures:
        """What the database says; raises Unavailable where it does not answer."""
        ...

    @property
    def clock(self) -> Clock:
        """Which moment it is."""
        ...


def exporter(ports: Sight, wired: Wiring, every: float, decided: Callable[[], Collection[str]] = frozenset) -> Exporter:
    """The exporter of an installation.

    Args:
        ports: its parts.
        wired: its functions.
        every: looks are no closer than so many seconds.
        decided: tells about which letters something was decided, where a queue knows it.
    """
    store, names = ports.store, tuple(wired.functions)
    records, chain, batches = Records(store, names), Chain(store, names), Batches(store)
    spending = Spending(wired)
    decisions = cache(lambda: models.Decisions(ports.figures))

    def runs(now: datetime) -> Iterable[Metric]:
        for run in records.look(now):
            chain.take(run)
            spending.take(run)
        return functions.families(records, now)

    parts: dict[str, Part] = {
        "runs": runs,
        "letters": lambda now: functions.letters(store, names, decided()),
        "chain": chain.families,
        "cost": lambda now: spending.families(),
        "sources": lambda now: sources(store, ports.figures, now),
        "quality": lambda now: models.quality(store),
        "drift": lambda now: models.drift(store),
        "promotions": lambda now: decisions().families(now),
        "ledger": lambda now: record(batches, ports.figures, ports.clock.mode, now),
    }
    return Exporter(parts, ports.clock, every)
