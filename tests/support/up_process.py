"""`touchline up` as a process of its own: started on free ports, asked, killed, ended."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from touchline import bootstrap, wiring
from touchline.adapters.queue_file import QueueFile
from touchline.platform.lock import mark
from touchline.platform.processes import INSTANCE
from waiting import wait_until

PATIENCE = 60.0


class UpProcess:
    """A local platform and the news that it prints.

    Args:
        environ: of the platform, beside what is foreign in that of this process.
        options: of the command.
    """

    def __init__(self, environ: Mapping[str, str], *options: str) -> None:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "TOUCHLINE_"))
        }
        self.environ = {**inherited, **environ}  # mlflow leaves the address of its last server in the environment
        self.home = Path(environ["TOUCHLINE_HOME"])
        self.news: list[dict[str, Any]] = []
        self._heard = threading.Condition()
        self.home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "touchline.cli.main", "up", "--json", "--port-base", "0", *options]
        with (self.home / "up.err").open("ab") as errors:
            self.process = subprocess.Popen(
                command, env=self.environ, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self._heard:
                    self.news.append(json.loads(line))
                    self._heard.notify_all()
        with self._heard:
            self._heard.notify_all()

    def wait(self, wanted: Callable[[dict[str, Any]], bool], patience: float = PATIENCE) -> dict[str, Any]:
        """The first news that is wanted, come or to come."""
        deadline, seen = time.monotonic() + patience, 0
        with self._heard:
            while True:
                for news in self.news[seen:]:
                    if wanted(news):
                        return news
                seen = len(self.news)
                left = deadline - time.monotonic()
                assert left > 0, f"not told in {patience} s; heard: {self.news[-5:]}, {self.complaint}"
                assert self._reader.is_alive(), f"ended: {self.complaint}"
                self._heard.wait(min(left, 1.0))

    def told(self, change: str, function: str = "", since: int = 0, **fields: Any) -> dict[str, Any]:
        """The first such news at or after a position in `news`, come or to come."""
        wanted = {"change": change, **({"function": function} if function else {}), **fields}
        known = set(map(id, self.news[:since]))
        return self.wait(lambda news: id(news) not in known and wanted.items() <= news.items())

    @property
    def complaint(self) -> str:
        """What it wrote on standard error."""
        return (self.home / "up.err").read_text()[-2000:]

    @property
    def inbox(self) -> str:
        """Address of the door."""
        return str(self.wait(lambda news: "inbox" in news)["inbox"])

    def status(self) -> dict[str, Any]:
        """What the platform says of itself; the functions by name."""
        found = dict(httpx.get(f"{self.inbox}status", timeout=30, trust_env=False).json())
        return found | {"functions": {row["function"]: row for row in found["functions"]}}

    def post(self, body: bytes, **headers: str) -> httpx.Response:
        """Knock at the door."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(self.inbox, content=body, headers=named, timeout=30, trust_env=False)

    def rest(self, patience: float = PATIENCE) -> None:
        """Wait until nothing is owed."""

        def rests() -> bool:
            assert self.process.poll() is None, self.complaint
            return not owed(self.environ)

        try:
            wait_until(rests, "nothing is owed", patience, pause=0.1)
        except AssertionError as late:
            late.add_note(f"still owed: {owed(self.environ)[:5]}; {self.news[-3:]}")
            raise

    def interrupt(self, number: signal.Signals = signal.SIGINT, patience: float = 30) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(patience)

    def kill(self) -> None:
        """As the power cut does it."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Read to the end what it told."""
        self._reader.join(10)

    def processes(self) -> list[psutil.Process]:
        """All processes of functions that were started for this home."""
        return [process for process in psutil.process_iter() if instance(process).startswith(mark(self.home))]

    def gone(self, patience: float = 10) -> list[psutil.Process]:
        """Processes of functions that are still there after a while."""
        return psutil.wait_procs(self.processes(), patience)[1]


def instance(process: psutil.Process) -> str:
    """Which instance of a function a process belongs to, empty if to none."""
    try:
        return str(process.environ().get(INSTANCE, ""))
    except (psutil.Error, OSError):
        return ""


@contextmanager
def running(environ: Mapping[str, str], *options: str) -> Iterator[UpProcess]:
    """A local platform that is ended, and of which nothing is left, whatever happens within."""
    up = UpProcess(environ, *options)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.interrupt()
        for left in up.processes():
            left.kill()
        up.close()


def owed(environ: Mapping[str, str]) -> list[str]:
    """What a platform has not worked off: deliveries that wait, and objects that nobody has queued yet.

    The queue is read before the store: whatever a function publishes while we look is either known, or counted as owed.
    """
    ports = bootstrap.ports(environ)
    wired = wiring.load(wiring.root(environ))
    with closing(QueueFile(ports.home / "platform.db")) as queue:
        known = {name: queue.receipts(name) for name in wired.functions}
        counted = {name: found["waiting"] for name, found in queue.counts().items() if found.get("waiting")}
    waiting = [f"{name}: {number} waiting" for name, number in counted.items()]
    unseen = [
        f"{name}: {info.key}"
        for name, made in wired.functions.items()
        for prefix in made.prefixes
        for info in ports.store.list(prefix)
        if info.key not in known[name]
    ]
    return waiting + unseen
