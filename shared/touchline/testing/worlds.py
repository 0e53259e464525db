"""A wiring in one process, under a scheduler that does to its deliveries whatever a bad day can do.

A delivery is sent for each object that is created under a prefix that wakes a function, as a bucket's notifications do,
and may be lost, late, doubled or overtaken. It runs in a thread of its own, but one thread runs at a time; each call of
a port is a point at which the seeded scheduler may let another delivery go on, kill this one (nothing that it does
afterwards has an effect, as after SIGKILL), or make a zombie of it: it stands still until its lease has run out and
another delivery had its claim, and then goes on. When nothing is left to do, a look at the store finds what was lost.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from touchline import bootstrap, events, wiring
from touchline.adapters.claims import SqlClaims
from touchline.entrypoint import RUN_HEADER, Surroundings, surrounded
from touchline.errors import Unavailable
from touchline.manifest import decode
from touchline.ports import Clock, ObjectStore
from touchline.telemetry import RunRecord
from touchline.testing import baton
from touchline.testing.baton import Killed
from touchline.testing.deliveries import Chances, Delivery, Run
from touchline.testing.functions import Call, handle
from touchline.testing.watched import Watched
from touchline.work import Event

if TYPE_CHECKING:
    from pathlib import Path

SOURCE: Final = "touchline/testing"
LEASE: Final = 3600.0
"""Seconds on the harness's own clock; long in real time, so that no heartbeat interferes."""
AT_ONCE: Final = 4
"""So many deliveries run beside each other; zombies do not count."""
_WAKES: Final = 0.01
_OBJECTS: Final = 4
_READS: Final = frozenset(
    {
        "get",
        "open",
        "stat",
        "list",
        "teams",
        "known",
        "head",
        "snapshot",
        "forecasts",
        "numbered",
        "settlements",
        "current",
        "history",
    }
    | {"versions", "aliases"}
)
PATIENCE: Final = 40
"""Failed attempts after which a delivery is given up as a fault of the functions."""


