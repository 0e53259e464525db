"""A stand-in for Pub/Sub: topics, filtered pushes with retries and dead letters, and a door that speaks its REST.

Time is its own: pauses between attempts pass at once. Deliveries may be doubled and overtake each other, as Google
says that they may.
"""

import heapq
import itertools
import json
import re
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Lock, Thread
from typing import Any

import pubsub_filters

PROJECT = "example-project"
ACKNOWLEDGED = frozenset({102, 200, 201, 202, 204})
"""Every other answer, and none at all, is a negative acknowledgement."""
_SOURCE = "CloudPubSubDeadLetterSource"
Push = Callable[[dict[str, Any]], int]
"""Wrapped message -> status of the answer; 0 = nobody answers."""


@dataclass(frozen=True)
class Message:
    id: str
    data: bytes
    attributes: dict[str, str]
    published: datetime

    def told(self) -> dict[str, Any]:
        """As JSON has it; what is empty is left out."""
        told = {"data": b64encode(self.data).decode(), "attributes": self.attributes}
        return {name: value for name, value in told.items() if value} | {
            "messageId": self.id, "publishTime": self.published.isoformat().replace("+00:00", "Z"),
        }  # fmt: skip


@dataclass
class Subscription:
    name: str
    topic: str
    filter: str = ""
    push: Push | None = None
    """Without one, messages wait until they are pulled."""
    minimum: float = 10.0
    maximum: float = 600.0
    attempts: int = 0
    """Deliveries until a message is a dead letter; 0 = never."""
    dead: str = ""
    """Topic of the dead letters."""
    waiting: dict[str, Message] = field(default_factory=dict)
    leased: dict[str, str] = field(default_factory=dict)
    """Receipt -> message that somebody pulled."""


