"""News while one listens, and while others ask: no answer is lost, late or mixed."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from asgi_client import Client
from asking import ASSETS, client_of, listed, problem
from keyring import Keyring
from served import ListedRegistry, against, forecasted, promoted, public, publish_features, publish_model
from touchline.bootstrap import Container
from touchline.settings import Predict
from touchline.web.core import create_app
from waiting import until

CAUTIOUS = b'{"type":"temperature","temperature":1.5}'
"""Calibration by which a model gives other numbers."""


@pytest.fixture
def changing(ports: Container) -> Container:
    ports.registry = ListedRegistry()
    public(ports)
    return ports


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """A stream takes signals that end its process; other tests shall have them as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def replace_champion(ports: Container, number: int, calibration: bytes = CAUTIOUS) -> str:
    files = {"calibration.json": calibration}
    key = publish_model(ports.store, f"m{number}", number, files=files, **against(f"m{number - 1}", -0.05))
    return promoted(ports, key).publications[0]


class Listener:
    """A client of the stream, as an ASGI server would serve it."""

    def __init__(self, app: Any, **headers: str) -> None:
        self._gone = asyncio.Event()
        self._asked = False
        self.status = 0
        self.text = ""
        self.ended = False
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http", "method": "GET", "path": "/predict/stream", "query_string": b"", "headers": sent,
            "client": ("192.0.2.1", 1),
        }  # fmt: skip
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)
        self.text += message.get("body", b"").decode()
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)

    async def until(self, condition: Callable[[], object]) -> None:
        await until(condition, "what is to come")

    def ids(self) -> list[str]:
        return [line[4:] for line in self.text.splitlines() if line.startswith("id: ")]

    async def go(self) -> None:
        self._gone.set()
        await self.task


@asynccontextmanager
async def listening(app: Any, **headers: str) -> AsyncIterator[Listener]:
    listener = Listener(app, **headers)
    try:
        yield listener
    finally:
        await listener.go()


def test_listeners_hear_the_state_and_then_each_news_once(changing: Container) -> None:
    app = create_app(changing, Predict(refresh_seconds=0.05, access="open"), ASSETS)

    async def listen() -> None:
        async with listening(app) as one:
            await one.until(one.ids)
            known = one.ids()[0]
            assert known.startswith("serving/published/000000000001.json predictions/published/")
            async with listening(app, last_event_id=known) as other:
                await other.until(lambda: ": known" in other.text)
                serving = await asyncio.to_thread(replace_champion, changing, 2)
                for listener in (one, other):
                    await listener.until(lambda heard=listener: any(id.startswith(serving) for id in heard.ids()))
                await asyncio.to_thread(forecasted, changing, publish_features(changing.store, 2))
                for listener in (one, other):
                    await listener.until(lambda heard=listener: "000000000002-000000000002" in heard.ids()[-1])
                assert (len(one.ids()), len(other.ids())) == (3, 2)
                assert '"model_version":"m2","promotion":2' in one.text
            assert not one.ended

    asyncio.run(listen())
    assert "touchline_predict_listeners 0.0" in Client(app).get("/metrics").text


def test_listeners_are_bounded_and_leave_room_when_they_go(changing: Container) -> None:
    app = create_app(changing, Predict(refresh_seconds=0.05, access="open", streams=1), ASSETS)

    async def listen() -> list[int]:
        async with listening(app) as one:
            await one.until(one.ids)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as session:
                refused = await session.get("/predict/stream")
                assert "1 listeners already" in problem(refused, 503)["detail"]
                assert refused.headers["retry-after"] == "30"
        async with listening(app) as another:
            await another.until(another.ids)
        return [one.status, another.status]

    assert asyncio.run(listen()) == [200, 200]


def test_nobody_takes_all_the_room(changing: Container) -> None:
    ring = Keyring(changing.store)
    keys = [ring.add("read"), ring.add("read")]
    app = create_app(changing, Predict(refresh_seconds=0.05, streams=3), ASSETS)

    async def listen() -> None:
        async with listening(app, x_api_key=keys[0]) as one, listening(app, x_api_key=keys[0]) as two:
            for listener in (one, two):
                await listener.until(listener.ids)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as session:
                refused = await session.get("/predict/stream", headers={"x-api-key": keys[0]})
            assert "2 listeners of this caller" in problem(refused, 503)["detail"]
            async with listening(app, x_api_key=keys[1]) as other:
                await other.until(other.ids)

    asyncio.run(listen())


def test_who_may_no_longer_ask_hears_no_more(changing: Container) -> None:
    ring = Keyring(changing.store)
    keys = [ring.add("read"), ring.add("read")]
    app = create_app(changing, Predict(refresh_seconds=0.05), ASSETS)

    async def listen() -> None:
        async with listening(app, x_api_key=keys[0]) as one, listening(app, x_api_key=keys[1]) as other:
            for listener in (one, other):
                await listener.until(listener.ids)
            ring.revoke("k1")
            await one.until(lambda: one.ended)
            assert not other.ended

    asyncio.run(listen())


def test_the_stream_of_a_service_without_a_model_is_refused(ports: Container) -> None:
    assert problem(client_of(ports).get("/predict/stream"), 503)
    assert client_of(ports).ask("HEAD", "/predict/stream").status_code == 503


def test_no_answer_is_lost_or_mixed_while_champions_and_forecasts_change(changing: Container) -> None:
    """Each version has its numbers; within two seconds everybody is answered by the newest one."""
    settings = Predict(refresh_seconds=0.2, access="open", cache_seconds=0.3, open_per_minute=10**6)
    app = create_app(changing, settings, ASSETS)
    matches = [match["match_id"] for match in listed(client_of(changing))][:5]
    answers: list[tuple[float, httpx.Response]] = []
    taken: dict[str, float] = {}
    done = asyncio.Event()

    def change() -> None:
        for number in (2, 3):
            replace_champion(changing, number, b'{"type":"temperature","temperature":%.1f}' % (1 + number / 4))
            taken[f"m{number}"] = time.monotonic()
            forecasted(changing, publish_features(changing.store, number))

    async def ask(session: httpx.AsyncClient, first: int) -> None:
        while not done.is_set():
            answers.append((time.monotonic(), await session.get(f"/predict/{matches[first]}")))
            first = (first + 1) % len(matches)
            await asyncio.sleep(0.005)  # so that who changes things has time to

    async def fire() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as session:
            asking = [asyncio.ensure_future(ask(session, first)) for first in range(len(matches))]
            await asyncio.to_thread(change)
            await until(lambda: answers[-1][1].json()["model_version"] == "m3", "the third model", pause=0.05)
            done.set()
            await asyncio.gather(*asking)

    asyncio.run(fire())
    assert {answer.status_code for _, answer in answers} == {200}
    told = [(begun, answer.json()) for begun, answer in answers]
    numbers = {(body["match_id"], body["model_version"], body["probabilities"]["home"]) for _, body in told}
    versions = {(match, version) for match, version, _ in numbers}
    assert len(numbers) == len(versions), "each version has its own numbers"
    assert {version for _, version in versions} == {"m1", "m2", "m3"}
    assert all(body["promotion"] == int(body["model_version"][1:]) == int(body["run_id"][1:]) for _, body in told)
    order = [body["promotion"] for _, body in told]
    assert order == sorted(order), "nobody is answered by an earlier champion after a later one"
    for version, moment in taken.items():
        late = [body for begun, body in told if begun > moment + 2 and body["promotion"] < int(version[1:])]
        assert late == []
