"""One suite for whoever takes events: the local queue, a sink that speaks CloudEvents over HTTP, a topic of Google."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import s3
from aws_queues import Queues
from pubsub import PROJECT, Pubsub, Push, Subscription, served
from touchline import bootstrap, events
from touchline.adapters.aws_emitter import AwsEmitter
from touchline.adapters.http_emitter import ATTEMPTS, HttpEmitter
from touchline.adapters.pubsub_emitter import PubsubEmitter
from touchline.adapters.queue_file import QueueFile, Status
from touchline.coordination import Emitter
from touchline.errors import ConfigurationError, Unavailable
from touchline.events import Message
from touchline.work import Event
from waiting import wait_until

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OBJECT = Event(
    id="raw/published/1.json@ab", kind="object", source="touchline/sweep", time=NOW, key="raw/published/1.json",
    sha256="ab" * 32, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)  # fmt: skip
TICK = Event(id="train/weekly@2026-03-02", kind="cron", source="touchline/sweep", time=NOW, key="weekly")
TOKEN = "a-token-that-nobody-else-knows"
Taken = Callable[[], list[tuple[str, Event]]]


class Broker:
    """A server that takes CloudEvents, and answers as it is told."""

    def __init__(self) -> None:
        self.calls: list[dict[str, str]] = []
        self.taken: list[tuple[str, Event]] = []
        self.answers: list[int] = []
        """Of the next calls; 202 after that."""
        self.address = ""
        self.connections: set[object] = set()
        """That are open."""

    def take(self, headers: dict[str, str], body: bytes) -> int:
        self.calls.append(headers)
        status = self.answers.pop(0) if self.answers else 202
        if status < 300:
            self.taken.append((headers["ce-function"], events.parse(Message("POST", "/", headers, body), NOW)))
        return status


@contextmanager
def serving(broker: Broker) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            broker.connections.add(self)

        def finish(self) -> None:
            super().finish()
            broker.connections.discard(self)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(broker.take({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *given: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        broker.address = f"http://127.0.0.1:{server.server_port}/events"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def broker() -> Iterator[Broker]:
    made = Broker()
    with serving(made):
        yield made


def emitting(broker: Broker, token: str = "") -> HttpEmitter:
    return HttpEmitter(broker.address, token=token, backoff_seconds=0.0)


@pytest.fixture(params=["queue", "http", "pubsub", "aws"])
def emitter(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Emitter, Taken]]:
    """An emitter, and what it handed over."""
    if request.param == "queue":
        queue = QueueFile(tmp_path / "platform.db")
        functions = ("export", "train")
        yield queue, lambda: [(name, one.event) for name in functions for one in queue.due(name, NOW, 100)]
        queue.close()
        return
    if request.param == "pubsub":
        with topic_of_google(monkeypatch) as made:
            yield made
        return
    if request.param == "aws":
        endpoint = request.getfixturevalue("s3_endpoint")
        for name, value in s3.environment(endpoint).items():
            monkeypatch.setenv(name, value)
        queues = Queues(endpoint, ["export"], ["train"])
        yield AwsEmitter("aws://touchline", frozenset({"train"})), queues.taken
        queues.remove()
        return
    broker = request.getfixturevalue("broker")
    yield emitting(broker), lambda: list(broker.taken)


@contextmanager
def topic_of_google(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Emitter, Taken]]:
    """A topic with a filtered subscription for each of two functions."""
    cloud, taken = Pubsub(), list[tuple[str, Event]]()
    cloud.topics.add("touchline-again")

    def push(function: str) -> Push:
        def take(told: Any) -> int:
            message = Message("POST", "/", {"content-type": "application/json"}, json.dumps(told).encode())
            taken.append((function, events.parse(message, NOW)))
            return 204

        return take

    for name in ("export", "train"):
        wanted = f'attributes.function = "{name}"'
        cloud.subscribe(Subscription(f"touchline-{name}-again", "touchline-again", wanted, push(name)))

    def told() -> list[tuple[str, Event]]:
        cloud.run()
        return list(taken)

    with served(cloud) as door:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", door.address)
        yield PubsubEmitter(f"pubsub://{PROJECT}/touchline-again"), told


@pytest.mark.parametrize("event", [OBJECT, TICK], ids=["object", "tick"])
def test_an_event_arrives_as_it_was_and_says_for_whom_it_is(emitter: tuple[Emitter, Taken], event: Event) -> None:
    out, taken = emitter
    out.emit("train", event)
    assert taken() == [("train", event)]


def test_functions_are_told_apart_and_work_stays_the_same_work(emitter: tuple[Emitter, Taken]) -> None:
    out, taken = emitter
    out.emit("export", OBJECT)
    out.emit("train", OBJECT)
    out.emit("train", OBJECT)
    assert {(name, event.work(name)) for name, event in taken()} == {
        (name, OBJECT.work(name)) for name in ("export", "train")
    }


@pytest.mark.parametrize(("status", "owed"), [("done", True), ("dead", False), ("discarded", False)])
def test_the_queue_does_work_again_that_left_no_receipt_but_none_that_was_given_up(
    tmp_path: Path, status: Status, owed: bool
) -> None:
    queue = QueueFile(tmp_path / "platform.db")
    queue.emit("train", TICK)
    queue.settle("train", TICK, status, 1, "")
    queue.emit("train", TICK)
    assert [one.event for one in queue.due("train", NOW, 10)] == [TICK] * owed
    queue.close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_sink_is_asked_again(broker: Broker, status: int) -> None:
    broker.answers = [status] * (ATTEMPTS - 1)
    emitting(broker).emit("train", TICK)
    assert (len(broker.calls), broker.taken) == (ATTEMPTS, [("train", TICK)])


def test_a_sink_that_stays_busy_is_unavailable(broker: Broker) -> None:
    broker.answers = [503] * ATTEMPTS
    with pytest.raises(Unavailable, match="503"):
        emitting(broker).emit("train", TICK)
    assert len(broker.calls) == ATTEMPTS


def test_a_sink_that_is_away_is_unavailable_and_may_come_back() -> None:
    broker = Broker()
    with serving(broker):
        pass
    with pytest.raises(Unavailable, match="does not answer"):
        emitting(broker).emit("train", TICK)


@pytest.mark.parametrize("status", [301, 401, 403, 404])
def test_a_refusal_is_not_repeated_and_keeps_the_token_to_itself(broker: Broker, status: int) -> None:
    broker.answers = [status]
    with pytest.raises(ConfigurationError, match=str(status)) as refused:
        emitting(broker, TOKEN).emit("train", TICK)
    assert [call["authorization"] for call in broker.calls] == [f"Bearer {TOKEN}"]
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("sink", ["ftp://nowhere", "nowhere", "http://nowhere:port"])
def test_an_address_that_is_none_is_a_fault_of_the_settings(sink: str) -> None:
    with pytest.raises(ConfigurationError, match="TOUCHLINE_SINK"):
        HttpEmitter(sink).emit("train", TICK)


def test_nobody_is_told_a_token_where_there_is_none(broker: Broker) -> None:
    emitting(broker).emit("train", TICK)
    assert "authorization" not in broker.calls[0]


def test_a_connection_is_used_again_and_closed_with_the_emitter(broker: Broker) -> None:
    emitter = emitting(broker)
    for _ in range(3):
        emitter.emit("train", TICK)
        assert len(broker.connections) == 1
    del emitter
    wait_until(lambda: not broker.connections, "the connection stays open")


def test_no_proxy_stands_before_a_sink_on_this_machine(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    emitting(broker).emit("train", TICK)
    assert broker.taken == [("train", TICK)]


def test_the_settings_choose_who_takes_events(broker: Broker, tmp_path: Path) -> None:
    away = {"TOUCHLINE_HOME": str(tmp_path), "TOUCHLINE_SINK": broker.address, "TOUCHLINE_SINK_TOKEN": TOKEN}
    chosen = bootstrap.ports(away).emitter
    assert isinstance(chosen, HttpEmitter)
    chosen.emit("train", TICK)
    assert broker.calls[0]["authorization"] == f"Bearer {TOKEN}"
    local = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path)}).emitter
    assert isinstance(local, QueueFile)
    local.emit("train", TICK)
    assert [one.event for one in local.due("train", NOW, 1)] == [TICK]
    local.close()


def test_a_function_without_the_need_for_events_may_not_emit(tmp_path: Path) -> None:
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path)}, needs=frozenset({"object_store"}))
    with pytest.raises(ConfigurationError, match="grants no events"):
        _ = ports.emitter
