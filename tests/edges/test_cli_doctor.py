"""The doctor uses every part once, and says what is wrong without stopping at it; teams get their names."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from touchline import bootstrap, wiring
from touchline.adapters.local_store import LocalStore
from touchline.adapters.schema import HEAD
from touchline.cli.doctor import examine
from touchline.cli.doctor_parts import PARTS
from touchline.cli.main import main
from touchline.errors import TouchlineError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "TOUCHLINE_HOME": str(tmp_path / "home"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "TOUCHLINE_REGISTRY": "folder",
    }


def states(environ: dict[str, str]) -> dict[str, str]:
    return {finding.part: finding.state for finding in examine(environ)}


def said(environ: dict[str, str], part: str) -> str:
    return next(finding.what for finding in examine(environ) if finding.part == part)


@pytest.mark.slow
def test_a_fresh_home_works_and_lacks_a_model(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", environ["TOUCHLINE_HOME"], "doctor", "--json"]) == 0
    found = {finding["part"]: finding["state"] for finding in json.loads(capsys.readouterr().out)}
    assert found == {
        **dict.fromkeys(("python", "wiring", "settings", "clock", "store", "database", "registry", "cache"), "ok"),
        **dict.fromkeys(("keys", "sink", "errors", "browser", "sources", "model"), "missing"),
    }
    assert main(["--home", environ["TOUCHLINE_HOME"], "doctor"]) == 0
    assert "wrote, read and listed an object" in capsys.readouterr().out


@pytest.mark.slow
def test_parts_that_fail_are_named_beside_those_that_work(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    broken = environ | {
        "TOUCHLINE_STORE": str(tmp_path / "file" / "objects"),
        "TOUCHLINE_DATABASE": "postgresql+pg8000://me:hunter2@127.0.0.1:1/none",
        "TOUCHLINE_CACHE": "redis://:hunter2@127.0.0.1:1/0",
        "TOUCHLINE_SINK": "http://me:hunter2@127.0.0.1:1/",
        "TOUCHLINE_SCRAPE_SOURCES": "radio",
        "TOUCHLINE_COLOUR": "red",
    }
    findings = list(examine(broken))
    found = {finding.part: finding.state for finding in findings}
    assert (found["cache"], found["sink"], found["model"]) == ("failed", "failed", "missing")
    assert all(finding.advice for finding in findings if finding.state == "failed")
    assert "hunter2" not in str(findings)
    assert (found["store"], found["database"], found["clock"]) == ("failed", "failed", "ok")
    assert (found["sources"], found["settings"]) == ("missing", "missing")
    assert "TOUCHLINE_COLOUR" in said(broken, "settings")
    assert "no source 'radio'" in said(broken, "sources")
    assert "hunter2" not in said(broken, "database")


def test_a_wrong_setting_is_told_by_its_variable(environ: dict[str, str]) -> None:
    wrong = environ | {"TOUCHLINE_NOW": "yesterday", "TOUCHLINE_TRAIN_TRIALS": "many"}
    assert "TOUCHLINE_TRAIN_TRIALS" in said(wrong, "settings")
    assert "yesterday" in said(wrong, "clock")
    both = said(wrong | {"TOUCHLINE_TRAIN_TRAILS": "9"}, "settings")
    assert "TOUCHLINE_TRAIN_TRIALS: Expected" in both
    assert "TOUCHLINE_TRAIN_TRAILS: did you mean TOUCHLINE_TRAIN_TRIALS?" in both


def test_every_setting_that_is_read_is_known_and_no_value_is_told(environ: dict[str, str]) -> None:
    told = said(environ | {"TOUCHLINE_SINK_TOKEN": "hunter2", "TOUCHLINE_FUNCTIONS": str(wiring.root())}, "settings")
    assert told.split(", ") == sorted(
        ["TOUCHLINE_FUNCTIONS", "TOUCHLINE_HOME", "TOUCHLINE_REGISTRY", "TOUCHLINE_SINK_TOKEN"]
    )


@pytest.mark.slow
def test_the_simulated_source_is_really_asked(environ: dict[str, str]) -> None:
    assert "fetched SIM1" in said(environ | {"TOUCHLINE_SCRAPE_SOURCES": "simulated"}, "sources")


@pytest.mark.slow
def test_a_failing_part_has_exit_code_1(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_FUNCTIONS", environ["TOUCHLINE_HOME"])
    assert main(["--home", environ["TOUCHLINE_HOME"], "doctor"]) == 1
    assert "no wiring file" in capsys.readouterr().out


def test_a_home_of_another_kind_of_store_is_tried_twice_without_a_trace(environ: dict[str, str]) -> None:
    assert [said(environ, "store") for _ in range(2)] == [said(environ, "store")] * 2
    keys = [info.key for info in bootstrap.ports(environ).store.list("")]
    assert keys == ["runs/doctor/probe.json"]
    with bootstrap.ports(environ).engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM claims").scalar_one() == 0


@pytest.mark.slow
def test_a_server_that_never_answers_is_given_up(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        hanging = environ | {
            "TOUCHLINE_DATABASE": f"postgresql://me:hunter2@{place}/x",
            "TOUCHLINE_CACHE": f"redis://{place}/0",
            "TOUCHLINE_SINK": f"http://{place}/",
        }
        command = [sys.executable, "-m", "touchline.cli.main", "doctor", "--json"]
        done = subprocess.run(command, env={**os.environ, **hanging}, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    found = {finding["part"]: finding for finding in json.loads(done.stdout)}
    assert [found[part]["state"] for part in ("store", "database", "cache", "sink")] == ["ok"] + ["failed"] * 3
    assert found["database"]["what"] == "no answer within 10 s"
    assert "TOUCHLINE_DATABASE" in found["database"]["advice"]
    assert sum(finding["seconds"] for finding in found.values()) < 40
    assert "hunter2" not in done.stdout + done.stderr


class Careless(LocalStore):
    """Knows no conditions, as some servers do not: whoever comes second is told that all is well."""

    def create(self, key: str, data: bytes | BinaryIO) -> bool:
        super().create(key, data)
        return True


def test_a_store_that_overwrites_is_told(environ: dict[str, str], tmp_path: Path) -> None:
    ports = bootstrap.ports(environ)
    attempt = next(part.attempt for part in PARTS if part.name == "store")
    assert "refuses to create it twice" in attempt(ports)
    ports.store = Careless(ports.home / "objects")
    with pytest.raises(TouchlineError, match="overwrites"):
        attempt(ports)


def test_migrate_says_the_revision(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", environ["TOUCHLINE_HOME"], "migrate"]) == 0
    assert capsys.readouterr().out == f"revision {HEAD}\n"


def test_teams_are_named_by_hand(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", environ["TOUCHLINE_HOME"], "teams"]
    assert main([*home, "new", "Man United", "--country", "England"]) == 0
    assert main([*home, "accept", "Man Utd", "Man United", "--country", "England"]) == 0
    assert "Man Utd is Man United (England)" in capsys.readouterr().out
    assert bootstrap.ports(environ).matches.teams()["England"]["Man Utd"] == "Man United"
    assert main([*home, "accept", "Reds", "Nobody", "--country", "England"]) == 2
    assert "Nobody" in capsys.readouterr().err
