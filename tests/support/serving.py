"""Servers for tests: a script in a process of its own on a free port, stopped afterwards."""

import contextlib
import http.client
import importlib.util
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from waiting import wait_until


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
    def answers() -> bool:
        assert process.poll() is None, f"a server did not start, exit code {process.returncode}"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/")
            connection.getresponse().read()
            return True
        return False

    wait_until(answers, "a server answers", 60, pause=0.02)
