"""The event bridge as a process of its own, and a bucket that tells it of new objects."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import quote_plus

import httpx

from serving import free_port
from touchline.errors import TouchlineError
from touchline.ports import ObjectStore
from waiting import wait_until

ROOT = Path(__file__).parents[2]
BUCKET_TOKEN, SINK_TOKEN = "a-token-of-the-bucket", "a-token-of-the-sweep"
BUCKET = "touchline"
RELEASED = 0.2
"""Share of the notifications held back that goes on its way at each look."""


class Bridge:
    """A bridge that can be killed and started again, on the same port.

    Args:
        environ: of the bridge, beside what is foreign in that of this process.
        log: file for what it says.
    """

    def __init__(self, environ: Mapping[str, str], log: Path) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")}
        tokens = {"TOUCHLINE_BRIDGE_TOKEN": BUCKET_TOKEN, "TOUCHLINE_SINK_TOKEN": SINK_TOKEN}
        self._environ = {**inherited, **environ, **tokens, "TOUCHLINE_LOG_LEVEL": "ERROR"}
        self._log, self._port = log, free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "uvicorn", "main:app", "--app-dir", str(ROOT / "functions" / "bridge")]
        command += ["--port", str(self._port), "--lifespan", "on", "--no-access-log"]
        with self._log.open("ab") as told:
            self._process = subprocess.Popen(command, env=self._environ, stdout=told, stderr=told)
        wait_until(self._answers, "the bridge answers", 60, pause=0.05)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()[-2000:]
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/healthz", timeout=5, trust_env=False).status_code == 200
        return False

    def kill(self) -> None:
        """As SIGKILL does it: nothing is finished, nothing is said."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Ask it to end."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(30)

    def metrics(self) -> dict[str, float]:
        """Its numbers, labels and all."""
        return told(httpx.get(f"{self.url}/metrics", timeout=30, trust_env=False).text)


def told(text: str) -> dict[str, float]:
    """Numbers in the text format of Prometheus, by name and labels."""
    pairs = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


@contextmanager
def running(environ: Mapping[str, str], log: Path) -> Iterator[Bridge]:
    """A bridge that is there, and gone afterwards."""
    made = Bridge(environ, log)
    try:
        made.start()
        yield made
    finally:
        made.kill()


def notification(key: str, etag: str, bucket: str = BUCKET) -> bytes:
    """What an S3 server posts of a new object."""
    record = {
        "eventVersion": "2.0", "eventSource": "minio:s3", "awsRegion": "", "eventName": "s3:ObjectCreated:Put",
        "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key), "eTag": etag, "sequencer": "1"}},
    }  # fmt: skip
    named = {"EventName": record["eventName"], "Key": f"{bucket}/{key}", "Records": [record]}
    return json.dumps(named).encode()


class Chances:
    """What a bad line does to notifications: shares that are lost, doubled, and held back behind later ones."""

    def __init__(self, seed: int = 7, *, lost: float = 0.0, doubled: float = 0.0, late: float = 0.0) -> None:
        self.lost, self.doubled, self.late = lost, doubled, late
        self.dice = Random(seed)
        self.counted: dict[str, int] = {"lost": 0, "doubled": 0, "late": 0}

    def happens(self, what: str) -> bool:
        """Whether it happens to the next notification."""
        hit = self.dice.random() < getattr(self, what)
        self.counted[what] += hit
        return hit


class Notifier:
    """Tells a bridge of new objects, as a bucket's webhook does: one after the other, each until it is taken.

    Args:
        store: looked at, directly.
        prefixes: where objects are told of.
        url: of the bridge.
        chances: what happens on the way.
        every: seconds between two looks.
    """

    def __init__(
        self, store: ObjectStore, prefixes: tuple[str, ...], url: str, chances: Chances | None = None,
        every: float = 0.03,
    ) -> None:  # fmt: skip
        self._store, self._prefixes, self._url = store, prefixes, url
        self._chances, self._every = chances or Chances(), every
        self._seen: set[tuple[str, str]] = set()
        self._queue: queue.Queue[bytes | None] = queue.Queue()
        self._held: list[bytes] = []
        self._look_lock, self._over = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._tell, self._watch)]
        self.refused = 0

    def __enter__(self) -> "Notifier":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._queue.put(None)
        for thread in self._threads:
            thread.join(30)

    @property
    def pending(self) -> int:
        """Notifications that the bridge has not taken yet."""
        return self._queue.unfinished_tasks + len(self._held)

    def look(self) -> int:
        """Tell of what is new; how much."""
        with self._look_lock:
            found = [info for prefix in self._prefixes for info in self._store.list(prefix)]
            new = [info for info in found if (info.key, info.etag) not in self._seen]
            self._seen.update((info.key, info.etag) for info in new)
            self._send([notification(info.key, info.etag) for info in new])
            return len(new)

    def _send(self, told: list[bytes]) -> None:
        """Send what is told on its way, and what was held back, now and then."""
        chances, now = self._chances, list[bytes]()
        held, self._held = self._held, []
        for body in held:
            (now if chances.dice.random() < RELEASED else self._held).append(body)
        for body in told:
            copies = (not chances.happens("lost")) + chances.happens("doubled")
            (self._held if chances.happens("late") else now).extend([body] * copies)
        for body in now:
            self._queue.put(body)

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            with suppress(TouchlineError):  # a bucket that fails now and then tells the rest later
                self.look()

    def _tell(self) -> None:
        with httpx.Client(headers={"authorization": f"Bearer {BUCKET_TOKEN}"}, trust_env=False, timeout=60) as client:
            while (body := self._queue.get()) is not None:
                while not self._over.is_set() and not self._taken(client, body):
                    self.refused += 1
                    self._over.wait(0.05)
                self._queue.task_done()

    def _taken(self, client: httpx.Client, body: bytes) -> bool:
        with suppress(httpx.HTTPError):
            return client.post(f"{self._url}/notify", content=body).is_success
        return False
