"""The local platform: every function in a process of its own, woken by objects, schedules and whoever knocks.

What it owes stands in the queue file; it keeps nothing else. So it can be killed at any moment and started again.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from functools import partial
from typing import Final

import httpx
import msgspec

from touchline import bootstrap, events, settings, wiring, wiring_rules
from touchline.adapters.clock import SystemClock
from touchline.adapters.local_store import LocalStore
from touchline.adapters.queue_file import QueueFile
from touchline.errors import TouchlineError
from touchline.platform import cron, inbox, letters, processes
from touchline.platform.desk import Desk
from touchline.platform.dispatch import Dispatcher
from touchline.platform.lock import claim_mode, locked, mark
from touchline.platform.processes import HOST, Child
from touchline.platform.status import Board, Change, News, Status
from touchline.platform.watching import Looker, told_by_system
from touchline.telemetry import LOGGER
from touchline.watch.exporter import exporter
from touchline.work import Event

LOOK_SECONDS: Final = 20.0
"""Between looks at everything."""
GRACE: Final = 10.0
"""Seconds that running deliveries are given when the platform is ended."""
STOP_GRACE: Final = 3.0
"""Seconds that a process is given to end before it is killed."""
MEMORY_SECONDS: Final = 30.0
FIGURES_SECONDS: Final = 2.0
"""Between looks at what the functions did, if somebody asks for figures."""
LONGEST_SLEEP: Final = 60.0
"""Seconds between looks at the schedules; a machine may have slept."""
INBOX: Final = "inbox"
UNLIMITED: Final = httpx.Limits(max_connections=None, keepalive_expiry=5)


class Options(msgspec.Struct, frozen=True):
    """What is started: the functions named, all by default; the inbox listens on `port_base` (0: free ports)."""

    only: tuple[str, ...] = ()
    port_base: int = 8100


class Up:
    """The local platform of a home; `run` it within `opened`.

    Args:
        environ: of the functions.
        options: what is started.
        tell: told of every change.

    Raises:
        ConfigurationError: the wiring, a setting or the name of a function is wrong.
    """

    def __init__(self, environ: Mapping[str, str], options: Options, tell: Callable[[News], None]) -> None:
        self.folder = wiring.root(environ)
        self.wired = wiring.load(self.folder)
        wiring_rules.check(self.wired)
        for name in self.wired.functions:
            settings.load(settings.BY_FUNCTION[name], environ, name)
        self.names = tuple(self.wired.function(name).name for name in options.only) or tuple(self.wired.functions)
        self.ports = bootstrap.ports(environ)
        self.home = self.ports.home
        self.board = Board(tuple(self.wired.functions))
        self._environ, self._options, self._tell = dict(environ), options, tell
        self._clock = SystemClock()
        self.opened = asyncio.Event()
        """Set when the inbox listens and everything has been started."""

    async def run(self, stop: asyncio.Event) -> None:
        """Be up until `stop` is set, then end everything that was started.

        Raises:
            Unavailable: a port is taken.
            Conflict: another platform works in this home.
        """
        with locked(self.home, self.names):
            claim_mode(self.ports.store, self.ports.clock.mode)
            processes.end_leftovers(mark(self.home))
            ports = processes.free_ports(self._options.port_base, (INBOX, *self.names))
            async with self._everything(ports) as tasks:
                ended = asyncio.create_task(stop.wait())
                done, _ = await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
                ended.cancel()
            for task in done:
                task.result()

    def hurry(self) -> None:
        """Wait no longer for deliveries that run while everything ends."""
        self._dispatcher.cut_off()

    async def status(self) -> Status:
        """The whole platform now."""
        pids = {name: child.pid for name, child in self._dispatcher.children.items()}
        memory = await asyncio.to_thread(lambda: {name: processes.memory_mib(pid) for name, pid in pids.items() if pid})
        for name, mib in memory.items():
            self.board.rows[name].memory_mib = round(mib, 1)
        return self.glance()

    def glance(self) -> Status:
        """The whole platform, with the memory that was measured last."""
        self.board.count(self._queue.counts(), self._dispatcher.running)
        for name, child in self._dispatcher.children.items():
            self.board.rows[name].pid = child.pid
        return Status(
            at=self._clock.now(), pid=os.getpid(), inbox=self.inbox, mode=self.ports.clock.mode,
            functions=tuple(self.board.rows.values()),
        )  # fmt: skip

    @asynccontextmanager
    async def _everything(self, ports: tuple[int, ...]) -> AsyncIterator[list[asyncio.Task[None]]]:
        """Everything that makes the platform, running; afterwards nothing of it is left."""
        async with AsyncExitStack() as stack:
            self.inbox = f"http://{HOST}:{ports[0]}/"
            door = stack.enter_context(inbox.listen(ports[0]))
            # what a power cut takes back of deliveries that ended only comes again; the desk syncs what came in
            self._queue = stack.enter_context(closing(QueueFile(self.home / "platform.db", synced=False)))
            self._desk = stack.enter_context(
                closing(Desk(self.wired, self.ports.store, self.ports.clock, self.home / "platform.db"))
            )
            client = await stack.enter_async_context(httpx.AsyncClient(limits=UNLIMITED, trust_env=False))
            await self._died(mark(self.home))
            looker = Looker(self.wired, self._desk.look, LOOK_SECONDS, self._wake, self._look_failed)
            self._dispatcher = Dispatcher(
                self.wired, self._queue, self.ports.store, self._clock, client, self._take, looker.wrote
            )
            self._children(ports[1:], client)
            if isinstance(self.ports.store, LocalStore):
                stack.enter_context(told_by_system(self.ports.store.root, looker))
            prefix = events.store_prefix(self.ports.common.store)
            decided = partial(letters.decided, self.ports.store, self.home)
            figures = exporter(self.ports, self.wired, FIGURES_SECONDS, decided).render
            app = inbox.application(self.wired, self.ports.clock, self._queued, self.status, figures, prefix)
            work = (self._dispatcher.run(), looker.run(), self._tick(), self._measure(), inbox.serve(app, door))
            tasks = [asyncio.create_task(one) for one in work]
            tasks += [asyncio.create_task(child.keep()) for child in self._dispatcher.children.values()]
            stack.push_async_callback(self._end, tasks)
            self.opened.set()
            yield tasks

    def _children(self, ports: Sequence[int], client: httpx.AsyncClient) -> None:
        around = {
            **self._environ, "TOUCHLINE_HOME": str(self.home), "TOUCHLINE_FUNCTIONS": str(self.folder),
            "TOUCHLINE_SINK": self.inbox,
        }  # fmt: skip
        for name, port in zip(self.names, ports, strict=True):
            plan = processes.plan(self.wired.function(name), self.folder, self.home, port, around)
            row = self.board.rows[name]
            row.url, row.people = plan.url, any(trigger.http for trigger in self.wired.function(name).triggers)
            child = Child(plan, mark(self.home), self._died, self._changed, client)
            self._dispatcher.children[name] = child

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """Take on nothing more, give running deliveries a while, end the processes and their claims."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._dispatcher.settle(GRACE)
        await asyncio.gather(*(child.stop(STOP_GRACE) for child in self._dispatcher.children.values()))
        await self._died(mark(self.home))

    async def _died(self, instance: str) -> None:
        """The claims of an instance that is no more are free; where the database does not answer, their leases end."""
        with suppress(TouchlineError):
            await asyncio.to_thread(lambda: self.ports.claims.expire(instance))

    async def _queued(self, asked: list[tuple[str, Event]], named: bool) -> None:
        """Make events durable that came to the door."""
        await self._desk.add(asked, named)
        self._wake()

    async def _tick(self) -> None:
        """Queue the ticks of the schedules as they become due."""
        while True:
            now = self.ports.clock.now()
            for name, event in cron.due(self.wired, self._queue, now):
                self._queue.add(name, event)
                self._queue.set_tick(name, event.key, event.time)
                self._take(News(at=now, function=name, change="tick", key=event.key))
            self._wake()
            upcoming = cron.upcoming(self.wired, now)
            left = (upcoming - self.ports.clock.now()).total_seconds() if upcoming else LONGEST_SLEEP
            await asyncio.sleep(min(max(left, 0.01), LONGEST_SLEEP))

    async def _measure(self) -> None:
        """Keep the memory on the board fresh."""
        pause = MEMORY_SECONDS / 8
        while True:
            await asyncio.sleep(pause)
            await self.status()
            pause = MEMORY_SECONDS

    def _take(self, news: News) -> None:
        self.board.take(news)
        self._tell(news)

    def _changed(self, function: str, change: Change, why: str) -> None:
        self._take(News(at=self._clock.now(), function=function, change=change, why=why))
        self._wake()

    def _look_failed(self, why: str) -> None:
        LOGGER.warning("looking for new objects failed: %s", why)

    def _wake(self) -> None:
        self._dispatcher.wake()
