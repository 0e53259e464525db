"""Dead letters and replay on the command line, and commands beside a platform that is at work."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from small_platform import environment
from touchline import bootstrap
from touchline.cli.main import main
from touchline.manifest import encode
from touchline.platform.runner import Platform
from touchline.telemetry import LOGGER
from waiting import wait_until


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A tiny platform that the process's environment names."""
    found = environment(tmp_path)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    handlers, LOGGER.handlers = LOGGER.handlers, []
    yield found
    for handler in LOGGER.handlers:
        handler.close()
    LOGGER.handlers = handlers


@pytest.fixture
def told(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command with --json; what it printed."""

    def run(*arguments: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert main([*arguments, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return run


def put(environ: dict[str, str], prefix: str = "incoming", **contents: str) -> None:
    store = bootstrap.ports(environ).store
    for name, content in contents.items():
        assert store.create(f"{prefix}/{name}", content.encode())


def mend(environ: dict[str, str], key: str) -> None:
    store = bootstrap.ports(environ).store
    info = store.stat(key)
    assert info is not None
    assert store.swap(key, b"fine", info.etag)


@pytest.fixture
def failed(environ: dict[str, str], told: Any) -> list[dict[str, Any]]:
    """Letters of one delivery that was given up and one that was refused."""
    put(environ, a="wait", b="refuse")
    told("run", "chain", code=3)
    found: list[dict[str, Any]] = told("deadletters", "list")
    return sorted(found, key=lambda one: one["kind"])


def test_nothing_to_decide(environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deadletters", "list"]) == 0
    assert capsys.readouterr().out == "nothing asks for a decision\n"
    assert not (tmp_path / "home").exists()


def test_both_kinds_are_listed_and_shown(failed: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    dead, parked = failed
    assert [(one["function"], one["key"], one["attempts"]) for one in failed] == [
        ("validate", "raw/a", 3),
        ("validate", "raw/b", 1),
    ]
    assert (dead["why"], parked["why"]) == ("somebody else is at it", "nothing but noise")
    assert main(["deadletters", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["id", "function", "when", "key", "attempts", "why"]
    assert len(lines) == 3
    assert main(["deadletters", "show", parked["id"][:8]]) == 0
    shown = capsys.readouterr().out
    for part in (
        "DataError: nothing but noise",
        "send music",
        "line 1: noise",
        "raw/b",
        "reason.json",
        '"specversion"',
    ):
        assert part in shown
    assert main(["deadletters", "show", dead["id"]]) == 0
    shown = capsys.readouterr().out
    assert "dead after 3 attempts" in shown
    assert f"deadletter/validate/{dead['id']}.json" in shown
    assert "runs/validate/" in shown


def test_what_was_mended_is_redriven_as_new_work(
    failed: list[dict[str, Any]], environ: dict[str, str], told: Any
) -> None:
    mend(environ, "raw/a")
    (record,) = told("deadletters", "redrive", failed[0]["id"])
    assert (record["key"], record["outcome"], record["generation"]) == ("raw/a", "done", 1)
    assert [one["key"] for one in told("deadletters", "list")] == ["raw/b"]
    assert {one["key"]: one["state"] for one in told("deadletters", "list", "--all")} == {
        "raw/a": "redriven",
        "raw/b": "open",
    }


def test_what_is_not_mended_becomes_a_letter_again(failed: list[dict[str, Any]], told: Any) -> None:
    records = told("deadletters", "redrive", "--all", code=3)
    assert sorted(record["outcome"] for record in records) == ["failed", "parked"]
    again = told("deadletters", "list")
    assert len(again) == 2
    assert not {one["id"] for one in again} & {one["id"] for one in failed}


def test_what_is_discarded_stays_as_evidence_with_its_reason(failed: list[dict[str, Any]], told: Any) -> None:
    ids = [one["id"] for one in failed]
    assert told("deadletters", "discard", *ids, "--reason", "a test file") == ids
    assert told("deadletters", "list") == []
    kept = told("deadletters", "list", "--all", "--function", "validate")
    assert [(one["state"], one["decision"]) for one in kept] == [("discarded", "a test file")] * 2
    assert told("deadletters", "list", "--all", "--function", "export") == []
    assert told("run", "chain") == []


def test_a_replay_by_hand_settles_a_letter(failed: list[dict[str, Any]], environ: dict[str, str], told: Any) -> None:
    mend(environ, "raw/a")
    told("run", "validate", "--key", "raw/a")
    assert [one["key"] for one in told("deadletters", "list")] == ["raw/b"]


def test_a_message_that_could_not_be_understood_cannot_be_redriven(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    reason = {"kind": "EventError", "what": "no known dialect", "function": "validate", "work": "f" * 32, "message": {}}
    bootstrap.ports(environ).store.create(f"quarantine/validate/{'f' * 32}/reason.json", encode(reason))
    assert main(["deadletters", "redrive", "ffff"]) == 2
    assert "has no event that could be delivered again" in capsys.readouterr().err
    assert main(["deadletters", "show", "ffff"]) == 0
    assert "none that could be understood" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["deadletters", "show", "zzzz"], "zzzz is unknown"),
        (["deadletters", "redrive"], "name some letters"),
        (["deadletters", "list", "--function", "exprot"], "no function 'exprot'"),
        (["runs", "--function", "exprot"], "no function 'exprot'"),
        (["deadletters", "discard", "zzzz", "--reason", " "], "give a reason"),
        (["replay", "--prefix", "results/"], "nobody is woken by objects under 'results/'"),
        (["replay", "--prefix", "raw/", "--function", "export"], "export is woken by incoming/"),
        (["replay", "--prefix", "raw/", "--since", "soon"], "'soon' is no date"),
    ],
)
def test_faults_say_what_to_do(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert main(arguments) == 2
    assert complaint in capsys.readouterr().err


def test_an_id_with_a_slip_is_suggested(failed: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    right = failed[0]["id"][:12]
    assert main(["deadletters", "show", ("0" if right[-1] != "0" else "1").join([right[:-1], ""])]) == 2
    assert right in capsys.readouterr().err


def test_objects_are_replayed_to_those_whom_they_wake(
    environ: dict[str, str], told: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    put(environ, a="fine", b="fine")
    told("run", "chain")
    planned = told("replay", "--prefix", "raw/", "--dry-run")
    assert [(one["function"], one["key"]) for one in planned] == [("validate", "raw/a"), ("validate", "raw/b")]
    records = told("replay", "--prefix", "raw/")
    assert [(record["key"], record["generation"]) for record in records] == [("raw/a", 1), ("raw/b", 1)]
    assert told("replay", "--prefix", "raw/a", "--since", "2999-01-01") == []
    assert main(["replay", "--prefix", "raw/", "--dry-run"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_large_replay_wants_a_confirmation(
    environ: dict[str, str], told: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    put(environ, "raw", **{f"m{number}": "fine" for number in range(101)})
    assert main(["replay", "--prefix", "raw/"]) == 2
    assert "these are 101 deliveries" in capsys.readouterr().err
    assert len(told("replay", "--prefix", "raw/", "--yes")) == 101


@pytest.mark.parametrize("stays", [True, False], ids=["works it off", "ends meanwhile"])
def test_a_command_beside_a_platform_waits_for_it_and_tells_the_same(
    environ: dict[str, str], tmp_path: Path, stays: bool
) -> None:
    (tmp_path / "e0.csv").write_text("fine")
    command = [sys.executable, "-m", "touchline.cli.main", "ingest", str(tmp_path / "e0.csv"), "--json"]
    with Platform(environ) as platform:
        process = subprocess.Popen(
            command, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        wait_until(lambda: list(platform.ports.store.list("incoming/")), "the file comes in", 60)
        if stays:
            wait_until(lambda: ended_beside(platform, process), "the command ends", 60)
    out, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert [(one["function"], one["outcome"]) for one in json.loads(out)] == [("export", "done"), ("validate", "done")]
    assert "another platform works in this home" in complaints


def ended_beside(platform: Platform, process: "subprocess.Popen[str]") -> bool:
    """Work off what is owed; whether the command beside has ended."""
    platform.drain()
    return process.poll() is not None


def test_a_single_run_beside_a_platform_is_queued_for_it(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "touchline.cli.main", "run", "validate", "--json"]
    with Platform(environ) as platform:
        process = subprocess.Popen(
            command, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        wait_until(lambda: ended_beside(platform, process), "the command ends", 60)
    out, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert [(one["event_kind"], one["outcome"]) for one in json.loads(out)] == [("cron", "done")]
