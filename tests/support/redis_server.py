"""A Redis server of our own, which can die and come back."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from missing import Missing
from serving import free_port


class RedisServer:
    """A server on a free port of this machine that keeps nothing on disk."""

    def __init__(self, folder: str) -> None:
        self._program, self._folder = shutil.which("redis-server"), folder
        if self._program is None:
            raise Missing("redis-server is not installed")
        self.port = free_port()
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        assert self._program is not None
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [self._program, *options, "--dir", self._folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        with redis.Redis(port=self.port, socket_connect_timeout=1) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    assert self._process.poll() is None, "redis-server ended"
                    assert time.monotonic() < deadline, "redis-server does not answer"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def server() -> Iterator[RedisServer]:
    """Start a server.

    Raises:
        Missing: it cannot be had here.
    """
    with tempfile.TemporaryDirectory(prefix="touchline-redis-") as folder:
        made = RedisServer(folder)
        try:
            yield made
        finally:
            made.kill()