class Pubsub:
    """Topics and subscriptions of one project.

    Args:
        disorder: doubles deliveries and lets them overtake each other; None = all go well.
    """

    def __init__(self, disorder: Random | None = None) -> None:
        self.topics: set[str] = set()
        self.subscriptions: dict[str, Subscription] = {}
        self.seconds = 0.0
        self.counted: Counter[str] = Counter()
        self.pushed: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        """By subscription: when, and what was answered."""
        self.disorder = disorder
        self._numbers = itertools.count(1)
        self._owed: list[tuple[float, int, str, Message, int]] = []
        self._lock = Lock()

    def subscribe(self, subscription: Subscription) -> Subscription:
        pubsub_filters.read(subscription.filter)
        self.subscriptions[subscription.name] = subscription
        return subscription

    def publish(self, topic: str, data: bytes, attributes: dict[str, str]) -> str:
        """Hand a message to all subscriptions of a topic that want it."""
        assert topic in self.topics, f"no topic {topic}"
        number = next(self._numbers)
        at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=self.seconds, microseconds=number)
        message = Message(str(10**15 + number), data, attributes, at)
        for one in list(self.subscriptions.values()):
            if one.topic == topic and pubsub_filters.read(one.filter)(attributes):
                self._hand(one, message)
        return message.id

    def run(self, limit: int = 10_000) -> None:
        """Push until nothing is owed."""
        while self._owed:
            limit -= 1
            assert limit > 0, "no rest"
            self._deliver(*self._chosen())

    def _hand(self, to: Subscription, message: Message) -> None:
        if to.push is None:
            with self._lock:
                to.waiting[message.id] = message
            return
        self._owe(to, message, 1, 0.0)
        if self.disorder and self.disorder.random() < 0.2:
            self.counted["doubled"] += 1
            self._owe(to, message, 1, 0.0)

    def _owe(self, to: Subscription, message: Message, attempt: int, pause: float) -> None:
        late = self.disorder.uniform(0, 30) if self.disorder else 0.0
        heapq.heappush(self._owed, (self.seconds + pause + late, next(self._numbers), to.name, message, attempt))

    def _chosen(self) -> tuple[Subscription, Message, int]:
        due, _, name, message, attempt = heapq.heappop(self._owed)
        self.seconds = max(self.seconds, due)
        return self.subscriptions[name], message, attempt

    def _deliver(self, to: Subscription, message: Message, attempt: int) -> None:
        assert to.push is not None
        source = f"projects/{PROJECT}/subscriptions/{to.name}"
        told = {"message": message.told(), "subscription": source}
        status = to.push(told | ({"deliveryAttempt": attempt} if to.attempts else {}))
        self.pushed[to.name].append((self.seconds, status))
        if status in ACKNOWLEDGED:
            self.counted["acknowledged"] += 1
        elif to.attempts and attempt >= to.attempts:
            self.counted["dead"] += 1
            origin = {"Subscription": source, "DeliveryCount": str(attempt)}
            more = {f"{_SOURCE}{name}": value for name, value in origin.items()}
            self.publish(to.dead, message.data, message.attributes | more)
        else:
            self.counted["again"] += 1
            self._owe(to, message, attempt + 1, min(to.maximum, to.minimum * 2 ** (attempt - 1)))

    # -- over REST ----------------------------------------------------------------------------------------------------

    def answer(self, kind: str, name: str, verb: str, asked: dict[str, Any]) -> dict[str, Any]:
        """What a call of the REST interface is answered; KeyError = there is no such thing."""
        if kind == "topics":
            if name not in self.topics:
                raise KeyError(name)
            return {"messageIds": [
                self.publish(name, b64decode(one.get("data", "")), one.get("attributes", {}))
                for one in asked["messages"]
            ]}  # fmt: skip
        found = self.subscriptions[name]
        assert found.push is None, f"{name} pushes"
        with self._lock:
            return {"pull": self._pull, "acknowledge": self._acknowledge, "modifyAckDeadline": self._give_back}[verb](
                found, asked
            )

    def _pull(self, found: Subscription, asked: dict[str, Any]) -> dict[str, Any]:
        if next(self._numbers) % 2:  # says so now and then though there are some
            return {}
        free = [one for one in found.waiting.values() if one.id not in found.leased.values()]
        receipts = {f"receipt-{next(self._numbers)}": one for one in free[: min(asked["maxMessages"], 2)]}
        found.leased |= {receipt: one.id for receipt, one in receipts.items()}
        return {"receivedMessages": [
            {"ackId": receipt, "message": one.told()} for receipt, one in receipts.items()
        ]}  # fmt: skip

    def _acknowledge(self, found: Subscription, asked: dict[str, Any]) -> dict[str, Any]:
        for receipt in asked["ackIds"]:
            if receipt in found.leased:
                found.waiting.pop(found.leased.pop(receipt), None)
        return {}

    def _give_back(self, found: Subscription, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["ackDeadlineSeconds"] == 0
        for receipt in asked["ackIds"]:
            found.leased.pop(receipt, None)
        return {}


@dataclass
class Door:
    """Where the REST interface is, and what came in."""

    address: str = ""
    """host:port, for PUBSUB_EMULATOR_HOST."""
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers, instead of doing what is asked."""
    calls: int = 0
    connections: set[object] = field(default_factory=set)


@contextmanager
def served(pubsub: Pubsub) -> Iterator[Door]:
    door = Door()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            door.connections.add(self)

        def finish(self) -> None:
            super().finish()
            door.connections.discard(self)

        def do_POST(self) -> None:
            door.calls += 1
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, told = (door.answers.pop(0), {}) if door.answers else self._told(asked)
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _told(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            path = re.fullmatch(rf"/v1/projects/{PROJECT}/(topics|subscriptions)/([\w-]+):(\w+)", self.path)
            try:
                return (200, pubsub.answer(path[1], path[2], path[3], asked)) if path else (404, {})
            except KeyError:
                return 404, {}

        def log_message(self, *given: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        door.address = f"127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield door
        finally:
            server.shutdown()
            thread.join()
