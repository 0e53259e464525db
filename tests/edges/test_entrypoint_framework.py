"""The functions framework, as a platform starts it: a process of its own, our `main.py`, a free port."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from small_platform import environment
from touchline import bootstrap, events
from touchline.entrypoint import RUN_HEADER
from touchline.work import Event


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, dict[str, str]]]:
    """Port of the function `validate`, and its environment."""
    environ = environment(tmp_path_factory.mktemp("framework"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    main = Path(environ["TOUCHLINE_FUNCTIONS"]) / "validate" / "main.py"
    command = [
        *(sys.executable, str(Path(sys.executable).with_name("functions-framework"))),
        *("--source", str(main), "--target", "handle", "--signature-type", "http"),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    process = subprocess.Popen(command, env=os.environ | environ)
    try:
        wait_for(port, process)
        yield port, environ
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Ask until it answers; fail at once if it dies."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            assert request(port, "GET", "/healthz", {})[0] == 200
            return
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the functions framework ended with {process.wait(0.1)}")
    raise AssertionError("the functions framework does not answer")


def request(port: int, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader(RUN_HEADER, "")
    finally:
        connection.close()


def test_it_answers_as_the_platforms_want(served: tuple[int, dict[str, str]]) -> None:
    port, environ = served
    store = bootstrap.ports(environ).store
    for key, expected in (("raw/fine", 204), ("raw/refuse", 204), ("raw/wait", 503)):
        store.create(key, key.rpartition("/")[2].encode())
        event = Event(id=key, kind="object", source="test", time=datetime(2026, 3, 2, tzinfo=UTC), key=key)
        message = events.to_http(event)
        status, body, run = request(port, "POST", "/", dict(message.headers), message.body)
        assert (status, body) == (expected, b"")
        assert store.stat(run) is not None
    assert [info.key.rpartition("/")[2] for info in store.list("quarantine/validate/")] == ["reason.json"]


def test_a_plain_request_and_a_message_of_no_dialect(served: tuple[int, dict[str, str]]) -> None:
    port, _ = served
    assert request(port, "POST", "/", {"content-type": "application/json"}, b'{"schedule": "daily"}')[:2] == (204, b"")
    status, body, _ = request(port, "POST", "/", {"content-type": "text/plain"}, b"hello")
    assert (status, b"no known dialect" in body) == (400, True)
    assert request(port, "POST", "/", {"content-type": "text/plain", "ce-id": "1"}, b"hello")[:2] == (204, b"")
    assert request(port, "GET", "/", {})[0] == 405
    assert request(port, "HEAD", "/healthz", {})[:2] == (200, b"")
