"""A fault of a real platform is told by a real Prometheus and a real Alertmanager, and so is its end."""

import subprocess
import sys
from pathlib import Path

import pytest

import alertmanager
import prometheus
import small_platform
import up_process
import watching
from touchline import bootstrap
from waiting import wait_until

pytestmark = pytest.mark.slow


def touchline(environ: dict[str, str], *words: str) -> None:
    command = [sys.executable, "-m", "touchline.cli.main", *words]
    subprocess.run(command, env=environ, check=True, capture_output=True)


def test_a_dead_letter_calls_somebody_until_its_cause_is_mended(tmp_path: Path) -> None:
    rules = tmp_path / "rules-work.yaml"
    rules.write_text(alertmanager.hurried((watching.CONFIG / "rules-work.yaml").read_text()))
    environ = small_platform.environment(tmp_path)
    with up_process.running(environ) as up, alertmanager.running(tmp_path) as (judge, phone):
        jobs = {"touchline": [f"{up.inbox}metrics"]}
        with prometheus.server(jobs, rules=[rules], alertmanagers=[judge], interval="2s") as watch:
            bootstrap.ports(up.environ).store.create("incoming/a.txt", b"break it")
            up.told("dead", "validate")
            told = phone.wait("DeadLetters", "firing")
            assert told["labels"]["function"] == "validate"
            assert told["labels"]["severity"] == "ticket"
            assert told["annotations"]["summary"].startswith("validate gave up 1 pieces of work")
            assert told["annotations"]["runbook"] == "docs/operations.md#deadletters"
            assert phone.told("DeadLetters", "resolved") == []
            for door in ("/slack", "/pagerduty"):
                wait_until(lambda path=door: any("validate gave up" in one for one in phone.heard(path)), door, 20)
                said, *_ = [one for one in phone.heard(door) if "validate gave up" in one]
                assert "touchline deadletters list" in said
                assert "docs/operations.md#deadletters" in said
            (up.home / "objects" / "raw" / "a.txt").write_bytes(b"fine")
            touchline(up.environ, "deadletters", "redrive", "--all")
            phone.wait("DeadLetters", "resolved")
            assert watch.value("sum(touchline_dead_letters)") == 0
            assert watch.value('touchline_runs_total{function="validate",outcome="failed"}') == 3
            done = 'touchline_runs_total{function="validate",outcome="done"} >= 1'
            wait_until(lambda: watch.query(done), "the work is done", 20)
