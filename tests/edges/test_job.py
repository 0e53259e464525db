"""A function that is started for one event: where the event is found, and what its exit code says."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from small_platform import environment
from touchline import bootstrap, job
from touchline.errors import ConfigurationError
from touchline.ports import ObjectStore

CLOUDEVENT = {
    "specversion": "1.0", "id": "1", "source": "touchline/sweep", "type": "dev.touchline.object.created",
    "time": "2026-03-02T09:00:00Z", "subject": "raw/1.txt",
}  # fmt: skip
EVENTBRIDGE = {
    "id": "17793124", "source": "aws.s3", "detail-type": "Object Created", "time": "2026-03-02T09:00:00Z",
    "detail": {"bucket": {"name": "b"}, "object": {"key": "raw/1.txt"}},
}  # fmt: skip
TICK = {"schedule": "daily"}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path) | {"FUNCTION": "validate"}


@pytest.fixture
def store(environ: dict[str, str]) -> ObjectStore:
    return bootstrap.ports(environ).store


def runs(store: ObjectStore) -> list[dict[str, Any]]:
    return [json.loads(store.get(info.key)) for info in store.list("runs/validate/")]


@pytest.mark.parametrize("event", [CLOUDEVENT, EVENTBRIDGE, TICK], ids=["cloudevent", "eventbridge", "tick"])
def test_an_event_of_any_dialect_is_worked_off(
    environ: dict[str, str], store: ObjectStore, event: dict[str, Any]
) -> None:
    store.create("raw/1.txt", b"fine")
    assert job.main(environ | {"TOUCHLINE_EVENT": json.dumps(event)}) == job.DONE
    (run,) = runs(store)
    assert (run["status"], run["key"]) == (204, "daily" if event is TICK else "raw/1.txt")


def test_a_sink_of_jobs_leaves_the_event_in_a_file(environ: dict[str, str], store: ObjectStore, tmp_path: Path) -> None:
    store.create("raw/1.txt", b"fine")
    (tmp_path / "event").write_text(json.dumps(CLOUDEVENT))
    assert job.main(environ | {"K_EVENT_PATH": str(tmp_path)}) == job.DONE
    assert [run["key"] for run in runs(store)] == ["raw/1.txt"]


@pytest.mark.parametrize("order", ["wait", "break", "unset"])
def test_what_may_work_later_asks_to_be_started_again(environ: dict[str, str], store: ObjectStore, order: str) -> None:
    store.create("raw/1.txt", order.encode())
    assert job.main(environ | {"TOUCHLINE_EVENT": json.dumps(EVENTBRIDGE)}) == job.AGAIN
    assert [run["status"] for run in runs(store)] == [503]


@pytest.mark.parametrize(
    "event",
    ["no JSON at all", "[1, 2]", "[" * 5000, '{"schedule": "hourly"}', '{"foreign": 1}', json.dumps(EVENTBRIDGE)],
)
def test_what_nobody_can_work_off_is_parked_and_not_started_again(
    environ: dict[str, str], store: ObjectStore, event: str
) -> None:
    store.create("raw/1.txt", b"refuse")
    assert job.main(environ | {"TOUCHLINE_EVENT": event}) == job.DONE
    (reason,) = [json.loads(store.get(info.key)) for info in store.list("quarantine/validate/")]
    assert reason["what"]


@pytest.mark.parametrize(
    "changes",
    [{"TOUCHLINE_EVENT": ""}, {"FUNCTION": "nobody"}, {"FUNCTION": ""}],
    ids=["no event", "unknown", "unnamed"],
)
def test_without_an_event_or_a_function_nothing_is_tried(environ: dict[str, str], changes: dict[str, str]) -> None:
    assert job.main(environ | {"TOUCHLINE_EVENT": json.dumps(TICK)} | changes) == job.MISSET


def test_a_function_that_cannot_be_imported_is_not_started_again(tmp_path: Path) -> None:
    broken = tmp_path / "validate"
    broken.mkdir()
    (broken / "main.py").write_text("import no_such_library\n")
    with pytest.raises(ConfigurationError, match="no_such_library"):
        job.load("validate", broken.parent)


def test_the_container_ends_with_the_code(environ: dict[str, str], store: ObjectStore) -> None:
    store.create("raw/1.txt", b"break")
    around = {**os.environ, **environ, "TOUCHLINE_EVENT": json.dumps(CLOUDEVENT)}
    ended = subprocess.run([sys.executable, "-m", "touchline.job"], env=around, capture_output=True, text=True)
    assert ended.returncode == job.AGAIN
    assert "RuntimeError" in ended.stderr
