"""An MLflow server of our own: runs and versions in a database, artifacts wherever it puts them, through it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from serving import free_port
from waiting import wait_until


class MlflowServer:
    """One worker on a free port of this machine; it can go away and come back."""

    def __init__(self, backend: str, artifacts: str, env: Mapping[str, str], folder: Path) -> None:
        self._port, self._log = free_port(), folder / "log"
        self.address = f"http://127.0.0.1:{self._port}"
        self._command = [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self._port),
            "--workers", "1", "--backend-store-uri", backend, "--artifacts-destination", artifacts,
        ]  # fmt: skip
        self._env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", **env}
        self._folder = folder
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._env, cwd=self._folder, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._answers, "MLflow answers", 120)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _answers(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        try:
            return httpx.get(f"{self.address}/health", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


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
