"""The command `metrics`: the figures once, or served."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from told_figures import told
from touchline import bootstrap
from touchline.cli.main import main

RUN = "runs/train/20260302/090000-0123456789ab-00c0ffee-503.json"


@pytest.fixture
def home(own_home: Path) -> Path:
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(own_home)})
    ports.store.create(RUN, b"{}")
    ports.engine.dispose()
    return own_home


def test_figures_are_printed_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics"]) == 0
    found = told(capsys.readouterr().out.encode())
    assert found["touchline_exporter_unreadable_records_total", frozenset()] == 1
    assert found["touchline_dead_letters", frozenset({("function", "train")})] == 0


def test_figures_are_served_to_whoever_asks_for_them(home: Path) -> None:
    command = [sys.executable, "-m", "touchline.cli.main", "--home", str(home), "metrics", "--serve", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            answer = httpx.get(address, timeout=30, trust_env=False)
            assert answer.headers["content-type"].startswith("text/plain")
            assert told(answer.content)["touchline_exporter_unreadable_records_total", frozenset()] == 1
            assert httpx.get(f"{address}/more", timeout=30, trust_env=False).status_code == 404
        finally:
            process.kill()
