"""A span of the past, lived through once more: real functions and events, and a clock that is moved from tick to tick.

A source tells at each tick of scrape what the world knew then, as files under `incoming/`; whatever that wakes runs to
its end before the clock moves on. Trainings take time elsewhere, so here, too, all that is woken by the same matches
has ended before drift looks at them, that before a training begins, and that before promote decides. So the order of
deliveries, and how often each of them comes, change nothing in the record.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from touchline.adapters.clock import VirtualClock
from touchline.platform.almanac import CANARY, Tick, ticks
from touchline.platform.runner import Platform
from touchline.platform.telling import Teller
from touchline.sources.files import incoming_key
from touchline.telemetry import RunRecord
from touchline.work import Event

LAST: Final = ("drift", "train", "promote")
"""Functions that wait until nothing is left for the others, and for each other in this order."""
AGAIN: Final = 0.3
"""Share of files and deliveries that come twice where they are shuffled."""


class Told(NamedTuple):
    """News of a simulation: what ran at a moment of its clock, in the order of its ends."""

    at: datetime
    records: tuple[RunRecord, ...]


class Season:
    """A platform, a clock, and what is told.

    Ticks that could change nothing are left out: those of a schedule that fired since there was news, unless a fixture
    came into the horizon of forecasts meanwhile.

    Args:
        platform: of a home of its own.
        clock: the platform's.
        teller: tells what is known.
        horizon: how far ahead fixtures are forecast.
        step: the source is asked at the first tick of scrape after so long.
        shuffle: seed of another order, in which files and deliveries come twice; None for each of them once.
    """

    def __init__(
        self, platform: Platform, clock: VirtualClock, teller: Teller, *,
        horizon: timedelta, step: timedelta = timedelta(0), shuffle: int | None = None,
    ) -> None:  # fmt: skip
        self.ports = platform.ports
        self._platform, self._clock, self._teller = platform, clock, teller
        self._dice = None if shuffle is None else random.Random(shuffle)  # noqa: S311 - a schedule, no secret
        self._horizon, self._step = horizon, step
        self.asked = clock.now() - step
        """When the source was asked last."""
        self._fired: dict[str, datetime] = {}
        """Schedules that fired since there was news, and when."""
        first = [name for name in platform.wiring.order() if name not in LAST]
        self._groups = [first, *([name] for name in LAST)]

    def play(self, until: datetime) -> Iterator[Told]:
        """Take in the past, then what is ahead, then walk from tick to tick; what ran at each moment."""
        for files in (self._teller.past, self._teller.news):
            yield Told(self._clock.now(), tuple(self._tell(files(self._clock.now()))))
        for tick in ticks(self._platform.wiring, self._clock.now(), until):
            self._clock.move(tick.at)
            yield Told(tick.at, tuple(self._at(tick)))

    def _at(self, tick: Tick) -> Iterator[RunRecord]:
        if tick.function == "scrape" and tick.name != CANARY:
            if tick.at >= self.asked + self._step:
                self.asked = tick.at
                yield from self._tell(self._teller.news(tick.at))
            return
        last, self._fired[tick.name] = self._fired.get(tick.name), tick.at
        if last and tick.name != CANARY and not self._teller.between(last + self._horizon, tick.at + self._horizon):
            return
        for _ in range(1 + self._doubled()):
            yield self._platform.deliver(tick.function, tick.event)
        yield from self._rest()

    def _tell(self, news: dict[str, bytes]) -> Iterator[RunRecord]:
        """Put down what is new, and let the chain run to its end."""
        files = [(f"{name}.csv", body) for name, body in news.items()]
        files += [(f"again-{name}", body) for name, body in files if self._doubled()]
        if files:
            self._fired.clear()
        for name, body in files:
            self.ports.store.create(incoming_key(name, body, self._clock.now()), body)
        yield from self._rest()

    def _rest(self) -> Iterator[RunRecord]:
        """Deliver until nobody is owed anything; a group begins when nothing is left for those before it."""
        while owed := next(filter(None, map(self._owed, self._groups)), None):
            for name, event in owed if self._dice is None else self._some(owed):
                yield self._platform.deliver(name, event)

    def _owed(self, group: list[str]) -> list[tuple[str, Event]]:
        return [(name, event) for name in group for event in self._platform.pending(name)]

    def _some(self, owed: list[tuple[str, Event]]) -> list[tuple[str, Event]]:
        """One of the deliveries that are owed, or that one twice."""
        return [owed[self._dice.randrange(len(owed))]] * (1 + self._doubled()) if self._dice else owed

    def _doubled(self) -> bool:
        return self._dice is not None and self._dice.random() < AGAIN
