"""One suite for whoever takes events: the local queue, and a sink that speaks CloudEvents over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from touchline import bootstrap, events
from touchline.adapters.http_emitter import ATTEMPTS, HttpEmitter
from touchline.adapters.queue_file import QueueFile, Status
from touchline.errors import ConfigurationError, Unavailable
from touchline.events import Message
from touchline.ports import Emitter
from touchline.work import Event

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

    def take(self, headers: dict[str, str], body: bytes) -> int:
        self.calls.append(headers)
        status = self.answers.pop(0) if self.answers else 202
        if status < 300:
            self.taken.append((headers["ce-function"], events.parse(Message("POST", "/", headers, body), NOW)))
        return status


@contextmanager
def serving(broker: Broker) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
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


@contextmanager
def emitting(broker: Broker, token: str = "") -> Iterator[HttpEmitter]:
    emitter = HttpEmitter(broker.address, token=token, backoff_seconds=0.0)
    yield emitter
    emitter.close()


@pytest.fixture(params=["queue", "http"])
def emitter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Emitter, Taken]]:
    """An emitter, and what it handed over."""
    if request.param == "queue":
        queue = QueueFile(tmp_path / "platform.db")
        functions = ("export", "train")
        yield queue, lambda: [(name, one.event) for name in functions for one in queue.due(name, NOW, 100)]
        queue.close()
        return
    broker = request.getfixturevalue("broker")
    with emitting(broker) as made:
        yield made, lambda: list(broker.taken)


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
    with emitting(broker) as emitter:
        emitter.emit("train", TICK)
    assert (len(broker.calls), broker.taken) == (ATTEMPTS, [("train", TICK)])


def test_a_sink_that_stays_busy_is_unavailable(broker: Broker) -> None:
    broker.answers = [503] * ATTEMPTS
    with emitting(broker) as emitter, pytest.raises(Unavailable, match="503"):
        emitter.emit("train", TICK)
    assert len(broker.calls) == ATTEMPTS


def test_a_sink_that_is_away_is_unavailable_and_may_come_back() -> None:
    broker = Broker()
    with serving(broker):
        pass
    with emitting(broker) as emitter, pytest.raises(Unavailable, match="does not answer"):
        emitter.emit("train", TICK)


@pytest.mark.parametrize("status", [301, 401, 403, 404])
def test_a_refusal_is_not_repeated_and_keeps_the_token_to_itself(broker: Broker, status: int) -> None:
    broker.answers = [status]
    with emitting(broker, TOKEN) as emitter, pytest.raises(ConfigurationError, match=str(status)) as refused:
        emitter.emit("train", TICK)
    assert [call["authorization"] for call in broker.calls] == [f"Bearer {TOKEN}"]
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("sink", ["ftp://nowhere", "nowhere", "http://nowhere:port"])
def test_an_address_that_is_none_is_a_fault_of_the_settings(sink: str) -> None:
    with pytest.raises(ConfigurationError, match="TOUCHLINE_SINK"):
        HttpEmitter(sink).emit("train", TICK)


def test_nobody_is_told_a_token_where_there_is_none(broker: Broker) -> None:
    with emitting(broker) as emitter:
        emitter.emit("train", TICK)
    assert "authorization" not in broker.calls[0]


def test_the_settings_choose_who_takes_events(broker: Broker, tmp_path: Path) -> None:
    away = {"TOUCHLINE_HOME": str(tmp_path), "TOUCHLINE_SINK": broker.address, "TOUCHLINE_SINK_TOKEN": TOKEN}
    chosen = bootstrap.ports(away).emitter
    assert isinstance(chosen, HttpEmitter)
    chosen.emit("train", TICK)
    chosen.close()
    assert broker.calls[0]["authorization"] == f"Bearer {TOKEN}"
    local = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path)}).emitter
    assert isinstance(local, QueueFile)
    local.emit("train", TICK)
    assert [one.event for one in local.due("train", NOW, 1)] == [TICK]
    local.close()


def test_a_function_without_the_network_may_not_emit(tmp_path: Path) -> None:
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path)}, needs=frozenset({"object_store"}))
    with pytest.raises(ConfigurationError, match="network"):
        _ = ports.emitter
