"""Our functions as a cluster has them: bucket -> bridge -> broker -> functions and jobs, by the rendered manifests.

The functions run in this process, one event at a time each; the bridge is a process of its own, the broker and the
bucket's notifications are threads. Ticks of the schedules come when a test wants them.
"""

import json
import tempfile
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

import bridge
from bridge import Bridge, Chances, Notifier
from broker import Broker, Deliver, Reply, manifests
from touchline import bootstrap, job, wiring
from touchline.dialects.cloudevents import PING, binary
from touchline.entrypoint import Surroundings, surrounded
from touchline.errors import TouchlineError
from touchline.events import Message
from touchline.manifest import encode
from touchline.testing.functions import Call, handle
from waiting import wait_until

RENDERED = bridge.ROOT / "knative" / "generated"
HURRY = 0.01
AGAIN = 3
"""A job that failed is started so often at most before it is left to sweep: its pod dies, and another one comes."""


class Cluster:
    """All parts together, for as long as the context lasts.

    Args:
        environ: of the functions; the bridge gets it, too.
        folder: for what they write beside their home.
        outside: of the bridge and of whoever looks on, where it differs from what the functions have.
        chances: what happens to notifications.
        hurry: pauses between attempts are so many times as long as the manifests say.
        every: seconds between two looks for new objects.
    """

    def __init__(
        self, environ: Mapping[str, str], folder: Path, *, outside: Mapping[str, str] | None = None,
        chances: Chances | None = None, hurry: float = HURRY, every: float = 0.03,
    ) -> None:  # fmt: skip
        self._every = every
        self._folder, self._outside, self._chances = folder, {**environ, **(outside or {})}, chances
        self.broker = Broker(manifests(RENDERED), self._reach, lambda seconds: self._over.wait(seconds * hurry))
        self._environ = dict(environ)
        self._functions = wiring.root(environ)
        self.wired = wiring.load(self._functions)
        self._places = {name: threading.Lock() for name in self.wired.functions}
        self._jobs: dict[tuple[str, str], int] = {}
        self._working, self._lock = 0, threading.Lock()
        self._over, self._stack = threading.Event(), ExitStack()
        self.answers: list[tuple[str, int]] = []
        """(function, status), as they came."""
        self.bridge: Bridge
        self.notifier: Notifier

    def __enter__(self) -> "Cluster":
        self.broker.start()
        self._stack.callback(self.broker.stop)
        self._outside["TOUCHLINE_BROKER"] = self.broker.ingress
        self.bridge = self._stack.enter_context(bridge.running(self._outside, self._folder / "bridge.log"))
        sink = {"TOUCHLINE_SINK": f"{self.bridge.url}/events", "TOUCHLINE_SINK_TOKEN": bridge.SINK_TOKEN}
        self._environ.update(sink)
        self.ports = bootstrap.ports(self._outside)
        prefixes = tuple({prefix for made in self.wired.functions.values() for prefix in made.prefixes})
        self._runners = self._stack.enter_context(ThreadPoolExecutor(4))
        self._stack.callback(self._over.set)
        self.notifier = self._stack.enter_context(
            Notifier(self.ports.store, prefixes, self.bridge.url, self._chances, self._every)
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def at(self, moment: str) -> None:
        """Set the clock of the functions."""
        self._environ["TOUCHLINE_NOW"] = moment

    def tick(self, function: str, schedule: str = "") -> None:
        """Let a schedule fire, the first one by default, as PingSource does."""
        named = schedule or next(trigger.name for trigger in self.wired.function(function).triggers if trigger.cron)
        source = "/apis/v1/namespaces/touchline/pingsources/"
        told = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": source, "type": PING, "function": function}
        message = binary(told, {"schedule": named})
        httpx.post(
            self.broker.ingress, headers=dict(message.headers), content=message.body, timeout=300, trust_env=False
        ).raise_for_status()

    def sweep(self) -> bool:
        """Let sweep look for what was lost; whether it emitted anything."""
        before = len(self._logs())
        self.tick("sweep")
        return len(self._logs()) > before

    def _logs(self) -> list[str]:
        return [info.key for info in self.ports.store.list("chain/sweep/2")]

    def rest(self, patience: float = 240.0) -> None:
        """Wait until nothing is on its way, in this order: what is later can only come of what is before it."""
        try:
            wait_until(self._rests, "nothing is on its way", patience, pause=0.03)
        except AssertionError as late:
            late.add_note(f"notifications {self.notifier.pending}, inbox {self.ports.inbox.state()}")
            late.add_note(f"broker idle {self.broker.idle}, jobs {self._working}, {self.bridge.metrics()}")
            raise

    def _rests(self) -> bool:
        with suppress(TouchlineError):  # whoever does not answer does not rest
            return self._is_calm()
        return False

    def _is_calm(self) -> bool:
        return (
            not self.notifier.pending
            and not self.waiting()
            and self.broker.idle
            and not self._working
            and not self.notifier.look()
            and not self.notifier.pending
        )

    def waiting(self) -> int:
        """Events in the inbox that the broker does not have yet."""
        return self.ports.inbox.state().states.get("waiting", 0)

    # -- subscribers ------------------------------------------------------------------------------------------------

    def _reach(self, dest: str) -> Deliver:
        """How a subscriber is reached: a service by its host, a job by the path of the sink, the bridge over HTTP."""
        parts = urlsplit(dest)
        host = (parts.hostname or "").partition(".")[0]
        if host == "job-sink":
            return lambda message, _: self._start_job(parts.path.rpartition("/")[2], message)
        if host == "bridge":
            return lambda message, seconds: self._ask_bridge(parts.path, message, seconds)
        return lambda message, _: self._call(host, message)

    def _call(self, function: str, message: Message) -> Reply:
        with self._places[function], surrounded(Surroundings(dict(self._environ))):
            body, status, headers = handle(function, self._functions)(Call(message))
        self.answers.append((function, status))
        return Reply(status, headers, body.encode())

    def _ask_bridge(self, path: str, message: Message, patience: float) -> Reply:
        try:
            answer = httpx.post(
                f"{self.bridge.url}{path}", headers=dict(message.headers), content=message.body, timeout=patience,
                trust_env=False,
            )  # fmt: skip
        except httpx.HTTPError:
            return Reply(None)
        return Reply(answer.status_code, answer.headers, answer.content)

    def _start_job(self, function: str, message: Message) -> Reply:
        """A job for each source and id, once: as long as the job is remembered, the same event starts no other."""
        identity = (message.headers["ce-source"], message.headers["ce-id"])
        with self._lock:
            known, self._jobs[identity] = identity in self._jobs, 1
            self._working += not known
        if not known:
            self._runners.submit(self._work, function, _structured(message))
        return Reply(202)

    def _work(self, function: str, event: bytes) -> None:
        try:
            with tempfile.TemporaryDirectory(dir=self._folder) as mounted:
                (Path(mounted) / "event").write_bytes(event)
                environ = {**self._environ, "K_EVENT_PATH": mounted, "FUNCTION": function}
                for _ in range(AGAIN):
                    with self._places[function]:
                        code = job.main(environ)
                    self.answers.append((function, code))
                    if code == job.DONE:
                        break
        finally:
            with self._lock:
                self._working -= 1


def _structured(message: Message) -> bytes:
    """A binary CloudEvent as JobSink mounts it: one JSON document."""
    named: dict[str, Any] = {name[3:]: value for name, value in message.headers.items() if name.startswith("ce-")}
    data = {"datacontenttype": "application/json", "data": json.loads(message.body)} if message.body else {}
    return encode(named | data)
