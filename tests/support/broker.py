"""A broker that does what the rendered Triggers say, as Knative's does: the chain can be tried without a cluster.

What it copies of Knative Eventing 1.22 (with InMemoryChannel, synchronous): filters of a Trigger are ANDed, one dialect
each; an answer without content is done, one with other content than a CloudEvent counts as 502; no answer, 5xx, 404,
408, 409 and 429 are tried again after growing pauses, other answers are not; then the event goes to the dead letter
sink with what went wrong in its attributes, but without any where nothing answered. The ingress answers when all
Triggers that match are done: 202, or 500 if one of them is left with an event that not even its dead letter sink took.
Nothing is kept: what is on its way when the broker ends is gone.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import yaml

from touchline.events import Message

RETRIED = {404, 408, 409, 429}
STRUCTURED = "application/cloudevents+json"
CONTEXT = {"specversion", "id", "source", "type"}
Wait = Callable[[float], object]


class Reply(NamedTuple):
    """Answer of a subscriber; without a status there was none."""

    status: int | None
    headers: Mapping[str, str] = {}
    body: bytes = b""


Deliver = Callable[[Message, float], Reply]
"""Brings a message to a subscriber; told how long it may take, in seconds."""


class Delivered(NamedTuple):
    """What became of an event at one Trigger."""

    trigger: str
    event: str
    status: int | None
    attempts: int
    dead: bool


@cache
def manifests(folder: Path) -> tuple[dict[str, Any], ...]:
    """All documents of the YAML files of a folder, read once."""
    return tuple(doc for path in sorted(folder.glob("*.yaml")) for doc in yaml.safe_load_all(path.read_text()) if doc)


def matches(filters: Iterable[Mapping[str, Any]], attributes: Mapping[str, str]) -> bool:
    """Whether an event passes all filters of a Trigger."""
    return all(_passes(one, attributes) for one in filters)


def _passes(one: Mapping[str, Any], attributes: Mapping[str, str]) -> bool:
    tests: dict[str, Callable[[str, str], bool]] = {
        "exact": str.__eq__, "prefix": str.startswith, "suffix": str.endswith,
    }  # fmt: skip
    ((dialect, inner),) = one.items()
    if dialect in tests:
        return all(name in attributes and tests[dialect](attributes[name], wanted) for name, wanted in inner.items())
    if dialect == "not":
        return not _passes(inner, attributes)
    return {"all": all, "any": any}[dialect](_passes(each, attributes) for each in inner)


def seconds(duration: str) -> float:
    """Length of an ISO 8601 duration of hours, minutes and seconds."""
    found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", duration)
    assert found, duration
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + rest


def address(subscriber: Mapping[str, Any]) -> str:
    """Where a cluster finds a subscriber."""
    ref, path = subscriber["ref"], subscriber.get("uri", "/")
    if ref["kind"] == "JobSink":
        return f"http://job-sink.knative-eventing.svc.cluster.local/touchline/{ref['name']}"
    return f"http://{ref['name']}.touchline.svc.cluster.local{path}"


class Broker:
    """Broker and Triggers of some manifests, behind an HTTP ingress.

    Args:
        docs: manifests; all but Triggers are passed over.
        reach: how the subscriber at an address is reached.
        pause: rests between two attempts.
    """

    def __init__(self, docs: Iterable[Mapping[str, Any]], reach: Callable[[str], Deliver], pause: Wait = time.sleep):
        self.triggers = [(doc["metadata"]["name"], doc["spec"]) for doc in docs if doc["kind"] == "Trigger"]
        self.log: list[Delivered] = []
        self._reach, self._pause = reach, pause
        self._life, self._busy, self._lock = 0, 0, threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    @property
    def ingress(self) -> str:
        """Where events are posted to; the same after a restart."""
        return f"http://127.0.0.1:{self._port}/touchline/default"

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way, also of what a former life left behind in its subscribers."""
        return not self._busy

    def start(self) -> None:
        """Take events."""
        handler = type("Ingress", (_Ingress,), {"broker": self, "life": self._life})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """End at once: connections break, and what is on its way is delivered no further."""
        assert self._server is not None
        self._life += 1
        self._server.shutdown()
        self._server.cut()
        self._server.server_close()

    def take(self, message: Message) -> int | None:
        """Deliver an event to every Trigger that it matches; the status of the ingress, None if it did not live on."""
        attributes = {name[3:]: unquote(value) for name, value in message.headers.items() if name.startswith("ce-")}
        if not all(attributes.get(name) for name in CONTEXT):
            return 400
        life, wanted = self._life, [one for one in self.triggers if matches(one[1]["filters"], attributes)]
        with self._lock:
            self._busy += 1
        try:
            if not wanted:
                return 202
            with ThreadPoolExecutor(len(wanted)) as pool:
                done = list(pool.map(lambda one: self._trigger(life, *one, message, attributes["id"]), wanted))
        finally:
            with self._lock:
                self._busy -= 1
        return None if life != self._life else 202 if all(done) else 500

    def _trigger(self, life: int, name: str, spec: Mapping[str, Any], message: Message, event: str) -> bool:
        """Deliver to one subscriber, else to its dead letter sink; whether anybody took it."""
        delivery, dest = spec["delivery"], address(spec["subscriber"])
        reply, attempts = self._deliver(life, dest, delivery, message)
        done = _taken(reply)
        self.log.append(Delivered(name, event, reply.status, attempts, not done))
        if done or life != self._life:
            return done
        told = {"ce-knativeerrordest": dest, "ce-knativeerrorcode": str(reply.status), "ce-knativeerrordata": "none"}
        told = told if reply.status is not None else {}
        letter = Message(message.method, message.path, {**message.headers, **told}, message.body)
        return _taken(self._deliver(life, address(delivery["deadLetterSink"]), delivery, letter)[0])

    def _deliver(self, life: int, dest: str, delivery: Mapping[str, Any], message: Message) -> tuple[Reply, int]:
        """The last answer, and how many attempts it took."""
        delay, grows = seconds(delivery["backoffDelay"]), delivery["backoffPolicy"] == "exponential"
        for attempt in range(delivery["retry"] + 1):
            reply = self._reach(dest)(message, seconds(delivery["timeout"]))
            if reply.status is not None and 200 <= reply.status < 300 and not _is_known(reply):
                reply = reply._replace(status=502)
            again = reply.status is None or reply.status >= 500 or reply.status in RETRIED
            if not again or attempt == delivery["retry"]:
                break
            self._pause(delay * 2**attempt if grows else delay * attempt)
            if life != self._life:
                break
        return reply, attempt + 1


def _taken(reply: Reply) -> bool:
    return reply.status is not None and 200 <= reply.status < 300


def _is_known(reply: Reply) -> bool:
    """Whether a success says nothing, or is a CloudEvent."""
    return not reply.body or "ce-specversion" in reply.headers or reply.headers.get("content-type") == STRUCTURED


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *given: Any) -> None:
        self._open: set[Any] = set()
        super().__init__(*given)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """Break all connections."""
        for request in list(self._open):
            self.shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nobody is told of connections that broke."""


class _Ingress(BaseHTTPRequestHandler):
    broker: Broker
    life: int
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status = self.broker.take(Message("POST", "/", {k.lower(): v for k, v in self.headers.items()}, body))
        if status is None or self.life != self.broker._life:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """No line for each request."""
