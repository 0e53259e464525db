"""The command that looks for what was lost: it says what it emitted and why, and the queue has it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from touchline import bootstrap
from touchline.adapters.queue_file import QueueFile
from touchline.cli.main import main

KEY = "requests/promotion/users/more.json"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which a request was put down that nobody heard of."""
    monkeypatch.setenv("TOUCHLINE_SWEEP_GRACE_SECONDS", "0")
    bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path)}).store.create(KEY, b"{}")
    return tmp_path


def owed(home: Path) -> list[str]:
    queue = QueueFile(home / "platform.db")
    keys = [one.event.key for one in queue.due("promote", datetime.now(UTC), 10)]
    queue.close()
    return keys


def test_it_says_what_is_emitted_and_why(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(home), "sweep"]) == 0
    shown = capsys.readouterr().out
    assert [line.split() for line in shown.splitlines()[:2]] == [
        ["function", "about", "why"],
        ["promote", KEY, "no", "receipt"],
    ]
    assert "done (emitted 1, left 0)" in shown
    assert owed(home) == [KEY]
    assert main(["--home", str(home), "sweep"]) == 0
    assert "nothing is owed (emitted 0, left 0, on their way 1)" in capsys.readouterr().out


def test_scripts_get_the_record_and_the_list(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(home), "sweep", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["function"], one["key"], one["reason"]) for one in told["emitted"]] == [("promote", KEY, "no receipt")]
    assert told["record"]["summary"] == {"emitted": 1, "left": 0}


def test_a_sink_that_refuses_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOUCHLINE_SINK", "nowhere")
    assert main(["--home", str(home), "sweep"]) == 2
    assert "check TOUCHLINE_SINK" in capsys.readouterr().err


def test_after_the_sweep_the_chain_does_what_was_lost(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(home), "sweep"]) == 0
    assert main(["--home", str(home), "run", "chain", "--json"]) == 2
    capsys.readouterr()
    assert owed(home) == []
    assert main(["--home", str(home), "runs", "--json", "--function", "promote"]) == 0
    (run,) = json.loads(capsys.readouterr().out)
    assert (run["key"], run["outcome"]) == (KEY, "parked")
