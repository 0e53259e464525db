"""How the one entry of all images starts them: it is run with programs that only say how they were called."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ("python", "uvicorn", "functions-framework")
TELL = """#!{python}
import json, os, sys
from pathlib import Path
kept = {{name: os.environ[name] for name in ("WORKERS", "THREADS") if name in os.environ}}
print(json.dumps([Path(sys.argv[0]).name, sys.argv[1:], Path.cwd().name, kept]))
"""
SERVER = ["--host", "0.0.0.0", "--port", "8080", "--no-proxy-headers", "--no-access-log"]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs that tell how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_text(TELL.format(python=sys.executable))
        (folder / name).chmod(0o755)
    return folder


def started(programs: Path, function: str, *words: str, **environ: str) -> list[object]:
    """[program, arguments, folder, environment] of what the entry becomes."""
    around = {"PATH": f"{programs}:/usr/bin:/bin", "FUNCTION": function, "PORT": "8080", **environ}
    command = [str(ROOT / "functions" / "entry"), *words]
    done = subprocess.run(command, env=around, capture_output=True, text=True, check=True)
    told: list[object] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("function", ["predict", "bridge", "train", "sweep"])
def test_where_lambda_is_it_asks_lambda_for_work(programs: Path, function: str) -> None:
    found = started(programs, function, AWS_LAMBDA_RUNTIME_API="127.0.0.1:9001", TOUCHLINE_EVENT="{}")
    assert found == ["python", ["-m", "awslambdaric", "main.lambda_handler"], function, {}]


@pytest.mark.parametrize("told", [{"K_EVENT_PATH": "/etc/jobsink-event"}, {"TOUCHLINE_EVENT": "{}"}])
def test_with_an_event_it_is_a_job(programs: Path, told: dict[str, str]) -> None:
    assert started(programs, "train", **told) == ["python", ["-m", "touchline.job"], "train", {}]


@pytest.mark.parametrize("told", ["TOUCHLINE_EVENT", "TOUCHLINE_CREW"])
def test_what_takes_longer_than_it_may_is_ended_and_counts_as_crashed(programs: Path, told: str) -> None:
    (programs / "python").write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(subprocess.CalledProcessError) as ended:
        started(programs, "train", JOB_SECONDS="0.1", **{told: "x"})
    assert ended.value.returncode == 124  # neither done (0) nor again (1)


@pytest.mark.parametrize(("function", "lifespan"), [("predict", "off"), ("bridge", "on")])
def test_asgi_applications_are_served_by_uvicorn(programs: Path, function: str, lifespan: str) -> None:
    found = started(programs, function, TOUCHLINE_EVENT="", K_EVENT_PATH="")
    assert found == ["uvicorn", ["main:app", "--lifespan", lifespan, *SERVER], function, {}]


def test_every_other_function_is_served_by_the_functions_framework(programs: Path) -> None:
    served = sorted(path.parent.name for path in (ROOT / "functions").glob("*/main.py"))
    for function in set(served) - {"predict", "bridge"}:
        program, arguments, folder, environ = started(programs, function)
        assert (program, folder, environ) == ("functions-framework", function, {"WORKERS": "1", "THREADS": "4"})
        assert arguments == ["--source", "main.py", "--target", "handle", "--signature-type", "http", "--port", "8080"]


def test_asked_after_its_health_it_asks_itself(programs: Path) -> None:
    program, arguments, _, _ = started(programs, "predict", "health", AWS_LAMBDA_RUNTIME_API="127.0.0.1:9001")
    assert (program, arguments[0], arguments[-1]) == ("python", "-c", "8080")  # type: ignore[index]


def test_without_a_function_it_does_not_start(programs: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        started(programs, "no-such")
