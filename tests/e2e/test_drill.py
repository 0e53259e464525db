"""The drill: MLflow is away when a model wants to be registered; then all is backed up, lost, and comes back."""

import gc
import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

import postgres
import real_parts
import s3
import seasons
from mlflow_server import MlflowServer
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.deploy import backup, restore
from touchline.platform.runner import Step
from touchline.testing.digests import Digest, difference, digest
from touchline.testing.league import START, environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Late(MlflowServer):
    """A server that is away until it is started once more, and ends at once, with its helpers."""

    asked = 0

    def start(self) -> None:
        self.asked += 1
        if self.asked > 1:
            super().start()

    def stop(self) -> None:
        if self.asked > 1:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)


class Parts(msgspec.Struct, frozen=True):
    """Servers, and where their data are."""

    endpoint: str
    postgresql: str
    mlflow: Late
    places: dict[str, str]


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with ExitStack() as stack:
        endpoint = stack.enter_context(s3.server())
        postgresql = stack.enter_context(postgres.server())
        made = places(endpoint, postgresql, "first")
        mlflow = Late(*served(made, endpoint), tmp_path)
        stack.callback(mlflow.stop)
        yield Parts(endpoint, postgresql, mlflow, made)
    with warnings.catch_warnings():  # functions keep their connections as long as their process lives
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def places(endpoint: str, postgresql: str, name: str) -> dict[str, str]:
    """Empty places for everything, as the settings name them."""
    return {
        "TOUCHLINE_STORE": f"s3://{s3.bucket(endpoint)}",
        "TOUCHLINE_DATABASE": real_parts.made_database(postgresql, f"touchline_{name}"),
        "MLFLOW_BACKEND_STORE_URI": real_parts.made_database(postgresql, f"mlflow_{name}"),
        "MLFLOW_ARTIFACTS_DESTINATION": f"s3://{s3.bucket(endpoint)}/artifacts",
    }


def served(made: dict[str, str], endpoint: str) -> tuple[str, str, dict[str, str]]:
    """What a server of MLflow is told to keep its data in these places."""
    return made["MLFLOW_BACKEND_STORE_URI"], made["MLFLOW_ARTIFACTS_DESTINATION"], s3.environment(endpoint)


@pytest.fixture
def environ(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    aws = s3.environment(parts.endpoint)
    for name, value in {**aws, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}.items():
        monkeypatch.setenv(name, value)
    functions = str(real_parts.quick_functions(tmp_path))
    found = environment(tmp_path) | aws | parts.places | {"MLFLOW_TRACKING_URI": parts.mlflow.address}
    del found["TOUCHLINE_REGISTRY"]
    return found | {"TOUCHLINE_FUNCTIONS": functions}


def play(environ: dict[str, str], parts: Parts) -> list[Step]:
    """The first phase of the small league, while MLflow is away until somebody waits for it."""
    steps: list[Step] = []

    def pause(_: float) -> None:
        failed = any(step.function == "train" and step.record and step.record.outcome == "failed" for step in steps)
        if failed and parts.mlflow.asked == 1:
            parts.mlflow.start()

    seasons.local(environ, slice(1), watch=steps.append, pause=pause)
    return steps


def state(environ: dict[str, str]) -> Digest:
    return digest(bootstrap.ports(environ, clock=VirtualClock(START)))


def test_what_waited_for_mlflow_is_registered_and_all_comes_back_from_a_backup(
    parts: Parts, environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = play(environ, parts)
    runs = [step.record for step in steps if step.record and step.function == "train"]
    assert [run.outcome for run in runs if run.outcome in ("failed", "done")] == ["failed", "done"]
    store = bootstrap.ports(environ).store
    trained = [info.key for info in store.list("models/") if info.key.endswith("trained.msgpack")]
    assert len(trained) == 1  # what was learnt while MLflow was away was kept, and not learnt again
    before = state(environ)
    assert before.registry

    assert backup.main(["--to", str(tmp_path / "backups")], environ) == 0
    again = environ | places(parts.endpoint, parts.postgresql, "again")
    assert restore.main(["--from", str(tmp_path / "backups")], again) == 0, capsys.readouterr().err
    server = Late(*served(again, parts.endpoint), tmp_path)
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.start()
        home = {"TOUCHLINE_HOME": str(tmp_path / "another"), "MLFLOW_TRACKING_URI": server.address}
        assert difference(before, state(again | home)) == []
