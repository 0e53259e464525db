"""A service in a process of its own, as `touchline serve` starts it: open at first, then by keys; over bare sockets."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from serving import free_port
from touchline.cli.main import main
from waiting import wait_until

pytestmark = pytest.mark.slow


@contextmanager
def served(**settings: str) -> Iterator[tuple[httpx.Client, int]]:
    port = free_port()
    command = [sys.executable, "-m", "touchline.cli.main", "serve", "--port", str(port)]
    with subprocess.Popen(command, env={**os.environ, **settings}, stderr=subprocess.DEVNULL) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
                wait_until(lambda: _alive(client), "the service answers", 60)
                yield client, port
        finally:
            process.terminate()


def _alive(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def raw(port: int, *lines: bytes) -> bytes:
    """First line of the answer to a request that no decent client would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"\r\n".join((b"GET /livescores HTTP/1.1", b"Host: x", b"Connection: close", *lines, b"", b"")))
        return line.makefile("rb").readline().strip()


def test_keys_end_to_end(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def made(*options: str) -> dict[str, str]:
        assert main(["keys", "create", "--name", "site", "--scope", "read", *options, "--json"]) == 0
        return dict(json.loads(capsys.readouterr().out))

    key, slow = made(), made("--per-minute", "1")
    with served() as (client, port):

        def status(path: str = "/livescores", **headers: str) -> int:
            return client.get(
                path, headers={name.replace("_", "-"): value for name, value in headers.items()}
            ).status_code

        assert (status(), status(x_api_key=key["key"])) == (401, 200)
        assert status("/predict/x", x_api_key=key["key"]) == 403
        assert [status(x_api_key=slow["key"]) for _ in range(2)] == [200, 429]
        _odd_requests(port, key["key"].encode())
        assert main(["keys", "revoke", key["id"]]) == 0
        wait_until(lambda: status(x_api_key=key["key"]) == 401, "it is refused", 5)  # two, on a machine at rest


def _odd_requests(port: int, key: bytes) -> None:
    assert raw(port, b"X-API-Key: " + key).endswith(b"200 OK")
    assert raw(port, b"X-API-Key: " + key, b"x-api-key: " + key).endswith(b"401 Unauthorized")
    for lines in ([b"X-API-Key : " + key], [b"X-API-Key: " + key + b"\0"], [b"X-Foo: a", b" X-API-Key: " + key]):
        assert raw(port, *lines).split()[1] in (b"400", b"401")
    assert raw(port, b"X-Foo: " + b"a" * 60_000).endswith(b"401 Unauthorized")


def test_before_the_first_key_all_may_ask_and_nobody_is_taken_for_another_by_what_he_says(own_home: Path) -> None:
    with served(TOUCHLINE_PREDICT_OPEN_PER_MINUTE="2") as (client, _):
        told = [client.get("/livescores", headers={"x-forwarded-for": f"10.0.0.{n}"}).status_code for n in range(3)]
        assert told == [200, 200, 429]
