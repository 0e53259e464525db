"""Servers for tests: a script in a process of its own on a free port, stopped afterwards."""

import contextlib
import http.client
import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


class Missing(Exception):
    """The server is not installed on this machine."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(package: str, script: Path, *arguments: object) -> Iterator[str]:
    """Run `script PORT ARGUMENTS` until the end; gives its address once it answers.

    Raises:
        Missing: the package that serves is not installed.
    """
    if importlib.util.find_spec(package) is None:
        raise Missing(f"{package} is not installed")
    port = free_port()
    with subprocess.Popen(
        [sys.executable, str(script), str(port), *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _await_answer(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _await_answer(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        time.sleep(0.02)
    raise RuntimeError(f"a server did not start, exit code {process.poll()}")
