"""Deliveries that the queue owes, brought to the functions as CloudEvents over HTTP, as often as the wiring says.

Nothing is taken off the queue before the function has acknowledged it, so whatever is interrupted comes again.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final, Literal

import httpx
import msgspec

from touchline import events, retrying
from touchline.adapters.queue_file import Delivery, QueueFile
from touchline.entrypoint import RUN_HEADER
from touchline.errors import ConfigurationError, TouchlineError
from touchline.manifest import decode, encode
from touchline.platform.processes import Child
from touchline.platform.status import Change, News, news_of
from touchline.ports import Clock, ObjectStore
from touchline.telemetry import Fault, RunRecord
from touchline.wiring import Wiring

MARGIN: Final = 5.0
"""Seconds beyond the time-out of a function before its delivery is given up."""
CUT_OFFS: Final = 5
"""A run that was cut off by the death of its process may be unlucky: so many in a row of our life do not count as
attempts, and it comes again after one second, two, and so on."""
GLANCE: Final = 0.5
"""Seconds between looks whether another process has queued something."""
GLANCES: Final = 4
"""So many of them between looks at what has become due by itself."""
MISCONFIGURED_PAUSE: Final = 30.0
UNKEPT_PAUSE: Final = 5.0
Verdict = Literal["done", "busy", "again", "never"]


class Answer(msgspec.Struct, frozen=True):
    """What came of one delivery; status 0 if there was no answer, and then why."""

    status: int
    run: str = ""
    retry_after: float | None = None
    why: str = ""
    seconds: float = 0.0
    cut_off: int = 0
    """How often this work was cut off by the death of the process, if it was now."""


def verdict(answer: Answer) -> Verdict:
    """What an answer says: acknowledged, busy (come again, it does not count), try again, or refused for good.

    >>> [verdict(Answer(status)) for status in (204, 503, 429, 404, 0)]
    ['done', 'again', 'again', 'never', 'again']
    >>> verdict(Answer(503, retry_after=2.0))
    'busy'
    """
    if 200 <= answer.status < 300:
        return "done"
    if answer.status == 503 and answer.retry_after is not None:
        return "busy"
    return "again" if answer.status >= 500 or answer.status in (0, 408, 429) else "never"


class Dispatcher:
    """Brings deliveries to functions, each function as many at a time as it takes.

    Args:
        wired: time-outs and retries.
        queue: what is owed; used from the thread of the event loop only.
        store: where run records and dead letters are.
        clock: times of the queue.
        client: calls the functions.
        tell: told of every change.
        acknowledged: told the name of a function that has done some work.
    """

    def __init__(
        self,
        wired: Wiring,
        queue: QueueFile,
        store: ObjectStore,
        clock: Clock,
        client: httpx.AsyncClient,
        tell: Callable[[News], None],
        acknowledged: Callable[[str], None],
    ) -> None:
        self._wired, self._queue, self._store, self._clock = wired, queue, store, clock
        self._client, self._tell, self._acknowledged = client, tell, acknowledged
        self._woken = asyncio.Event()
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._cut_off: Counter[tuple[str, str]] = Counter()
        self._broken: BaseException | None = None
        self.children: dict[str, Child] = {}

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def running(self, name: str) -> int:
        """How many deliveries a function works on."""
        return sum(function == name for function, _ in self._running)

    async def run(self) -> None:
        """Deliver until this task is cancelled; deliveries that run then go on until `settle`."""
        while self._broken is None:
            for child in self.children.values():
                if child.ready.is_set():
                    self._start_due(child)
            await self._rest()
        raise self._broken

    async def settle(self, grace: float) -> None:
        """Give running deliveries `grace` seconds to end, then cut them off; their events stay in the queue."""
        running = list(self._running.values())
        if running:
            await asyncio.wait(running, timeout=grace)
        self.cut_off()
        await asyncio.gather(*running, return_exceptions=True)

    def cut_off(self) -> None:
        """Wait for no delivery any longer."""
        for task in self._running.values():
            task.cancel()

    async def _rest(self) -> None:
        """Until somebody wakes us or another process writes; not for long, whatever is waiting may become due."""
        version = self._queue.version()
        for _ in range(GLANCES):
            with suppress(TimeoutError):
                async with asyncio.timeout(GLANCE):
                    await self._woken.wait()
            if self._woken.is_set() or self._queue.version() != version:
                break
        self._woken.clear()

    def _start_due(self, child: Child) -> None:
        name = child.plan.name
        busy = self.running(name)
        free = child.plan.parallel - busy
        if free <= 0:
            return
        found = self._queue.due(name, self._clock.now(), child.plan.parallel + busy)
        fresh = [delivery for delivery in found if (name, delivery.work) not in self._running]
        for delivery in fresh[:free]:
            key = (name, delivery.work)
            task = asyncio.create_task(self._deliver(child, delivery))
            self._running[key] = task
            task.add_done_callback(partial(self._ended, key))

    def _ended(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        del self._running[key]
        if not task.cancelled():
            self._broken = self._broken or task.exception()
        self.wake()

    async def _deliver(self, child: Child, delivery: Delivery) -> None:
        """One attempt, and what follows of it; if that cannot be kept, the attempt comes again later."""
        try:
            await self._attempt(child, delivery)
        except TouchlineError as error:
            self._later(delivery, delivery.attempts, UNKEPT_PAUSE)
            self._told("retry", delivery, delivery.attempts, why=str(error))

    async def _attempt(self, child: Child, delivery: Delivery) -> None:
        name, attempt = child.plan.name, delivery.attempts + 1
        self._told("begun", delivery, attempt)
        answer = await self._post(child, delivery)
        said = verdict(answer)
        if said == "done":
            self._queue.settle(name, delivery.event, "done", attempt, answer.run)
            self._acknowledged(name)
            self._cut_off.pop((name, delivery.work), None)
            self._told("done", delivery, attempt, answer, await self._record(answer))
        elif said == "busy":
            self._later(delivery, delivery.attempts, answer.retry_after or 0.0)
            self._told("busy", delivery, attempt, answer)
        else:
            await self._failed(delivery, attempt, answer, said)

    async def _post(self, child: Child, delivery: Delivery) -> Answer:
        function = self._wired.function(child.plan.name)
        message = events.to_http(delivery.event)
        limit = function.timeout_s + MARGIN
        began, instance = time.perf_counter(), child.instance
        try:
            async with asyncio.timeout(limit):
                answer = await self._client.post(
                    child.plan.url, content=message.body, headers=dict(message.headers), timeout=limit + MARGIN
                )
        except TimeoutError:
            child.end_now()  # or the run would go on, and hold its place
            why = f"no answer within {limit:.0f} s; the process was ended"
            return Answer(0, why=why, seconds=time.perf_counter() - began)
        except httpx.TransportError as error:
            await child.died(instance)
            self._cut_off[(function.name, delivery.work)] += 1
            why, often = f"cut off: {str(error) or type(error).__name__}", self._cut_off[(function.name, delivery.work)]
            return Answer(0, why=why, seconds=time.perf_counter() - began, cut_off=often)
        run, after = answer.headers.get(RUN_HEADER, ""), _seconds(answer.headers)
        return Answer(answer.status_code, run, after, seconds=time.perf_counter() - began)

    async def _failed(self, delivery: Delivery, attempt: int, answer: Answer, said: Verdict) -> None:
        """Try again later, or give the delivery up."""
        name, record = delivery.function, await self._record(answer)
        retries = self._wired.function(name).retries
        fault = record.error if record else None
        if fault is not None and fault.kind == ConfigurationError.__name__:
            self._later(delivery, delivery.attempts, MISCONFIGURED_PAUSE, fault.what, answer.run)
            self._told("misconfigured", delivery, attempt, answer, record, fault.what)
            return
        why = answer.why or (record.reason if record else "") or f"status {answer.status}"
        unlucky = 0 < answer.cut_off <= CUT_OFFS
        if unlucky or (said == "again" and attempt < retries.attempts):
            pause = retrying.pause(retries, attempt)
            counted, pause = (delivery.attempts, min(pause, answer.cut_off)) if unlucky else (attempt, pause)
            self._later(delivery, counted, pause, why)
            self._told("retry", delivery, attempt, answer, record, why)
            return
        letter = {
            "event": msgspec.json.decode(events.to_json(delivery.event)),
            "error": fault or Fault(kind="Unavailable", what=why, where=name),
            "run": answer.run,
        }
        address = f"deadletter/{name}/{delivery.work}.json"
        await asyncio.to_thread(self._store.create, address, encode(letter))
        self._queue.settle(name, delivery.event, "dead", attempt, answer.run, why)
        self._cut_off.pop((name, delivery.work), None)
        self._told("dead", delivery, attempt, answer, record, why)

    def _later(self, delivery: Delivery, attempts: int, seconds: float, why: str = "", run: str = "") -> None:
        due = self._clock.now() + timedelta(seconds=seconds)
        self._queue.settle(delivery.function, delivery.event, "waiting", attempts, run, why, due=due)
        asyncio.get_running_loop().call_later(seconds, self.wake)

    async def _record(self, answer: Answer) -> RunRecord | None:
        """The record of the run, None if it left none."""
        if not answer.run:
            return None
        with suppress(TouchlineError):
            return decode(await asyncio.to_thread(self._store.get, answer.run), RunRecord, answer.run)
        return None

    def _told(
        self, change: Change, delivery: Delivery, attempt: int, answer: Answer | None = None,
        record: RunRecord | None = None, why: str = "",
    ) -> None:  # fmt: skip
        news = News(
            at=self._clock.now(), function=delivery.function, change=change, key=delivery.event.key, attempt=attempt,
            outcome="" if answer is None else "failed", seconds=round(answer.seconds, 3) if answer else None,
            run=answer.run if answer else "", why=why.splitlines()[0] if why else "",
        )  # fmt: skip
        self._tell(news_of(record, news))


def _seconds(headers: Mapping[str, Any]) -> float | None:
    """Seconds that an answer asks to wait, None if it does not say."""
    with suppress(KeyError, ValueError):
        return max(float(headers["retry-after"]), 0.0)
    return None
