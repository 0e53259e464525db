"""Functions in processes of their own: started, watched, started again when they die, ended with all they forked.

Every process carries TOUCHLINE_INSTANCE, whose beginning names the home. So what a platform left behind that was killed
is found by asking the processes themselves, and no list can be out of date.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Final

import httpx
import msgspec
import psutil

from touchline.errors import Unavailable
from touchline.platform import bound
from touchline.platform.status import Change
from touchline.wiring import Function

HOST: Final = "127.0.0.1"
INSTANCE: Final = "TOUCHLINE_INSTANCE"
LONGEST_PAUSE: Final = 30.0
STEADY: Final = 10.0
"""Seconds; a process that lived for so long did not die of its start."""
CRASHES: Final = 3
"""So many deaths in a row are called crashing."""
LARGEST_LOG: Final = 10 * 2**20
_UNWANTED: Final = ("DEBUG", "FUNCTION_USE_ASGI", "FUNCTION_TARGET", "FUNCTION_SOURCE")
"""Variables that would change how the functions framework starts."""


class Plan(msgspec.Struct, frozen=True):
    """How a function is started, and how many deliveries it takes at a time."""

    name: str
    port: int
    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    log: Path
    parallel: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"


def plan(function: Function, folder: Path, home: Path, port: int, environ: Mapping[str, str]) -> Plan:
    """How to start a function of the wiring: the functions framework, or uvicorn for one that answers HTTP itself.

    A claimed function has one process, others as many as they may have instances, forked from one that has imported
    all they need.
    """
    workers = 1 if function.claim else function.scale.max
    source = folder / function.name
    if any(trigger.http for trigger in function.triggers):
        command = ["uvicorn", "main:app", "--app-dir", str(source), "--lifespan", "off", "--log-level", "warning"]
        command += ["--no-proxy-headers", "--no-access-log"]  # the service itself decides whom to believe
    else:
        command = ["functions_framework", "--source", str(source / "main.py"), "--target", "handle"]
        command += ["--signature-type", "http"]
    command += ["--host", HOST, "--port", str(port)]
    runtime = home / "run" / function.name
    around = {name: value for name, value in environ.items() if name not in _UNWANTED} | {
        "WORKERS": str(workers), "THREADS": str(function.concurrency), "CLOUD_RUN_TIMEOUT_SECONDS": "0",
        "XDG_RUNTIME_DIR": str(runtime),  # where gunicorn puts its control socket, one for each
    }  # fmt: skip
    log = home / "logs" / f"{function.name}.log"
    return Plan(function.name, port, tuple(command), around, log, workers * function.concurrency)


class Child:
    """The process of one function, kept alive.

    Args:
        plan: how it is started.
        mark: what the names of its instances begin with.
        died: told the instance that is no more, before the next one starts.
        tell: told of every change, and why.
        client: asks whether it answers.
    """

    def __init__(
        self,
        plan: Plan,
        mark: str,
        died: Callable[[str], Awaitable[None]],
        tell: Callable[[str, Change, str], None],
        client: httpx.AsyncClient,
    ) -> None:
        self.plan = plan
        self.instance = ""
        self.ready = asyncio.Event()
        self.died = died
        self._mark, self._tell, self._client = mark, tell, client
        self._process: asyncio.subprocess.Process | None = None
        self._starts = 0

    @property
    def pid(self) -> int:
        """Of the process that runs, 0 if none does."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def keep(self) -> None:
        """Start the process, and again whenever it dies, until this task is cancelled."""
        deaths, why = 0, ""
        while True:
            began = time.monotonic()
            self._tell(self.plan.name, "crashing" if deaths >= CRASHES else "starting", why)
            process = await self._start()
            asking = asyncio.create_task(self._ask())
            code = await process.wait()
            asking.cancel()
            self.ready.clear()
            self._signal(signal.SIGKILL)  # what it forked
            deaths = 1 if time.monotonic() - began > STEADY else deaths + 1
            why = _told(code, self.plan.log)
            self._tell(self.plan.name, "died", why)
            await self.died(self.instance)
            await asyncio.sleep(0 if deaths == 1 else min(0.5 * 2 ** (deaths - 2), LONGEST_PAUSE))

    def end_now(self) -> None:
        """Kill the process and its forks; `keep` starts it again."""
        self.ready.clear()
        self._signal(signal.SIGKILL)

    async def stop(self, grace: float) -> None:
        """End the process and its forks: asked to, and after `grace` seconds killed. Cancel `keep` before."""
        self.ready.clear()
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._process.wait()
        self._signal(signal.SIGKILL)
        await self._process.wait()
        self._tell(self.plan.name, "stopped", "")

    async def _start(self) -> asyncio.subprocess.Process:
        self._starts += 1
        self.instance = f"{self._mark}{self.plan.name}/{os.getpid()}.{self._starts}"
        command = (sys.executable, bound.__file__, str(os.getpid()), *self.plan.arguments)
        environ = {**self.plan.environ, INSTANCE: self.instance}
        Path(environ["XDG_RUNTIME_DIR"]).mkdir(parents=True, exist_ok=True)
        with closing(_log(self.plan.log)) as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, env=environ, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        return self._process

    async def _ask(self) -> None:
        """Ask until it answers."""
        pause = 0.05
        while True:
            with suppress(httpx.TransportError):
                await self._client.get(f"{self.plan.url}/healthz", timeout=5)
                break
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        self._tell(self.plan.name, "ready", "")
        self.ready.set()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


def _log(path: Path) -> IO[bytes]:
    """The log of a function, opened to append; a large one is put aside, in place of the one put aside before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _told(code: int, log: Path) -> str:
    how = f"by signal {-code}" if code < 0 else f"with {code}"
    return f"ended {how}; see {log}"


def end_leftovers(mark: str) -> list[int]:
    """Kill processes that a platform of this home left behind; call under the lock of the home. Returns their ids."""
    left = list(_marked(mark))
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=10)
    return [process.pid for process in left]


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(INSTANCE, "").startswith(mark) and process.pid != os.getpid():
                yield process


def free_ports(base: int, names: tuple[str, ...]) -> tuple[int, ...]:
    """Ports from `base` on, one for each name; any that are free if `base` is 0.

    Raises:
        Unavailable: names every port that somebody else has.
    """
    wanted = [base + offset if base else 0 for offset in range(len(names))]
    sockets: list[socket.socket] = []
    taken: list[str] = []
    for port, name in zip(wanted, names, strict=True):
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sockets.append(probe)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            taken.append(f"{port} ({name}): {error.strerror}")
    found = tuple(probe.getsockname()[1] for probe in sockets)
    for probe in sockets:
        probe.close()
    if taken:
        hint = "end what listens there, or choose other ports with --port-base"
        raise Unavailable("ports cannot be had", where=HOST, details=tuple(taken), hint=hint)
    return found


def memory_mib(pid: int) -> float:
    """Memory of a process and its children: the proportional share, or what is resident where that is not told."""
    total = 0
    with suppress(psutil.Error):
        leader = psutil.Process(pid)
        for process in (leader, *leader.children(recursive=True)):
            with suppress(psutil.Error):
                found = process.memory_full_info()
                total += getattr(found, "pss", found.rss)
    return total / 2**20
