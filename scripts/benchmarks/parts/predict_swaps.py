"""Steady load on the service while champions change and Redis goes and comes back: what was answered, and by whom."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from predict_servers import asked, measured, ours, running
from predict_world import World, foretell, promote, serving

from touchline import bootstrap

EVERY = 20.0
"""Seconds from one disturbance to the next of its kind."""
GRACE = 2.0
"""Seconds within which every instance must have taken up a new champion."""
SHARE = 0.7
OTHER = "bench-other"


def under_load(world: World, python: Path, minutes: float) -> dict[str, Any]:
    """Load for so many minutes at 70 % of what the service can do."""
    with tempfile.TemporaryDirectory() as folder, redis(Path(folder)) as server:
        kind = ours(world, python, TOUCHLINE_CACHE=server.address)
        with running(kind, world.expected) as served, ThreadPoolExecutor(1) as beside:
            peak = measured(served, kind.requests, 3)["per_second"]
            plan = {"seconds": minutes * 60, "rate": SHARE * peak, "connections": 16}
            answers = beside.submit(asked, served.port, kind.requests, **plan)
            current, memory = [(0.0, serving_version(world))], []
            while not answers.done():
                _disturb(world, server, current, answers)
                memory.append(round(served.memory(), 1))
            told = answers.result()
            late = wrong(told.pop("versions"), current)
        with running(kind, world.expected) as fresh:  # what was forecast meanwhile takes its place in any process
            asked(fresh.port, kind.requests, count=1000, seconds=30)
            return {
                **told, "peak_per_second": peak, "asked_per_second": round(SHARE * peak), "champions": len(current),
                "redis_restarts": server.restarts, "wrong_versions": late,
                "memory_mb": memory, "memory_mb_of_a_new_process": round(fresh.memory(), 1),
            }  # fmt: skip


def wrong(versions: dict[str, list[str]], current: list[tuple[float, str]]) -> list[str]:
    """Versions that answered in a tenth of a second when they were not published yet, or no longer."""
    until = [at for at, _ in current[1:]] + [float("inf")]
    spans = [(version, at - 0.1, end + GRACE) for (at, version), end in zip(current, until, strict=True)]
    return [
        f"{version} at {int(tenth) / 10}"
        for tenth, names in versions.items()
        for version in names
        if not any(name == version and since <= int(tenth) / 10 <= end for name, since, end in spans)
    ]


def serving_version(world: World) -> str:
    """The version that serves."""
    store = bootstrap.ports(world.environ).store
    return f"bench-{len(list(store.list('serving/published/')))}"


def _disturb(world: World, server: "Redis", current: list[tuple[float, str]], until: Any) -> None:
    """One round: Redis goes, a new champion comes, Redis comes back, its forecasts come."""
    for act in (server.stop, lambda: _crown(world, current), server.start, lambda: foretell(_ports(world))):
        begun = time.monotonic()
        if until.done():
            return
        act()
        while time.monotonic() - begun < EVERY / 4 and not until.done():
            time.sleep(0.1)


def _crown(world: World, current: list[tuple[float, str]]) -> None:
    """Two models take turns: what both have said is sealed once, so that what is told does not grow."""
    ports, began = _ports(world), time.time()
    number = len(list(ports.store.list("serving/published/"))) + 1
    name = OTHER if len(current) % 2 else current[0][1]
    current.append((began, promote(ports, serving(ports), number, name)))


def _ports(world: World) -> bootstrap.Container:
    return bootstrap.ports(world.environ)


class Redis:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._folder, self.restarts = folder, -1
        self.address = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Empty, as after a crash."""
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            command, cwd=self._folder, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.restarts += 1

    def stop(self) -> None:
        """At once."""
        self._process.kill()
        self._process.wait()


@contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    """One that runs."""
    if not shutil.which("redis-server"):
        raise SystemExit("the load needs redis-server on this machine (Debian: redis-server)")
    server = Redis(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
