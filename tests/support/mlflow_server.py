"""An MLflow server of our own: runs and versions in a database, artifacts wherever it puts them, through it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from serving import await_answer, free_port

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""As it is deployed: its job runner would be eight more processes, and nothing that we do is a job of MLflow's."""


class MlflowServer:
    """One worker on a free port of this machine; it can go away and come back."""

    def __init__(self, backend: str, artifacts: str, env: Mapping[str, str], folder: Path) -> None:
        self._port, self._log = free_port(), folder / "log"
        self.address = f"http://127.0.0.1:{self._port}"
        self._command = [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self._port),
            "--workers", "1", "--backend-store-uri", backend, "--artifacts-destination", artifacts,
        ]  # fmt: skip
        self._env = {**os.environ, **QUIET, **env}
        self._folder = folder
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._env, cwd=self._folder, stdout=log, stderr=log, start_new_session=True
            )
        try:
            await_answer(self._process, self._port, 240, self._log)
        except AssertionError:
            self.stop()
            raise

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


@contextmanager
def running(backend: str, artifacts_destination: str, env: Mapping[str, str]) -> Iterator[MlflowServer]:
    """Start a server.

    Args:
        backend: SQLAlchemy address of its database.
        artifacts_destination: where it puts artifacts: a folder, or `s3://bucket/prefix`.
        env: what it finds in its environment beside ours (credentials of the bucket).
    """
    with tempfile.TemporaryDirectory(prefix="touchline-mlflow-") as folder:
        made = MlflowServer(backend, artifacts_destination, env, Path(folder))
        try:
            yield made
        finally:
            made.stop()


@contextmanager
def server(backend: str, artifacts_destination: str, env: Mapping[str, str]) -> Iterator[str]:
    """Start a server; gives its address."""
    with running(backend, artifacts_destination, env) as made:
        yield made.address
