"""The doctor uses every part once, and says what is wrong without stopping at it; teams get their names."""

import json
from pathlib import Path

import pytest

from touchline import bootstrap
from touchline.cli.doctor import examine
from touchline.cli.main import main


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"TOUCHLINE_HOME": str(tmp_path / "home"), "MLFLOW_DISABLE_TELEMETRY": "true"}


def states(environ: dict[str, str]) -> dict[str, str]:
    return {finding.part: finding.state for finding in examine(environ)}


def said(environ: dict[str, str], part: str) -> str:
    return next(finding.what for finding in examine(environ) if finding.part == part)


@pytest.mark.slow
def test_a_fresh_home_works_and_lacks_a_model(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", environ["TOUCHLINE_HOME"], "doctor", "--json"]) == 0
    found = {finding["part"]: finding["state"] for finding in json.loads(capsys.readouterr().out)}
    assert found == {
        **dict.fromkeys(("python", "wiring", "settings", "clock", "store", "database", "registry"), "ok"),
        **dict.fromkeys(("sources", "model"), "missing"),
    }
    assert main(["--home", environ["TOUCHLINE_HOME"], "doctor"]) == 0
    assert "wrote and read back an object" in capsys.readouterr().out


@pytest.mark.slow
def test_parts_that_fail_are_named_beside_those_that_work(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    broken = environ | {
        "TOUCHLINE_STORE": str(tmp_path / "file" / "objects"),
        "TOUCHLINE_DATABASE": "postgresql+pg8000://me:hunter2@127.0.0.1:1/none",
        "TOUCHLINE_SCRAPE_SOURCES": "radio",
        "TOUCHLINE_COLOUR": "red",
    }
    found = states(broken)
    assert (found["store"], found["database"], found["clock"]) == ("failed", "failed", "ok")
    assert (found["sources"], found["settings"]) == ("missing", "missing")
    assert "TOUCHLINE_COLOUR" in said(broken, "settings")
    assert "no source 'radio'" in said(broken, "sources")
    assert "hunter2" not in said(broken, "database")


def test_a_wrong_setting_is_told_by_its_variable(environ: dict[str, str]) -> None:
    wrong = environ | {"TOUCHLINE_NOW": "yesterday", "TOUCHLINE_TRAIN_TRIALS": "many"}
    assert "TOUCHLINE_TRAIN_TRIALS" in said(wrong, "settings")
    assert "yesterday" in said(wrong, "clock")


@pytest.mark.slow
def test_the_simulated_source_is_really_asked(environ: dict[str, str]) -> None:
    assert "fetched SIM1" in said(environ | {"TOUCHLINE_SCRAPE_SOURCES": "simulated"}, "sources")


def test_a_failing_part_has_exit_code_3(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_FUNCTIONS", environ["TOUCHLINE_HOME"])
    assert main(["--home", environ["TOUCHLINE_HOME"], "doctor"]) == 3
    assert "no wiring file" in capsys.readouterr().out


def test_teams_are_named_by_hand(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", environ["TOUCHLINE_HOME"], "teams"]
    assert main([*home, "new", "Man United", "--country", "England"]) == 0
    assert main([*home, "accept", "Man Utd", "Man United", "--country", "England"]) == 0
    assert "Man Utd is Man United (England)" in capsys.readouterr().out
    assert bootstrap.ports(environ).matches.teams()["England"]["Man Utd"] == "Man United"
    assert main([*home, "accept", "Reds", "Nobody", "--country", "England"]) == 2
    assert "Nobody" in capsys.readouterr().err
