"""The servers that are compared: how each is started, asked, and how its answer is read; measured from outside.

Every server gets one thread for its arithmetic, compiled code, no access log, and one process that answers.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from predict_world import NAMES, World

PARTS = Path(__file__).parent
ROOT = PARTS.parents[2]
PATIENCE = 300.0
WRK = """
local requests, at = {%s}, 0
request = function() at = at %% #requests + 1; return requests[at] end
done = function(summary, latency)
  local failed = summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout
  print(string.format('\\n{"per_second": %%.1f, "n": %%d, "failed": %%d, "p50": %%.3f, "p99": %%.3f, "longest": %%.1f}',
    summary.requests / summary.duration * 1e6, summary.requests, failed, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency.max / 1000))
end
"""
NUMBER = re.compile(r"0?\.\d+(?:[eE]-?\d+)?|[01]\.0")


class Kind(NamedTuple):
    """A server: its name, the command for a port, its environment, and the requests that it is asked."""

    name: str
    command: Sequence[str]
    """With {port} where the port goes."""
    environ: Mapping[str, str]
    requests: tuple[str, ...]
    """The first is asked until it is answered rightly."""


class Served(NamedTuple):
    """A server that runs."""

    process: psutil.Popen
    port: int
    started: float
    """Seconds from the start of the process to the first right answer."""

    def family(self) -> list[psutil.Process]:
        """The process and those that it started."""
        return [self.process, *self.process.children(recursive=True)]

    def memory(self) -> float:
        """Resident memory of all its processes, MB."""
        return sum(one.memory_info().rss for one in self.family()) / 1e6

    def busy(self) -> float:
        """Seconds of processor time of all its processes so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self.family())


def ours(world: World, python: Path, **settings: str) -> Kind:
    """Our service as functions/Dockerfile starts it."""
    command = [str(python), "-m", "uvicorn", "main:app", "--app-dir", str(ROOT / "functions" / "predict"), *_quiet()]
    asked = tuple(get(f"/predict/{match}", world.key) for match in world.matches)
    return Kind("ours", [*command, "--lifespan", "off"], {**world.environ, **settings}, asked)


def rivals(world: World, python: Path) -> list[Kind]:
    """Those of the other environment; `save` must have been run in it."""
    beside, row = python.parent, world.row
    told = {"RIVAL_FOLDER": str(world.folder), "PATH": f"{beside}:{os.environ['PATH']}"}
    named = dict(zip(NAMES, row, strict=True))
    predict, by_name = (post("/predict", json.dumps({"features": told})) for told in (row, named))
    invoked = post("/invocations", json.dumps({"dataframe_records": [named]}))
    fast = [str(python), "-m", "uvicorn", "--factory", "--app-dir", str(PARTS), *_quiet()]
    models = [str(beside / "mlflow"), "models", "serve", "-m", str(world.folder / "mlflow"), "--env-manager", "local"]
    bento = [str(beside / "bentoml"), "serve", "predict_bento:Forecaster", "--working-dir", str(PARTS)]
    return [
        Kind("mlflow models serve", [*models, "--workers", "1", "--port", "{port}"], told, (invoked,)),
        Kind("BentoML", [*bento, "--host", "127.0.0.1", "--port", "{port}"], told, (predict,)),
        Kind("FastAPI + pyfunc", [*fast, "predict_rival:pyfunc"], told, (by_name,)),
        Kind("FastAPI + onnxruntime", [*fast, "predict_rival:onnx"], told, (predict,)),
    ]


