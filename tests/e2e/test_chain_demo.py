"""The demo as people start it: data in, figures out, the page served; the second time it has everything already."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from small_league import LAX, season_files
from touchline.cli.main import main
from touchline.domain.simulation import CLUBS

pytestmark = pytest.mark.slow
MOMENT = "2025-12-01T09:00:00+00:00"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Season files, and rules for a small league."""
    made = tmp_path_factory.mktemp("demo")
    (made / "data").mkdir()
    for name, body in season_files().items():
        (made / "data" / name).write_bytes(body)
    (made / "policy.yaml").write_text(LAX)
    return made


def touchline(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    settings = {"NOW": MOMENT, "TRAIN_TRIALS": "1", "TRAIN_FOLDS": "2", "TRAIN_FAMILIES": "logistic"}
    environ = {f"TOUCHLINE_{name}": value for name, value in settings.items()}
    environ |= {"TOUCHLINE_PROMOTE_POLICY": str(folder / "policy.yaml"), "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, "-m", "touchline.cli.main", *arguments]
    return subprocess.Popen(
        command, env=os.environ | environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def demo(folder: Path, *options: str) -> tuple[str, str]:
    data, home = str(folder / "data"), str(folder / "home")
    process = touchline(folder, "demo", "--data", data, "--as-of", MOMENT, "--home", home, "--no-serve", *options)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


def test_the_demo_holds_the_chain_and_a_second_one_has_it_already(folder: Path) -> None:
    out, err = demo(folder, "--json")
    facts = json.loads(out.splitlines()[-1])
    assert "mode simulated, outside the track record" in err
    assert [line.split()[0] for line in err.splitlines()[1:4]] == ["scrape"] * 3
    assert set(facts["stages"]) == {"scrape", "export", "validate", "feature", "train", "promote", "forecast", "drift"}
    assert facts["matches"] == 396
    assert facts["forecasts"] > 0
    assert (facts["mode"], facts["as_of"]) == ("simulated", MOMENT)
    for forecaster in ("champion", "priors", "elo", "bookmaker"):
        assert 0.8 < facts[forecaster]["log_loss"] < 1.3
    assert facts["new"] == "a model was trained"
    again, _ = demo(folder, "--json")
    second = json.loads(again.splitlines()[-1])
    assert "nothing new was trained" in second["new"]
    passing = ("stages", "stage_memory_mib", "peak_memory_mib", "new")
    assert {k: v for k, v in second.items() if k not in passing} == {k: v for k, v in facts.items() if k not in passing}
    shown, _ = demo(folder)
    assert "Champion" in shown
    assert "Bookmaker" in shown
    assert "look behind a forecast: touchline" in shown


def test_the_page_is_served_at_the_printed_address(folder: Path) -> None:
    if not (folder / "home").exists():
        demo(folder)
    process = touchline(folder, "--home", str(folder / "home"), "serve", "--port", "0")
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        for _ in range(200):
            assert process.poll() is None
            try:
                with urllib.request.urlopen(address, timeout=10) as answer:
                    page = answer.read().decode()
                break
            except OSError:
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(0.1)
        assert "<html" in page
        assert any(club in page for club in CLUBS)
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.mark.parametrize(
    ("competition", "code", "complaint"), [("E0", 3, "no answer"), ("XX", 2, "has no competition XX")]
)
def test_a_source_that_was_asked_for_and_does_not_answer_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    competition: str,
    code: int,
    complaint: str,
) -> None:
    monkeypatch.setenv("TOUCHLINE_SCRAPE_FOOTBALL_DATA_URL", "http://127.0.0.1:9")
    wish = ["--source", "football-data", "--competition", competition, "--home", str(tmp_path), "--no-serve"]
    assert main(["demo", *wish]) == code
    told = capsys.readouterr()
    assert complaint in told.err
    assert told.out == ""
