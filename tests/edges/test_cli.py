"""The command line, over a tiny platform: results on standard output, complaints on standard error, exit codes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from small_platform import environment
from touchline import bootstrap, tracing
from touchline.cli.main import main
from touchline.manifest import encode
from touchline.telemetry import LOGGER


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Home of a tiny platform that the process's environment names."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    handlers, LOGGER.handlers = LOGGER.handlers, []
    yield tmp_path / "home"
    for handler in LOGGER.handlers:
        handler.close()
    LOGGER.handlers = handlers


def put(home: Path, **contents: str) -> None:
    store = bootstrap.ports({"TOUCHLINE_HOME": str(home)}).store
    for name, content in contents.items():
        assert store.create(f"incoming/{name}", content.encode())


def test_help_names_every_command_and_every_command_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    commands = [
        *(
            "demo",
            "run",
            "ingest",
            "promote",
            "rollback",
            "runs",
            "trace",
            "serve",
            "doctor",
            "wiring",
            "version",
            "up",
            "replay",
            "sweep",
        ),
    ]
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for command in commands:
        assert f"\n  {command} " in overview
        assert main([command, "--help"]) == 0
        assert f"touchline {command}" in capsys.readouterr().out.split("Example")[1] or command in ("trace", "serve")
    parts = {"teams": ("accept", "new"), "deadletters": ("list", "show", "redrive", "discard")}
    for group, command in ((group, command) for group, commands in parts.items() for command in commands):
        assert main([group, command, "--help"]) == 0
        assert f"touchline {group} {command}" in capsys.readouterr().out


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    code = "import sys; from touchline.cli.main import main; main(['demo', '--help']); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(told.splitlines()[-1].split())
    assert not loaded & {"pandas", "numpy", "sqlalchemy", "mlflow", "sklearn", "pyarrow", "fastapi", "httpx"}


def test_version_and_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.strip()[0].isdigit()
    assert main(["fly"]) == 2
    assert "No such command" in capsys.readouterr().err
    assert main(["run"]) == 2


def test_run_chain_delivers_what_is_due_and_says_when_nothing_is(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(home, a="fine")
    assert main(["run", "chain"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.split()[:2] for line in told.err.splitlines()] == [["export", "done"], ["validate", "done"]]
    assert main(["run", "chain"]) == 0
    assert capsys.readouterr().out == "nothing is due\n"
    lines = [json.loads(line) for line in (home / "log.jsonl").read_text().splitlines()]
    assert [line["message"] for line in lines] == ["export done", "validate done"]


def test_run_chain_for_scripts(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(home, a="refuse")
    assert main(["run", "chain", "--json"]) == 2
    told = capsys.readouterr()
    assert [record["outcome"] for record in json.loads(told.out)] == ["done", "parked"]
    assert "validate parked: raw/a: nothing but noise" in told.err
    assert "quarantine/validate/" in told.err


def test_what_fails_for_good_has_exit_code_3(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(home, a="wait")
    assert main(["run", "chain"]) == 3
    told = capsys.readouterr().err
    assert "(attempt 3)" in told
    assert "somebody else is at it" in told
    assert "kept in deadletter" in told


def test_run_one_function_by_key_file_or_schedule(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(home, a="fine")
    assert main(["run", "export"]) == 0
    assert main(["run", "validate", "--key", "raw/a", "--json"]) == 0
    assert main(["run", "validate", "--key", "raw/a", "--json"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [json.loads(line)[0]["generation"] for line in told] == [0, 1]
    file = tmp_path / "event.json"
    file.write_bytes(encode({"key": "raw/a"}))
    assert main(["run", "validate", "--event", str(file), "--json"]) == 0
    assert main(["run", "validate", "--json"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [json.loads(line)[0]["event_kind"] for line in told] == ["object", "cron"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["run", "exprot"], "no function 'exprot'"),
        (["run", "export"], "export has no schedule"),
        (["run", "export", "--key", "incoming/none"], "no such object"),
        (["run", "export", "--event", "nowhere.json"], "nowhere.json: no such file"),
        (["ingest", "nowhere.csv"], "nowhere.csv: no such file or folder"),
        (["trace", "e0-2025-26-a-b", "--json"], "no forecast of this match"),
    ],
)
def test_faults_are_told_without_a_traceback(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert main(arguments) == (1 if arguments[0] == "trace" else 2)
    told = capsys.readouterr()
    assert complaint in told.err
    assert "Traceback" not in told.err
    assert told.out == ""


def test_debug_shows_where_an_error_comes_from(home: Path) -> None:
    with pytest.raises(ValueError, match="no function 'exprot'"):
        main(["--debug", "run", "exprot"])


def test_another_home_is_another_world(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(home, a="fine")
    assert main(["--home", str(tmp_path / "other"), "run", "chain"]) == 0
    assert capsys.readouterr().out == "nothing is due\n"


def test_ingest_puts_files_down_and_runs_the_chain(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "season"
    folder.mkdir()
    (folder / "E0 1.csv").write_text("fine")
    (folder / "notes.txt").write_text("not a table")
    assert main(["ingest", str(folder), "--json"]) == 0
    (exported, validated) = json.loads(capsys.readouterr().out)
    assert exported["key"].startswith("incoming/")
    assert exported["key"].endswith("-e0-1.csv")
    assert validated["outcome"] == "done"


def test_requests_for_promotion_are_objects(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["promote", "abc", "--reason", "new season", "--force"]) == 0
    assert main(["rollback"]) == 0
    store = bootstrap.ports({"TOUCHLINE_HOME": str(home)}).store
    asked = [json.loads(store.get(info.key)) for info in store.list("requests/promotion/cli/")]
    assert all(tracing.trace_id(request.pop("traceparent")) for request in asked)
    assert all(datetime.fromisoformat(request.pop("asked_at")).tzinfo for request in asked)
    assert asked == [
        {"action": "promote", "model_id": "abc", "reason": "new season", "force": True, "requested_by": "command line"},
        {"action": "rollback", "reason": "", "requested_by": "command line"},
    ]


def test_runs_are_listed_newest_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs"]) == 0
    assert "no run yet" in capsys.readouterr().out
    put(home, a="refuse", b="fine")
    main(["run", "chain", "--json"])
    capsys.readouterr()
    assert main(["runs", "--json", "--last", "3"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told) == 3
    assert sorted((record["started"] for record in told), reverse=True) == [record["started"] for record in told]
    assert main(["runs", "--failed", "--function", "validate"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 2
    assert "nothing but noise" in shown[1]


def test_serve_says_when_the_port_is_taken(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 3
    assert f"port {port} cannot be had" in capsys.readouterr().err