def saved(world: World, python: Path) -> None:
    """Let the rivals keep the model in their own form."""
    command = [str(python), str(PARTS / "predict_rival.py"), str(world.folder)]
    subprocess.run(command, check=True, env=clean({}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def get(path: str, key: str = "") -> str:
    """A request without a body."""
    return f"GET {path} HTTP/1.1\r\nhost: bench\r\n{f'x-api-key: {key}' + chr(13) + chr(10) if key else ''}\r\n"


def post(path: str, body: str, key: str = "") -> str:
    """A request with a body of JSON."""
    presented = f"x-api-key: {key}\r\n" if key else ""
    head = f"POST {path} HTTP/1.1\r\nhost: bench\r\n{presented}content-type: application/json\r\n"
    return f"{head}content-length: {len(body.encode())}\r\n\r\n{body}"


@contextmanager
def running(kind: Kind, expected: Sequence[float]) -> Iterator[Served]:
    """Start a server, wait until it answers rightly, end it afterwards with all its processes."""
    port = _free_port()
    command = [part.format(port=port) for part in kind.command]
    begun = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = psutil.Popen(command, env=clean(kind.environ), cwd=ROOT, **quiet)
    served = Served(process, port, 0.0)
    try:
        _await(served, kind, expected, begun + PATIENCE)
        yield served._replace(started=time.perf_counter() - begun)
    finally:
        for one in reversed(served.family() if process.is_running() else []):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()


def asked(port: int, requests: Sequence[str], **plan: Any) -> dict[str, Any]:
    """What a process of its own tells that asks a server."""
    if set(plan) <= {"seconds"} and shutil.which("wrk"):
        return _with_wrk(port, requests, **plan)
    body = json.dumps({"port": port, "requests": list(requests), **plan})
    command = [sys.executable, str(PARTS / "predict_ask.py")]
    done = subprocess.run(command, input=body, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _with_wrk(port: int, requests: Sequence[str], seconds: float) -> dict[str, Any]:
    """The same by a program in C, which leaves the servers more of the machine."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK % ",".join(json.dumps(request) for request in requests))
        script.flush()
        command = [
            "wrk",
            "-t1",
            "-c16",
            f"-d{seconds:.0f}s",
            "--timeout",
            "30s",
            "-s",
            script.name,
            f"http://127.0.0.1:{port}/",
        ]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def _await(served: Served, kind: Kind, expected: Sequence[float], until: float) -> None:
    answer = "nothing"
    while time.perf_counter() < until:
        with suppress(OSError):
            answer = once(served.port, kind.requests[0])
            if answer.startswith("HTTP/1.1 200"):
                told = [float(number) for number in NUMBER.findall(answer.partition("\r\n\r\n")[2])]
                if not all(any(abs(one - number) < 2e-4 for number in told) for one in expected):
                    raise AssertionError(f"{kind.name} says {answer[-300:]}, expected was {expected}")
                return
        assert served.process.poll() is None, f"{kind.name} ended: {' '.join(kind.command)}"
        time.sleep(0.002)
    raise AssertionError(f"{kind.name} gave no right answer in {PATIENCE:g} s, but {answer[:100]} ... {answer[-400:]}")


def measured(served: Served, requests: Sequence[str], seconds: float) -> dict[str, Any]:
    """As `asked`, and how many requests a second of the server's own processor time: what a busy machine tells, too."""
    before = served.busy()
    told = asked(served.port, requests, seconds=seconds)
    return told | {"per_processor_second": round(told["n"] / max(served.busy() - before, 0.01), 1)}


def once(port: int, request: str) -> str:
    """One request over a connection of its own, the whole answer."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(request.replace("\r\n", "\r\nconnection: close\r\n", 1).encode())
        parts = iter(lambda: connection.recv(65_536), b"")
        return b"".join(parts).decode()


def clean(more: Mapping[str, str]) -> dict[str, str]:
    """Ours without what would change how fast Python starts or what it serves."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TOUCHLINE_"))}
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "True", "DO_NOT_TRACK": "1"}
    return {**kept, **quiet, "OMP_NUM_THREADS": "1", **more}


def _quiet() -> list[str]:
    return [
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
        "--log-level",
        "warning",
        "--no-access-log",
        "--no-proxy-headers",
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
