"""What follows of an attempt at a delivery: which count, and what the queue remembers."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from small_platform import environment
from touchline import bootstrap, wiring
from touchline.adapters.clock import SystemClock
from touchline.adapters.queue_file import Delivery, QueueFile
from touchline.entrypoint import RUN_HEADER
from touchline.platform.dispatch import CUT_OFFS, Dispatcher
from touchline.platform.processes import Child, plan
from touchline.platform.runner import Platform
from touchline.platform.status import News
from touchline.work import Event

EVENT = Event(id="1", kind="cron", source="t", time=datetime(2026, 3, 2, 9, tzinfo=UTC), key="daily")
Answering = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def queue(environ: dict[str, str]) -> Iterator[QueueFile]:
    home = bootstrap.ports(environ).home
    home.mkdir(parents=True, exist_ok=True)
    with closing(QueueFile(home / "platform.db")) as opened:
        yield opened


def dispatch(environ: dict[str, str], queue: QueueFile, answer: Answering, until: Callable[[News], bool]) -> None:
    """Deliver what validate is owed to a function that answers so, until there is such news."""

    async def delivered() -> None:
        ports, folder = bootstrap.ports(environ), wiring.root(environ)
        wired, over = wiring.load(folder), asyncio.Event()

        def told(news: News) -> None:
            if until(news):
                over.set()

        async def died(_: str) -> None:
            """Nobody held claims."""

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            made = Dispatcher(wired, queue, ports.store, SystemClock(), client, told, lambda _: None)
            planned = plan(wired.function("validate"), folder, ports.home, 1, environ)
            child = made.children["validate"] = Child(planned, "t/", died, lambda *_: None, client)
            child.ready.set()
            work = asyncio.create_task(made.run())
            async with asyncio.timeout(30):
                await over.wait()
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            await made.settle(5)

    asyncio.run(delivered())


def delivery(queue: QueueFile, event: Event) -> Delivery:
    found = queue.delivery("validate", event.work("validate"))
    assert found is not None
    return found


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("gone", request=request)


def test_runs_that_are_cut_off_are_no_attempts_for_the_next_platform_either(
    environ: dict[str, str], queue: QueueFile
) -> None:
    queue.add("validate", EVENT)
    for _ in range(2):
        counted: list[str] = []

        def often(news: News, counted: list[str] = counted) -> bool:
            counted += [news.change] if news.change == "retry" else []
            return len(counted) == CUT_OFFS - 1

        dispatch(environ, queue, refuse, often)
        assert delivery(queue, EVENT).attempts == 0
    dispatch(environ, queue, refuse, lambda news: news.change == "dead")
    assert (delivery(queue, EVENT).status, delivery(queue, EVENT).attempts) == ("dead", 3)


def test_a_delivery_that_lacks_a_setting_remembers_the_run_that_said_so(
    environ: dict[str, str], queue: QueueFile
) -> None:
    with Platform(environ) as platform:
        platform.ports.store.create("raw/a", b"unset")
        (event,) = platform.pending("validate")
        _, record = platform.invoke("validate", event)
    headers = {RUN_HEADER: record.object_key}
    dispatch(environ, queue, lambda _: httpx.Response(503, headers=headers), lambda n: n.change == "misconfigured")
    found = delivery(queue, event)
    assert (found.status, found.attempts, found.run) == ("waiting", 0, record.object_key)
    assert found.error == "no colour is set"
