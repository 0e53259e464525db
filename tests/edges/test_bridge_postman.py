"""The postman: everything in the inbox reaches the broker, whatever the broker and the database do meanwhile."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count

import pytest
import sqlalchemy as sa

from touchline import bootstrap
from touchline.adapters.inbox import SqlInbox
from touchline.bridge.meters import Meters
from touchline.bridge.postman import Postman
from touchline.coordination import Entry, Inbox, Posted
from touchline.errors import Unavailable
from touchline.settings import Bridge
from waiting import until

QUICK = Bridge(parallel=4, reach_seconds=0.05, longest_pause_seconds=0.05)
DONE, FAILED, REFUSED, UNREACHED = (Posted(one) for one in ("done", "failed", "refused", "unreached"))  # type: ignore[arg-type]
LEASE = 2.0


class Ear:
    """A broker that answers as it is told, and knows what is with it at the same time."""

    def __init__(self, answer: Callable[[str, int], Posted] = lambda name, attempt: DONE) -> None:
        self.answer, self.heard, self.closed = answer, Counter[str](), False
        self.now, self.most, self.twice = Counter[str](), 0, False
        self.hold: dict[str, asyncio.Event] = {}

    async def post(self, event: bytes) -> Posted:
        name = event.decode()
        self.heard[name] += 1
        self.now[name] += 1
        self.most, self.twice = max(self.most, self.now.total()), self.twice or self.now[name] > 1
        try:
            await asyncio.sleep(0)
            if name in self.hold:
                await self.hold[name].wait()
            return self.answer(name, self.heard[name])
        finally:
            self.now[name] -= 1

    async def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def at_work(inbox: Inbox, ear: Ear, holder: str = "one") -> AsyncIterator[Postman]:
    postman = Postman(inbox, ear, QUICK, holder=holder, lease=LEASE, meters=Meters(), mending=0.02, grace=0.05)
    task = asyncio.create_task(postman.run())
    try:
        yield postman
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def entries(*names: str) -> list[Entry]:
    return [Entry(id=name, event=name.encode(), key=name) for name in names]


def settled(inbox: SqlInbox, **states: int) -> Callable[[], bool]:
    return lambda: inbox.state().states == states


class Watching:
    """An inbox whose calls are counted; one of every `fails` calls fails, as one knows it or as nobody foresaw."""

    def __init__(self, inbox: SqlInbox, fails: int = 0) -> None:
        self._inbox, self._fails, self.calls = inbox, fails, Counter[str]()

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            self.calls[name] += 1
            if self._fails and self.calls.total() % self._fails == 0:
                known = self.calls.total() // self._fails % 2
                raise Unavailable("the database does not answer") if known else RuntimeError("nobody foresaw this")
            return getattr(self._inbox, name)(*given, **named)

        return call


Case = Callable[[SqlInbox], Awaitable[None]]


@pytest.fixture
def inbox(ports: bootstrap.Container) -> SqlInbox:
    return SqlInbox(lambda: ports.engine)


def play(ports: bootstrap.Container, inbox: SqlInbox, case: Case) -> None:
    try:
        asyncio.run(case(inbox))
    finally:
        ports.engine.dispose()


def test_all_arrive_and_no_more_at_once_than_may_be(ports: bootstrap.Container, inbox: SqlInbox) -> None:
    names = [f"{number:02}" for number in range(30)]

    async def case(inbox: SqlInbox) -> None:
        ear = Ear()
        inbox.add(entries(*names))
        async with at_work(inbox, ear):
            await until(settled(inbox, done=30), "all are done")
        assert ear.heard == Counter(names)
        assert 1 < ear.most <= QUICK.parallel
        assert ear.closed

    play(ports, inbox, case)


def test_one_that_fails_or_hangs_holds_up_no_other(ports: bootstrap.Container, inbox: SqlInbox) -> None:
    async def case(inbox: SqlInbox) -> None:
        verdicts = {"bad": REFUSED, "never": FAILED}
        ear = Ear(lambda name, attempt: verdicts.get(name, FAILED if name == "third" and attempt < 3 else DONE))
        ear.hold["hangs"] = asyncio.Event()
        inbox.add(entries("hangs", "bad", "never", "third", *"abcdef"))
        async with at_work(inbox, ear):
            await until(lambda: inbox.state().states.get("done") == 7, "seven are done")
            assert inbox.state().states == {"done": 7, "refused": 1, "waiting": 2}
            assert ear.heard["third"] == 3
            assert ear.heard["bad"] == 1
            before = ear.heard["never"]
            await until(lambda: ear.heard["never"] > before, "the refused one is tried again")
            ear.hold["hangs"].set()
            await until(settled(inbox, done=8, refused=1, waiting=1), "eight are done, one is refused, one waits")

    play(ports, inbox, case)


def test_a_broker_that_is_not_there_is_knocked_at_by_one(ports: bootstrap.Container, inbox: SqlInbox) -> None:
    async def case(inbox: SqlInbox) -> None:
        there = asyncio.Event()
        ear = Ear(lambda name, attempt: DONE if there.is_set() else UNREACHED)
        inbox.add(entries(*"abcdefgh"))
        async with at_work(inbox, ear):
            await until(lambda: ear.heard.total() > QUICK.parallel + 3, "all are tried")
            ear.most = 0
            before = ear.heard.total()
            await until(lambda: ear.heard.total() > before + 2, "nobody rests")
            assert ear.most == 1
            there.set()
            await until(settled(inbox, done=8), "eight are done")

    play(ports, inbox, case)


def test_two_bridges_never_post_the_same_at_once(ports: bootstrap.Container, inbox: SqlInbox) -> None:
    """Also where an answer takes longer than a lease: signs of life are given."""
    names = [f"{number:02}" for number in range(20)]

    async def case(inbox: SqlInbox) -> None:
        ear = Ear()
        ear.hold["07"] = asyncio.Event()
        inbox.add(entries(*names))
        boxes = [Watching(inbox), Watching(inbox)]
        async with at_work(boxes[0], ear, "one"), at_work(boxes[1], ear, "other"):  # type: ignore[arg-type]
            await until(settled(inbox, done=19, waiting=1), "all but one are done")
            await until(lambda: boxes[0].calls["renew"] + boxes[1].calls["renew"] > 6, "three renewals")
            ear.hold["07"].set()
            await until(settled(inbox, done=20), "the last one is done")
        assert ear.heard == Counter(names)
        assert not ear.twice

    play(ports, inbox, case)


def test_what_a_killed_bridge_held_is_taken_over(ports: bootstrap.Container, inbox: SqlInbox) -> None:
    async def case(inbox: SqlInbox) -> None:
        inbox.add(entries("a", "b"))
        inbox.take("killed", 2, 0.5)
        async with at_work(inbox, Ear()):
            await until(settled(inbox, done=2), "two are done")
        inbox.add(entries("c"))
        inbox.take("same place", 1, 1000)
        async with at_work(inbox, Ear(), "same place"):
            await until(settled(inbox, done=3), "three are done")

    play(ports, inbox, case)


def test_a_bridge_that_ends_gives_back_what_is_not_answered(ports: bootstrap.Container, inbox: SqlInbox) -> None:
    async def case(inbox: SqlInbox) -> None:
        ear = Ear()
        ear.hold["a"] = asyncio.Event()
        inbox.add(entries("a"))
        async with at_work(inbox, ear):
            await until(lambda: ear.heard["a"], "the broker hears one")
        assert [one.id for one in inbox.take("next", 1, 1)] == ["a"]

    play(ports, inbox, case)


def test_a_database_that_fails_now_and_then_loses_nothing(ports: bootstrap.Container, inbox: SqlInbox) -> None:
    async def case(inbox: SqlInbox) -> None:
        ear = Ear()
        inbox.add(entries(*"abcdefghij"))
        async with at_work(Watching(inbox, 3), ear) as postman:  # type: ignore[arg-type]
            await until(settled(inbox, done=10), "ten are done")
            await until(lambda: postman.posting == 0, "nothing is with the broker")
        assert not ear.twice

    play(ports, inbox, case)


def test_a_database_that_was_never_there_is_waited_for(ports: bootstrap.Container) -> None:
    asked = count()

    def engine() -> sa.Engine:
        if next(asked) < 5:
            raise RuntimeError("no database yet")
        return ports.engine

    async def case(inbox: SqlInbox) -> None:
        ear = Ear()
        inbox.add(entries("a"))
        async with at_work(SqlInbox(engine), ear):
            await until(settled(inbox, done=1), "one is done")

    play(ports, SqlInbox(lambda: ports.engine), case)
