"""An image of a function: what is in it, and that it answers where it may do next to nothing."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import lambda_runtime
from images import Builder, started
from serving import asked, free_port
from waiting import wait_until

ROOT = Path(__file__).parents[2]
OPEN = {"TOUCHLINE_PREDICT_ACCESS": "open"}
WRITE = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('x')"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Image(NamedTuple):
    """An image: its name, what it says of itself, its files."""

    name: str
    config: dict[str, Any]
    root: Path


@pytest.fixture(scope="module")
def predict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    builder = Builder(tmp_path_factory.mktemp("storage"))
    builder.base()
    name = builder.build("predict")
    with builder.unpacked(name) as root:
        yield Image(name, builder.config(name), root)


def test_it_answers_without_rights_on_a_root_that_cannot_be_written(predict: Image, tmp_path: Path) -> None:
    port = free_port()
    environ = OPEN | {"PORT": str(port)}
    with started(predict.root, predict.config, environ, tmp_path / "log") as server:
        wait_until(lambda: asked(port, "/healthz") == 200 or server.process.poll() is not None, "it is there", 90)
        assert server.process.poll() is None, server.log.read_text()
        assert [asked(port, path) for path in ("/docs", "/metrics", "/readyz")] == [200, 200, 503]
        told = server.told()
        assert told["Uid"].split() == told["Gid"].split() == ["10001"] * 4
        assert (int(told["CapEff"], 16), told["NoNewPrivs"]) == (0, "1")
        question = predict.config["Healthcheck"]["Test"][1:]
        with started(predict.root, predict.config, environ, tmp_path / "health", *question) as health:
            assert health.process.wait(60) == 0, health.log.read_text()
    with started(predict.root, predict.config, environ, tmp_path / "dead", *question) as health:
        assert health.process.wait(60) != 0


def test_the_same_image_answers_under_lambda(predict: Image, tmp_path: Path) -> None:
    event = json.loads((ROOT / "tests/events/lambda_http_api.json").read_text())["lambda"]
    event["requestContext"]["http"] |= {"method": "GET", "path": "/healthz"}
    with lambda_runtime.offered() as (runtime, address):
        environ = OPEN | {"AWS_LAMBDA_RUNTIME_API": address, "AWS_REGION": "eu-west-1"}
        with started(predict.root, predict.config, environ, tmp_path / "log") as client:
            kind, answer = runtime.invoke(event | {"rawPath": "/healthz", "body": "", "isBase64Encoded": False})
            assert (kind, answer["statusCode"]) == ("response", 200), client.log.read_text()


@pytest.mark.parametrize(
    ("place", "allowed"), [("/app/x", False), ("/opt/venv/x", False), ("/var/tmp/x", False), ("/tmp/x", True)]
)
def test_only_tmp_can_be_written(predict: Image, place: str, allowed: bool, tmp_path: Path) -> None:
    with started(predict.root, predict.config, {}, tmp_path / "log", "python", "-c", WRITE, place) as wrote:
        assert (wrote.process.wait(60) == 0) == allowed, wrote.log.read_text()


def test_it_says_what_it_is(predict: Image) -> None:
    labels = predict.config["Labels"]
    commit = labels["org.opencontainers.image.revision"].removesuffix("-changed")
    assert subprocess.run(["git", "cat-file", "-e", f"{commit}^{{commit}}"], cwd=ROOT, check=False).returncode == 0
    assert predict.config["User"] == "10001:10001"
    assert labels["org.opencontainers.image.title"] == "touchline-predict"
    assert predict.name == f"localhost/touchline-predict:{labels['org.opencontainers.image.revision']}"
    assert not [line for line in predict.config["Env"] if "PIP" in line or "SECRET" in line or "TOKEN" in line]


def test_nothing_of_the_machine_that_built_it_is_in_it(predict: Image) -> None:
    assert not (predict.root / "etc/pip.conf").exists()
    assert not (predict.root / "run/certificates.crt").exists()
    assert not list((predict.root / "opt/venv").rglob("pip-*"))
    assert sorted(path.name for path in (predict.root / "app/functions").iterdir()) == [
        "entry",
        "predict",
        "wiring.yaml",
    ]
    for path in (predict.root / "app/functions").rglob("*"):
        assert path.name != "__pycache__"


def test_no_file_lets_anybody_become_more(predict: Image) -> None:
    """Nothing is set-uid, nothing of ours or of Python belongs to the user that runs it or can be changed by him."""
    for folder, _, files in os.walk(predict.root):
        for name in files:
            found = (Path(folder) / name).lstat()
            assert not found.st_mode & (stat.S_ISUID | stat.S_ISGID), name
            assert found.st_uid == 0, name
            assert not stat.S_ISREG(found.st_mode) or not found.st_mode & stat.S_IWOTH, name
