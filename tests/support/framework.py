"""A function behind the functions framework, as a platform starts it: a process of its own on a free port."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from serving import free_port

PATIENCE = 90.0


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Served:
    """A running function."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    def ask(
        self,
        method: str,
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        wait: float = 60,
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=wait)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, told, answer.read())
        finally:
            connection.close()

    def await_start(self) -> None:
        """Ask until it answers; fail at once if it ends."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(ConnectionRefusedError):
                assert self.ask("GET", "/healthz").status == 200, self.log.read_text()
                return
            with suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it ended with {self.process.wait(0.1)}: {self.log.read_text()}")
        raise AssertionError(f"it does not answer: {self.log.read_text()}")


def start(main: Path, environ: Mapping[str, str], folder: Path, python: str = sys.executable) -> Served:
    """Start the function in a `main.py`; what it says goes to a file in `folder`."""
    port = free_port()
    runtime = folder / f"run-{port}"
    runtime.mkdir(parents=True)
    command = [python, "-m", "functions_framework", "--source", str(main), "--target", "handle"]
    command += ["--signature-type", "http", "--host", "127.0.0.1", "--port", str(port)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOUCHLINE_", "PYTHON"))}
    around = {**kept, "WORKERS": "1", "THREADS": "2", "XDG_RUNTIME_DIR": str(runtime), **environ}
    log = folder / f"{main.parent.name}-{port}.log"
    with log.open("wb") as told:
        process = subprocess.Popen(command, env=around, stdout=told, stderr=told, start_new_session=True)
    return Served(process, port, log)


def stop(served: Served) -> None:
    """End it and what it forked, at once: a graceful end takes seconds, and there is nothing to save."""
    with suppress(ProcessLookupError):
        os.killpg(served.process.pid, signal.SIGKILL)
    served.process.wait(timeout=20)


@contextmanager
def serving(main: Path, environ: Mapping[str, str], folder: Path, python: str = sys.executable) -> Iterator[Served]:
    """Start a function, wait until it answers `GET /healthz`, end it afterwards."""
    served = start(main, environ, folder, python)
    try:
        served.await_start()
        yield served
    finally:
        stop(served)
