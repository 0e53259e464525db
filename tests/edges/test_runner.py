"""The embedded platform: level-triggered, at least once, bounded, healing."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from small_platform import environment
from touchline import events
from touchline.adapters.clock import VirtualClock
from touchline.errors import ConfigurationError, NotFound, Unavailable
from touchline.manifest import sha256
from touchline.platform.runner import Platform, Step
from touchline.telemetry import RunRecord
from touchline.work import Event

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def put(platform: Platform, **contents: str) -> None:
    for name, content in contents.items():
        assert platform.ports.store.create(f"incoming/{name}", content.encode())


def told(records: list[RunRecord]) -> list[tuple[str, str, str]]:
    return [(record.function, record.key, record.outcome) for record in records]


def test_everything_is_delivered_in_the_order_of_the_wiring_and_only_once(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, b="fine", a="fine")
        assert told(platform.drain()) == [
            ("export", "incoming/a", "done"),
            ("export", "incoming/b", "done"),
            ("validate", "raw/a", "done"),
            ("validate", "raw/b", "done"),
        ]
        assert platform.drain() == []
    with Platform(environ) as again:
        assert again.drain() == []


def test_the_event_says_what_object_it_is_about(environ: dict[str, str]) -> None:
    with Platform(environ, clock=VirtualClock(NOW)) as platform:
        put(platform, a="fine")
        (event,) = platform.pending("export")
        assert (event.kind, event.key, event.sha256, event.generation) == ("object", "incoming/a", sha256(b"fine"), 0)
        assert event.time == NOW
        assert list(platform.pending("validate")) == []


def test_an_object_that_changes_is_due_again(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, a="fine")
        platform.drain()
        info = platform.ports.store.stat("incoming/a")
        assert info is not None
        assert platform.ports.store.swap("incoming/a", b"other", info.etag)
        assert told(platform.drain()) == [("export", "incoming/a", "unchanged")]


def test_an_object_that_changes_while_it_is_delivered_is_due_again(environ: dict[str, str]) -> None:
    def overwrite(step: Step) -> None:
        info = platform.ports.store.stat("incoming/a")
        if step.record is not None and info is not None and platform.ports.store.get("incoming/a") == b"fine":
            platform.ports.store.swap("incoming/a", b"other", info.etag)

    with Platform(environ, watch=overwrite) as platform:
        put(platform, a="fine")
        outcomes = [(record.outcome, record.generation) for record in platform.drain() if record.function == "export"]
    assert outcomes == [("done", 0), ("unchanged", 1)]


def test_publications_are_delivered_newest_first(environ: dict[str, str], tmp_path: Path) -> None:
    declared = tmp_path / "functions" / "wiring.yaml"
    declared.write_text(declared.read_text().replace("[{prefix: raw/}", "[{prefix: raw/published/}"))
    with Platform(environ) as platform:
        for name in ("1", "2"):
            platform.ports.store.create(f"raw/published/{name}", b"fine")
        assert [event.key for event in platform.pending("validate")] == ["raw/published/2", "raw/published/1"]


def test_simulated_and_live_runs_never_share_a_home(environ: dict[str, str], tmp_path: Path) -> None:
    with Platform(environ):
        pass
    with Platform(environ):
        pass
    with pytest.raises(ConfigurationError, match="holds live runs, this run is simulated") as refused:
        Platform({**environ, "TOUCHLINE_NOW": NOW.isoformat()})
    assert "another TOUCHLINE_HOME" in refused.value.hint
    with Platform({**environ, "TOUCHLINE_NOW": NOW.isoformat(), "TOUCHLINE_HOME": str(tmp_path / "other")}):
        pass
    with pytest.raises(ConfigurationError, match="holds simulated runs, this run is live"):
        Platform({**environ, "TOUCHLINE_HOME": str(tmp_path / "other")})


def test_a_home_that_was_copied_owes_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    with Platform(environ) as platform:
        put(platform, a="fine")
        platform.drain()
    shutil.copytree(tmp_path / "home", tmp_path / "moved")
    with Platform({**environ, "TOUCHLINE_HOME": str(tmp_path / "moved")}) as platform:
        assert platform.drain() == []


def test_what_fails_is_tried_again_and_then_becomes_a_dead_letter(environ: dict[str, str]) -> None:
    steps: list[Step] = []
    with Platform(environ, watch=steps.append) as platform:
        put(platform, a="break postgresql://me:hunter2@db", b="fine")
        assert told(platform.drain())[2:] == [("validate", "raw/b", "done"), ("validate", "raw/a", "failed")]
        assert [s.attempt for s in steps if s.event.key == "raw/a" and s.record is not None] == [1, 2, 3]
        receipt = platform.receipt("validate", "raw/a")
        assert receipt is not None
        assert (receipt.status, receipt.attempts) == ("dead", 3)
        (letter,) = platform.ports.store.list("deadletter/validate/")
        text = platform.ports.store.get(letter.key).decode()
        assert "hunter2" not in text
        assert "RuntimeError" in text
        assert platform.drain() == []


def test_what_works_at_the_third_attempt_is_done(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, a="third time")
        assert told(platform.drain())[-1] == ("validate", "raw/a", "done")
        receipt = platform.receipt("validate", "raw/a")
        assert receipt is not None
        assert (receipt.status, receipt.attempts) == ("done", 3)
        assert list(platform.ports.store.list("deadletter/")) == []


@pytest.mark.parametrize(
    ("retries", "rests"),
    [
        ("attempts: 4, backoff_s: 20, policy: exponential", [20, 40, 60]),
        ("attempts: 4, backoff_s: 2, policy: exponential", [2, 4, 8]),
        ("attempts: 4, backoff_s: 2, policy: linear", [2, 4, 6]),
        ("attempts: 1, backoff_s: 2, policy: exponential", []),
    ],
)
def test_attempts_are_apart_as_the_wiring_says_and_nothing_waits_after_the_last(
    environ: dict[str, str], tmp_path: Path, retries: str, rests: list[float]
) -> None:
    declared = tmp_path / "functions" / "wiring.yaml"
    declared.write_text(declared.read_text().replace("attempts: 3, backoff_s: 0", retries))
    waited: list[float] = []
    with Platform(environ, pause=waited.append) as platform:
        put(platform, a="wait", b="fine")
        platform.drain()
    assert waited == pytest.approx(rests, abs=2)


def test_a_missing_setting_stops_the_drain_and_loses_nothing(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, a="unset")
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="no colour is set"):
                platform.drain()
        assert platform.receipt("validate", "raw/a") is None


def test_a_dead_letter_can_be_played_again(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, a="wait")
        platform.drain()
        event = platform.object_event("validate", "raw/a")
        assert event.generation == 1
        info = platform.ports.store.stat("raw/a")
        assert info is not None
        platform.ports.store.swap("raw/a", b"fine", info.etag)
        record = platform.deliver("validate", platform.object_event("validate", "raw/a"))
        assert (record.outcome, record.generation) == ("done", 1)
        assert platform.drain() == []


def test_parked_input_is_acknowledged_and_keeps_what_is_needed_to_try_again(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, a="refuse", b="park")
        assert told(platform.drain())[2:] == [("validate", "raw/a", "parked"), ("validate", "raw/b", "parked")]
        kept = [info.key.rpartition("/")[2] for info in platform.ports.store.list("quarantine/validate/")]
        assert sorted(kept) == ["evidence.txt", "reason.json", "reason.json"]


def test_a_tick_is_delivered_like_any_event(environ: dict[str, str]) -> None:
    with Platform(environ, clock=VirtualClock(NOW)) as platform:
        record = platform.deliver("validate", platform.tick("validate"))
        assert (record.event_kind, record.key, record.outcome) == ("cron", "daily", "done")
        with pytest.raises(ConfigurationError, match="export has no schedule"):
            platform.tick("export")


def test_an_event_of_a_file_is_delivered(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, a="fine")
        event = events.from_json(b'{"key": "incoming/a"}', NOW)
        assert platform.deliver("export", event).outcome == "done"
        assert told(platform.drain()) == [("validate", "raw/a", "done")]


def test_what_never_rests_is_given_up(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, a="fine")
        with pytest.raises(Unavailable, match="no rest after 1 rounds"):
            platform.drain(max_rounds=1)


def test_a_crash_between_work_and_receipt_delivers_again_without_harm(environ: dict[str, str]) -> None:
    with Platform(environ) as platform:
        put(platform, a="fine")
        (event,) = platform.pending("export")
        assert platform.invoke("export", event)[0] == 204  # no receipt is written: as if we had died here
    with Platform(environ) as again:
        assert told(again.drain()) == [("export", "incoming/a", "unchanged"), ("validate", "raw/a", "done")]


def test_unknown_objects_functions_and_wirings_are_named(environ: dict[str, str], tmp_path: Path) -> None:
    with Platform(environ) as platform:
        with pytest.raises(NotFound, match="no such object"):
            platform.object_event("export", "incoming/none")
        with pytest.raises(ConfigurationError, match="no function 'exprot'"):
            list(platform.pending("exprot"))
    with pytest.raises(ConfigurationError, match="no wiring file"):
        Platform({**environ, "TOUCHLINE_FUNCTIONS": str(tmp_path / "nowhere")})
    (tmp_path / "functions" / "export" / "main.py").unlink()
    with Platform(environ) as platform:
        put(platform, b="fine")
        with pytest.raises(ConfigurationError, match=r"export has no main\.py"):
            platform.drain()


def test_a_wrong_setting_is_named_before_anything_runs(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Platform({**environ, "TOUCHLINE_VALIDATE_MIN_FINISHED": "many"})
    assert "TOUCHLINE_VALIDATE_MIN_FINISHED" in str(refused.value)


def test_a_function_that_cannot_start_is_no_silent_success(environ: dict[str, str], tmp_path: Path) -> None:
    with Platform(environ) as platform:
        put(platform, a="fine")
        main = tmp_path / "functions" / "wiring.yaml"
        main.write_text(main.read_text().replace("  export:", "  feature:"))
        event = Event(id="1", kind="object", source="t", time=NOW, key="incoming/a")
        with pytest.raises(Unavailable, match="export answered 503 and kept no record"):
            platform.invoke("export", event)
