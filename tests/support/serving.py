"""Servers for tests: a script in a process of its own on a free port, stopped afterwards."""

import contextlib
import http.client
import importlib.util
import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from missing import Missing
from waiting import wait_until

_FIRST, _LAST = 20_000, 32_000
_numbers = itertools.count(os.getpid() * 61)


def free_port() -> int:
    """A port that nobody listens on, nor is given to anybody who asks the system for any until it is listened on."""
    while True:
        port = _FIRST + next(_numbers) % (_LAST - _FIRST)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


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
            await_answer(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def asked(port: int, path: str) -> int:
    """Status of an answer, 0 without one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def await_answer(process: "subprocess.Popen[bytes]", port: int, seconds: float = 60, log: Path | None = None) -> None:
    """Wait until a server answers on a port; fails as soon as its process has ended, with its log."""

    def answers() -> bool:
        told = log.read_text() if log else ""
        assert process.poll() is None, f"a server did not start, exit code {process.returncode} {told}"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/")
            connection.getresponse().read()
            return True
        return False

    wait_until(answers, "a server answers", seconds, pause=0.05)
