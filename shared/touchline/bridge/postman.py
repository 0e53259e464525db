"""Brings entries of the inbox to the broker: many at once, each again and again until the broker has it.

An entry that fails waits by itself, longer each time, and holds up no other. Nothing is settled before the broker has
answered, so whoever is killed has lost nothing: his entries are taken over when his lease has run out.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

from touchline.bridge.gate import Gate
from touchline.bridge.meters import Meters
from touchline.coordination import Broker, Inbox, Posted, Posting
from touchline.errors import TouchlineError
from touchline.settings import Bridge
from touchline.telemetry import LOGGER, describe

GLANCE: Final = 1.0
"""Seconds between looks for what has become due, or what another bridge has taken in or left behind."""
TIDYING: Final = 3600.0


class Postman:
    """Posts what is in the inbox.

    Args:
        inbox: used from threads.
        broker: where everything goes.
        settings: how many at once, and how long the pauses are.
        holder: names this process in the inbox.
        lease: seconds after which another bridge takes over from one that gives no sign of life.
        meters: counts.
        mending: seconds until what the database did not take is tried again.
        grace: seconds that postings get to end when the bridge does.
    """

    def __init__(
        self,
        inbox: Inbox,
        broker: Broker,
        settings: Bridge,
        *,
        holder: str,
        lease: float,
        meters: Meters,
        mending: float = 1.0,
        grace: float = 5.0,
    ) -> None:
        self._inbox, self._broker, self._settings = inbox, broker, settings
        self._holder, self._lease, self._meters = holder, lease, meters
        self._mending, self._grace = mending, grace
        self._gate = Gate(settings.reach_seconds, time.monotonic)
        self._woken = asyncio.Event()
        self._running: dict[int, asyncio.Task[None]] = {}
        self.ended = False
        """Whether nothing is posted any more."""

    @property
    def posting(self) -> int:
        """How many events are being posted."""
        return len(self._running)

    def wake(self) -> None:
        """Look for entries now."""
        self._woken.set()

    async def run(self) -> None:
        """Post until this task is cancelled; then give back what the broker has not answered within a while."""
        try:
            await self._until_done(self._inbox.release, self._holder)  # of a life before, in the same place
            async with asyncio.TaskGroup() as group:
                for step in (self._round, self._renew, self._tidy):
                    group.create_task(self._repeated(step))
        finally:
            self.ended = True
            await self._end()

    async def _repeated(self, step: Callable[[], Awaitable[None]]) -> None:
        """Take one step after the other; what goes wrong is told, and tried again."""
        while True:
            try:
                await step()
            except Exception as error:  # nothing may end the delivery of events
                self._trouble(error)
                await asyncio.sleep(self._mending)

    async def _round(self) -> None:
        """Take what is due and begin to post it; rest where there is nothing, or no room."""
        room = self._gate.free(self._settings.parallel - len(self._running))
        found = await asyncio.to_thread(self._inbox.take, self._holder, room, self._lease) if room > 0 else []
        for posting in found:
            if posting.number not in self._running:  # of our own, whose lease ran out while the database was away
                task = asyncio.create_task(self._deliver(posting))
                self._running[posting.number] = task
                task.add_done_callback(partial(self._ended, posting.number))
        if len(found) < room or not room:
            await self._rest()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(self._gate.wait or GLANCE, GLANCE)):
                await self._woken.wait()
        self._woken.clear()

    def _ended(self, number: int, _: asyncio.Task[None]) -> None:
        del self._running[number]
        if len(self._running) >= self._settings.parallel - 1:  # somebody may have waited for this place
            self.wake()

    async def _deliver(self, posting: Posting) -> None:
        """Post an entry and keep what came of it, however long the database takes to listen."""
        began = time.perf_counter()
        try:
            posted = await self._broker.post(posting.event)
        except Exception as error:  # it could not even be tried: there is no reason why it should work later
            self._trouble(error)
            posted = Posted("refused", describe(error).what)
        self._meters.seconds.observe(time.perf_counter() - began)
        self._meters.posted[posted.verdict] += 1
        if posted.verdict == "unreached":
            self._gate.closed()
        else:
            self._gate.opened()
        if posted.verdict != "done":
            LOGGER.warning("event not posted", extra={"event_id": posting.id, "why": posted.why})
        await self._until_done(self._settle, posting, posted)

    def _settle(self, posting: Posting, posted: Posted) -> None:
        if posted.verdict in ("done", "refused"):
            self._inbox.settle(self._holder, posting.number, posted.verdict, posted.why)
            return
        failed = posted.verdict == "failed"
        pause = min(2.0 ** min(posting.attempts, 30), self._settings.longest_pause_seconds) if failed else 0.0
        self._inbox.later(self._holder, posting.number, pause, failed=failed, why=posted.why)

    async def _until_done(self, call: Callable[..., Any], *given: Any) -> None:
        """Call until the database takes it."""
        while True:
            try:
                await asyncio.to_thread(call, *given)
                return
            except Exception as error:  # whatever it is, it is no reason to leave an event where it is
                self._trouble(error)
                await asyncio.sleep(self._mending)

    async def _renew(self) -> None:
        """Give a sign of life."""
        await asyncio.sleep(self._lease / 3)
        if self._running:
            await asyncio.to_thread(self._inbox.renew, self._holder, list(self._running), self._lease)

    async def _tidy(self) -> None:
        await asyncio.to_thread(self._inbox.forget, self._settings.kept_days)
        await asyncio.sleep(TIDYING)

    async def _end(self) -> None:
        """Let postings end, and give back what does not: another bridge may begin with it at once."""
        running = list(self._running.values())
        if running:
            await asyncio.wait(running, timeout=self._grace)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with suppress(TouchlineError):
            await asyncio.to_thread(self._inbox.release, self._holder)
        await self._broker.close()

    def _trouble(self, error: Exception) -> None:
        self._meters.faults["database" if isinstance(error, TouchlineError) else "bridge"] += 1
        LOGGER.error("the bridge is held up", extra={"error": describe(error).what})
