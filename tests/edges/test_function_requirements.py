"""The requirements of each function are enough for it: in an environment with nothing else."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from framework import serving
from touchline import bootstrap

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/requirements.txt"))
UNREACHABLE = ("error sending request", "dns error", "tcp connect error", "Connection refused", "timed out")
"""What uv says where no package index answers."""
DELIVERIES = {
    "scrape": ("application/json", b'{"schedule": "twice-daily"}'),
    "export": ("application/cloudevents+json", (ROOT / "tests/events/curl/scraped.json").read_bytes()),
    "validate": ("application/json", (ROOT / "tests/events/curl/exported.json").read_bytes()),
}
"""What each of the first functions of the chain gets, once the one before it is done."""

pytestmark = pytest.mark.slow
Install = Callable[[str], str]


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

    def fill(function: str) -> str:
        requirements = ROOT / "functions" / function / "requirements.txt"
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
    with serving(ROOT / "functions" / function / "main.py", environ, tmp_path, install(function)) as served:
        assert served.ask("GET", "/healthz").status == 200
        if function in DELIVERIES:
            kind, body = DELIVERIES[function]
            reply = served.ask("POST", "/", {"content-type": kind}, body)
            assert (reply.status, reply.body) == (204, b""), served.log.read_text()
            stage = {"scrape": "scrapes", "export": "raw", "validate": "validated"}[function]
            assert bootstrap.ports(environ).store.stat(f"{stage}/published/000000000001.json"), served.log.read_text()