class World(AbstractContextManager["World"]):
    """Functions of a wiring, their parts, and a scheduler.

    Args:
        environ: environment of the functions; TOUCHLINE_FUNCTIONS may name the folder of any wiring.
        clock: what time it is for the functions.
        seed: same seed, same functions and same input: same schedule.
        chances: how bad the day is.
        around: put around ports before the scheduler is: name, adapter -> what stands in its place.

    A world in a temporary folder, and a file put down in it (`docs/testing.md` shows a whole wiring of one's own):

    >>> from datetime import UTC, datetime; from pathlib import Path; from tempfile import TemporaryDirectory
    >>> from touchline.adapters.clock import VirtualClock; from touchline.testing import World
    >>> clock = VirtualClock(datetime(2026, 3, 2, tzinfo=UTC))
    >>> with TemporaryDirectory() as home, World({"TOUCHLINE_HOME": home}, clock=clock, seed=3) as world:
    ...     world.put("incoming/notes.txt", b"no matches in here")
    ...     world.rest()
    ...     [(record.function, record.outcome) for record in world.records][-1]
    ('scrape', 'parked')
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Clock,
        seed: int = 0,
        chances: Chances | None = None,
        around: bootstrap.Around | None = None,
    ) -> None:
        self.ports = bootstrap.ports(environ, clock=clock)
        """The same parts, not watched: to look at the state."""
        self.counted: Counter[str] = Counter()
        """How often what happened: deliveries, doubled, lost, crashes, zombies, takeovers, ..."""
        self.steps: list[str] = []
        """What the scheduler decided, in order."""
        self.records: list[RunRecord] = []
        """Records of the runs that answered, in the order of their answers."""
        self._wiring = wiring.load(wiring.root(environ))
        self._folder: Path = wiring.root(environ)
        self._surroundings = Surroundings(
            {**environ, "TOUCHLINE_LEASE_SECONDS": str(LEASE)}, clock, lambda name, part: self._placed(name, part)
        )
        self._chances, self._around = chances or Chances(), around
        self._random = random.Random(seed)  # noqa: S311 - a schedule, no secret
        self._sent: list[Delivery] = []
        self._runs: list[Run] = []
        self._done: set[tuple[str, str]] = set()
        self._owed: dict[str, Delivery] = {}
        self._step = 0
        self._moment = datetime(2000, 1, 1, tzinfo=UTC)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for run in self._runs:
            run.kill()
        if "engine" in vars(self.ports):
            self.ports.engine.dispose()

    @property
    def store(self) -> ObjectStore:
        """The objects, not watched."""
        return self.ports.store

    def put(self, key: str, data: bytes) -> None:
        """Put an object down, as a user does."""
        if self.store.create(key, data):
            self._notify(key)

    def tick(self, function: str) -> None:
        """Let the schedule of a function fire; it fires again until the function has answered."""
        now = self.ports.clock.now()
        name = next(trigger.name for trigger in self._wiring.function(function).triggers if trigger.cron)
        event = Event(id=f"{function}/{name}@{now.isoformat()}", kind="cron", source=SOURCE, time=now, key=name)
        self._owed[event.id] = Delivery(function, event, 0)
        self._send(function, event)

    def rest(self, limit: int = 10_000) -> None:
        """Deliver until nothing is left, nobody stands still, and a look at the store finds nothing that was lost.

        Raises:
            Unavailable: a delivery failed again and again, says how; or there is no rest after `limit` deliveries.
        """
        if self.go(limit):
            raise Unavailable(f"no rest after {limit} deliveries", hint="do functions wake each other without end?")

    def go(self, deliveries: int) -> bool:
        """Go on for so many deliveries, or until there is rest; whether there is none yet."""
        last = self.counted["deliveries"] + deliveries
        while self.counted["deliveries"] < last:
            if not self._turn():
                return False
        return True

    def _turn(self) -> bool:
        """Let one delivery begin or go on; False if there is nothing left, nor was anything lost."""
        self._step += 1
        self._stir()
        ready = [run for run in self._runs if not run.sleeps]
        due = [delivery for delivery in self._sent if delivery.due <= self._step]
        choices: list[Run | Delivery] = [*ready, *(due if len(ready) < AT_ONCE else ())]
        if choices:
            self._go_on(choices)
        elif self._sent:
            self._step = min(delivery.due for delivery in self._sent)
        elif self._runs:
            self._random.choice(self._runs).sleeps = False
        else:
            return self._look()
        return True

    # -- deliveries -------------------------------------------------------------------------------------------------

    def _notify(self, key: str) -> None:
        for name, function in self._wiring.functions.items():
            if any(key.startswith(prefix) for prefix in function.prefixes):
                self._send(name, self._event(key))

    def _event(self, key: str) -> Event:
        return Event(id=key, kind="object", source=SOURCE, time=self.ports.clock.now(), key=key)

    def _send(self, function: str, event: Event) -> None:
        """Hand a delivery to the bad day: it may arrive never, later, or more than once."""
        copies = 1 + self._chance("doubled", self._chances.doubled)
        if self._chance("lost", self._chances.lost):
            copies -= 1
        for _ in range(copies):
            self._queue(Delivery(function, event, 0), self._chances.late)

    def _queue(self, delivery: Delivery, late: float, longest: int = 60) -> None:
        delay = self._random.randrange(1, longest) if self._random.random() < late else 0
        self._sent.append(msgspec.structs.replace(delivery, due=self._step + delay))

    def _look(self) -> bool:
        """Send again what has no answer yet; whether there was anything."""
        missed = [
            Delivery(name, self._event(info.key), self._step)
            for name, function in self._wiring.functions.items()
            for prefix in function.prefixes
            for info in self.store.list(prefix)
            if (name, info.key) not in self._done
        ]
        missed += [msgspec.structs.replace(delivery, due=self._step) for delivery in self._owed.values()]
        self.counted["found by a look"] += len(missed)
        self._sent += missed
        return bool(missed)

    # -- runs -------------------------------------------------------------------------------------------------------

    def _go_on(self, choices: list[Run | Delivery]) -> None:
        chosen = self._random.choice(choices)
        if isinstance(chosen, Delivery):
            self._sent.remove(chosen)
            self.counted["deliveries"] += 1
            self.steps.append(f"{chosen.function} {chosen.event.key}")
            chosen = self._begun(chosen)
            self._runs.append(chosen)
        chosen.resume()
        if chosen.ended:
            self._runs.remove(chosen)
            self._settle(chosen)

    def _begun(self, delivery: Delivery) -> Run:
        message = events.to_http(delivery.event)

        def work() -> tuple[int, Mapping[str, str]]:
            with surrounded(self._surroundings):
                _, status, headers = handle(delivery.function, self._folder)(Call(message))
            return status, headers

        return Run(delivery, work)

    def _settle(self, run: Run) -> None:
        delivery = run.delivery
        if run.killed:
            self._queue(delivery, 0.9)
            return
        status, headers = run.result
        if RUN_HEADER in headers:
            self._heard(decode(self.store.get(headers[RUN_HEADER]), RunRecord), delivery, status)
        if status < 500:
            if self._chance("unheard", self._chances.unheard):
                self._queue(delivery, 0.9)
                return
            self._done.add((delivery.function, delivery.event.key))
            self._owed.pop(delivery.event.id, None)
        elif RUN_HEADER in headers or "retry-after" not in headers:
            self._fail(delivery, run.slept)
        else:
            self._busy(delivery)

    def _heard(self, record: RunRecord, delivery: Delivery, status: int) -> None:
        self.records.append(record)
        self.counted[record.outcome] += 1
        if status >= 500 and delivery.attempts >= PATIENCE:
            raise Unavailable(f"{record.function} fails again and again: {record.reason}", where=delivery.event.key)

    def _fail(self, delivery: Delivery, slept: bool) -> None:
        self.counted["failed attempts"] += 1
        if slept:
            return  # it came again while he slept
        delivery.attempts += 1
        if delivery.attempts > PATIENCE:
            raise Unavailable(f"{delivery.function} cannot start", where=delivery.event.key, hint="see the log")
        self._queue(delivery, 0.5)

    def _busy(self, delivery: Delivery) -> None:
        """Come again later; where whoever has the claim is dead, time goes by until his lease has run out."""
        self.counted["busy"] += 1
        awake = (run for run in self._runs if run.claim and not run.sleeps)
        if not any(run.delivery.function == delivery.function for run in awake):
            self._let_leases_end()
        self._queue(delivery, 0.9)

    # -- steps ------------------------------------------------------------------------------------------------------

    def _placed(self, name: str, part: Any) -> Any:
        """A port as functions see it: claims by the harness's clock, what the user wants around it, and the steps."""
        if name == "claims":
            part = SqlClaims(self.ports.engine, now=lambda: self._moment)
        if self._around is not None:
            part = self._around(name, part)
        return Watched(name, part, self._called)

    def _called(self, name: str, call: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        run = baton.current()
        if not isinstance(run, Run):
            return call(*given, **named)  # the harness itself
        self._point(run, name, self._danger(run, name))
        result = call(*given, **named)
        if name == "store.create" and result:
            self._notify(given[0])
        elif name == "claims.take":
            self._taken(run)
            run.claim = result
            result = Watched("claim", result, self._called)
        elif name == "claims.release":
            run.claim = None
        self._point(run, name)
        return result

    def _taken(self, run: Run) -> None:
        """Count a claim that was taken over from one who stands still."""
        function = run.delivery.function
        if any(other.sleeps and other.claim and other.delivery.function == function for other in self._runs):
            self.counted["takeovers"] += 1

    def _point(self, run: Run, name: str, zombie: float = 0.0) -> None:
        """One step of a run: here something may happen to it."""
        if run.killed:
            raise Killed
        self._step += 1
        chances, draw = self._chances, self._random.random()
        if draw < chances.crash:
            self._tell("crashes", run, name)
            run.killed = True
            raise Killed
        if draw < chances.crash + zombie:
            self._tell("zombies", run, name)
            self._fall_asleep(run)
        elif draw < chances.crash + zombie + chances.switch:
            self.counted["switches"] += 1
            run.give()

    def _danger(self, run: Run, name: str) -> float:
        """Chance to become a zombie before this call."""
        port, _, method = name.partition(".")
        if not run.claim or run.slept or port == "claims" or method in _READS:
            return 0.0
        return self._chances.zombie / (_OBJECTS if port == "store" else 1)

    def _fall_asleep(self, run: Run) -> None:
        """Stand still for longer than the lease; meanwhile the delivery comes to somebody else."""
        run.sleeps = run.slept = True
        self._let_leases_end()
        self._queue(run.delivery, 1.0, 1500)
        run.give()

    def _stir(self) -> None:
        """Let one who stood still go on, now and then; at the latest when nothing else is left."""
        for run in self._runs:
            if run.sleeps and self._random.random() < _WAKES:
                run.sleeps = False

    def _let_leases_end(self) -> None:
        """Time goes by; those who are awake give signs of life."""
        self._moment += timedelta(seconds=LEASE + 1)
        claims = SqlClaims(self.ports.engine, now=lambda: self._moment)
        for run in self._runs:
            if run.claim is not None and not run.sleeps:
                claims.renew(run.claim, LEASE)

    def _tell(self, what: str, run: Run, name: str) -> None:
        self.counted[what] += 1
        self.steps.append(f"{what} {run.delivery.function} {name}")

    def _chance(self, what: str, chance: float) -> bool:
        happens = self._random.random() < chance
        if happens:
            self.counted[what] += 1
        return happens
