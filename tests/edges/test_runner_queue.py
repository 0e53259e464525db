"""The platform in one process and its queue: what waits, what survives a kill, who works in a home."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest

from small_platform import environment
from touchline import bootstrap, tracing
from touchline.adapters.clock import SystemClock
from touchline.adapters.local_store import LocalStore
from touchline.adapters.queue_file import QueueFile
from touchline.cli.main import main
from touchline.errors import ConfigurationError, Conflict, Unavailable
from touchline.manifest import encode
from touchline.platform import looking
from touchline.platform.lock import locked, mark
from touchline.platform.runner import Platform, Step
from waiting import wait_until

HANG = """
import time
from pathlib import Path
from touchline.entrypoint import expose
from touchline.work import Result


def run(event, ports, settings):
    new = ports.store.create("validated/effect", b"once")
    while (ports.home / "hang").exists():
        time.sleep(0.01)
    return Result(outcome="done" if new else "unchanged")


handle, lambda_handler = expose("validate", run)
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def claiming(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An environment in which validate works under a claim."""
    file = tmp_path / "functions" / "wiring.yaml"
    told = file.read_text().replace("reads: [raw/]", "reads: [raw/]\n    claim: true")
    file.write_text(told.replace("writes: [validated/]", "writes: [validated/]\n    needs: [object_store, database]"))
    return environ


def put(platform: Platform, **contents: str) -> None:
    for name, content in contents.items():
        assert platform.ports.store.create(f"incoming/{name}", content.encode())


def test_a_busy_function_is_waited_for_and_that_is_no_attempt(claiming: dict[str, str]) -> None:
    engine_of = bootstrap.ports(claiming)
    claim = engine_of.claims.take("validate", "somebody", 30)
    steps: list[Step] = []
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            engine_of.claims.release(claim)

    with Platform(claiming, watch=steps.append, pause=pause) as platform:
        put(platform, a="fine")
        assert [record.outcome for record in platform.drain()] == ["done", "done"]
        receipt = platform.receipt("validate", "raw/a")
    engine_of.engine.dispose()
    assert receipt is not None
    assert receipt.attempts == 1
    assert len(waited) == 2
    assert all(0 < seconds <= 31 for seconds in waited)
    assert [step.attempt for step in steps if step.busy] == [1, 1]


def test_a_function_that_stays_busy_is_named_after_a_while(claiming: dict[str, str]) -> None:
    ports = bootstrap.ports(claiming)
    ports.claims.take("validate", "somebody", 36_000)
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        assert sum(waited) < 3600

    with Platform(claiming, pause=pause) as platform:
        put(platform, a="fine")
        with pytest.raises(Unavailable, match="validate still waits") as refused:
            platform.drain()
        assert [event.key for event in platform.pending("validate")] == ["raw/a"]
    ports.engine.dispose()
    assert "touchline doctor" in refused.value.hint
    assert 290 <= sum(waited) <= 600


def test_claims_of_an_earlier_life_of_the_home_hold_nobody_up(claiming: dict[str, str]) -> None:
    ports = bootstrap.ports(claiming)
    ports.claims.take("validate", f"{mark(ports.home)}run/1", 3600)

    def pause(seconds: float) -> None:
        raise AssertionError(f"waited {seconds} s")

    with Platform(claiming, pause=pause) as platform:
        put(platform, a="fine")
        assert [record.outcome for record in platform.drain()] == ["done", "done"]
    ports.engine.dispose()


def test_attempts_are_remembered_by_the_next_platform(environ: dict[str, str], tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def pause(_: float) -> None:
        raise Interrupted

    declared = tmp_path / "functions" / "wiring.yaml"
    declared.write_text(declared.read_text().replace("backoff_s: 0", "backoff_s: 20"))
    with Platform(environ, pause=pause) as platform:
        put(platform, a="wait")
        with pytest.raises(Interrupted):
            platform.drain()
    steps: list[Step] = []
    with Platform(environ, watch=steps.append, pause=lambda _: None) as platform:
        platform.drain()
    assert [step.attempt for step in steps if step.record is None] == [2, 3]


def test_work_goes_on_while_something_else_waits_for_its_next_attempt(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, a="third time", b="fine")
        assert [record.key for record in platform.drain() if record.function == "validate"] == ["raw/b", "raw/a"]


def test_a_home_has_one_platform_at_a_time(environ: dict[str, str], tmp_path: Path) -> None:
    with Platform(environ), pytest.raises(Conflict, match="another platform works in this home") as refused:
        Platform(environ)
    assert refused.value.where == str(tmp_path / "home")
    with Platform(environ):
        pass
    with locked(tmp_path / "home"), pytest.raises(Conflict):
        Platform(environ)


def test_a_platform_that_cannot_open_leaves_the_home_to_others(environ: dict[str, str], tmp_path: Path) -> None:
    with Platform({**environ, "TOUCHLINE_NOW": "2026-03-02T09:00:00+00:00"}):
        pass
    with pytest.raises(ConfigurationError, match="holds simulated runs"):
        Platform(environ)
    with locked(tmp_path / "home"):
        pass


def test_a_home_that_cannot_be_made_is_named(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    for name, value in {**environ, "TOUCHLINE_HOME": str(tmp_path / "file" / "home")}.items():
        monkeypatch.setenv(name, value)
    assert main(["run", "chain"]) == 2
    told = capsys.readouterr().err
    assert "the home cannot be used" in told
    assert str(tmp_path / "file" / "home") in told
    assert "Traceback" not in told


def test_work_that_was_killed_comes_again_and_has_its_effect_once(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "functions" / "validate" / "main.py").write_text(HANG)
    with Platform(environ) as platform:
        put(platform, a="fine")
    hang = tmp_path / "home" / "hang"
    hang.touch()
    store = LocalStore(tmp_path / "home" / "objects")
    command = [sys.executable, "-m", "touchline.cli.main", "run", "chain"]
    process = subprocess.Popen(command, env={**os.environ, **environ}, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: store.stat("validated/effect") is not None, "the function works", 30)
        with pytest.raises(Conflict):
            Platform(environ)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    hang.unlink()
    with Platform(environ) as platform:
        (record,) = platform.drain()
        assert (record.function, record.key, record.outcome) == ("validate", "raw/a", "unchanged")
        receipt = platform.receipt("validate", "raw/a")
        assert receipt is not None
        assert (receipt.status, receipt.attempts) == ("done", 1)
        assert platform.drain() == []


class Read(LocalStore):
    """A folder that remembers which objects were read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read: list[str] = []

    def open(self, key: str) -> BinaryIO:
        self.read.append(key)
        return super().open(key)


def test_a_look_reads_what_is_new_and_nothing_else(environ: dict[str, str], tmp_path: Path) -> None:
    store = Read(tmp_path / "home" / "objects")
    with Platform(environ) as platform, closing(QueueFile(tmp_path / "home" / "platform.db")) as queue:
        put(platform, a="fine", b="fine")
        now = SystemClock().now()
        assert looking.look(platform.wiring, store, queue, now) == 2
        assert store.read == ["incoming/a", "incoming/b"]
        platform.drain()
        store.create("raw/c", b"fine")
        store.read.clear()
        assert looking.look(platform.wiring, store, queue, now, ("raw/d", "incoming/")) == 0
        assert looking.look(platform.wiring, store, queue, now, ("raw/c", "raw/")) == 1
        assert store.read == ["raw/c"]
        info = store.stat("raw/a")
        assert info is not None
        store.swap("raw/a", store.get("raw/a"), info.etag)  # the same content under another etag
        store.read.clear()
        assert [looking.look(platform.wiring, store, queue, now) for _ in range(2)] == [0, 0]
        assert store.read == ["raw/a"]


def test_events_carry_the_span_of_the_run_that_wrote_the_object(environ: dict[str, str]) -> None:
    span = tracing.child()
    with Platform(environ) as platform:
        put(platform, a="fine", b=encode({"traceparent": span}).decode())
        assert [event.traceparent for event in platform.pending("export")] == ["", span]


def test_what_waits_is_asked_for_by_its_key_without_a_new_generation(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, a="fine")
        (waiting,) = platform.pending("export")
        assert platform.object_event("export", "incoming/a") == waiting
        assert platform.deliver("export", waiting).outcome == "done"
        assert platform.deliver("export", waiting).outcome == "unchanged"
        assert platform.object_event("export", "incoming/a").generation == 1
