"""The requirements of each function are enough for it: in an environment with nothing else."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from framework import serving
from serving import asked, free_port
from touchline import bootstrap, wiring
from waiting import wait_until

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(wiring.load(ROOT / "functions").functions)
UNREACHABLE = ("error sending request", "dns error", "tcp connect error", "Connection refused", "timed out")
"""What uv says where no package index answers."""
DELIVERIES = {
    "scrape": ("application/json", b'{"schedule": "twice-daily"}'),
    "export": ("application/cloudevents+json", (ROOT / "tests/events/curl/scraped.json").read_bytes()),
    "validate": ("application/json", (ROOT / "tests/events/curl/exported.json").read_bytes()),
}
"""What each of the first functions of the chain gets, once the one before it is done."""

pytestmark = pytest.mark.slow
Install = Callable[..., str]
WITH_FRAMEWORK = {"predict": "requirements-google.txt"}
"""Files that bring the functions framework, where it is not the usual one."""


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Fills one environment with exactly what a function requires, and says where its Python is.

    What two functions share stays from one to the next; files are links into the cache of uv.
    """
    folder = tmp_path_factory.mktemp("environment")
    python = folder / "alone" / "bin" / "python"
    environ = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "UV_HTTP_TIMEOUT": "60"}

    def uv(*arguments: str) -> None:
        done = subprocess.run(  # from elsewhere: uv's constraints in pyproject.toml have no hashes
            [sys.executable, "-m", "uv", "--quiet", *arguments], cwd=folder, env=environ, capture_output=True, text=True
        )
        if done.returncode and any(word in done.stderr for word in UNREACHABLE):
            pytest.skip("no package index can be reached")
        assert done.returncode == 0, done.stderr

    def fill(function: str, name: str = "requirements.txt") -> str:
        requirements = ROOT / "functions" / function / name
        uv("pip", "sync", "--require-hashes", "--python", str(python), str(requirements))
        uv("pip", "check", "--python", str(python))
        return str(python)

    uv("venv", "--python", sys.executable, str(folder / "alone"))
    yield fill
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The common library on the path, and one home for all functions."""
    home = tmp_path_factory.mktemp("chain") / "home"
    return {
        "PYTHONPATH": str(ROOT / "shared"),
        "TOUCHLINE_HOME": str(home),
        "TOUCHLINE_SCRAPE_SOURCES": "simulated",
    }


@pytest.mark.parametrize("function", [*DELIVERIES, *(name for name in FUNCTIONS if name not in DELIVERIES)])
def test_a_function_starts_with_its_own_requirements_alone(
    function: str, install: Install, environ: dict[str, str], tmp_path: Path
) -> None:
    python = install(function, WITH_FRAMEWORK.get(function, "requirements.txt"))
    with serving(ROOT / "functions" / function / "main.py", environ, tmp_path, python) as served:
        assert served.ask("GET", "/healthz").status == 200
        if function in DELIVERIES:
            kind, body = DELIVERIES[function]
            reply = served.ask("POST", "/", {"content-type": kind}, body)
            assert (reply.status, reply.body) == (204, b""), served.log.read_text()
            stage = {"scrape": "scrapes", "export": "raw", "validate": "validated"}[function]
            assert bootstrap.ports(environ).store.stat(f"{stage}/published/000000000001.json"), served.log.read_text()


def test_predict_starts_under_uvicorn_with_its_own_requirements_alone(
    install: Install, environ: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    command = [install("predict"), "-m", "uvicorn", "main:app", "--app-dir", str(ROOT / "functions" / "predict")]
    told = tmp_path / "told.txt"
    with told.open("w") as log, subprocess.Popen([*command, "--port", str(port)], env=environ, stderr=log) as process:
        try:
            wait_until(lambda: asked(port, "/healthz") == 200, "the service is there", 60)
            assert (asked(port, "/docs"), asked(port, "/metrics"), asked(port, "/readyz")) == (200, 200, 503), (
                told.read_text()
            )
        finally:
            process.kill()


def test_the_bridge_starts_under_uvicorn_with_its_own_requirements_alone(
    install: Install, environ: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    command = [install("bridge"), "-m", "uvicorn", "main:app", "--app-dir", str(ROOT / "functions" / "bridge")]
    named = {**environ, "TOUCHLINE_HOME": str(tmp_path / "home"), "TOUCHLINE_BROKER": "http://127.0.0.1:1"}
    told = tmp_path / "told.txt"
    with told.open("w") as log, subprocess.Popen([*command, "--port", str(port)], env=named, stderr=log) as process:
        try:
            wait_until(lambda: asked(port, "/healthz") == 200, "the bridge is there", 60)
            assert [asked(port, path) for path in ("/readyz", "/metrics", "/notify")] == [200, 200, 405], (
                told.read_text()
            )
        finally:
            process.kill()
