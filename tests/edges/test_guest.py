"""A command beside a platform that runs only some functions, or one that lacks a setting: it never waits in vain."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from small_platform import environment
from touchline.errors import ConfigurationError, Unavailable
from touchline.platform.asking import DISTANT
from touchline.platform.guest import Guest
from touchline.platform.lock import at_work, locked
from touchline.platform.runner import Platform, Step
from touchline.work import Event

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def never(seconds: float) -> None:
    raise AssertionError(f"waited {seconds} s")


def test_the_lock_says_which_functions_run(tmp_path: Path) -> None:
    known = ("export", "validate")
    with locked(tmp_path, ("export",)):
        assert at_work(tmp_path, known) == ["export"]
    with locked(tmp_path):
        assert at_work(tmp_path, known) == ["export", "validate"]


def test_what_nobody_runs_is_told_and_not_waited_for(environ: dict[str, str], tmp_path: Path) -> None:
    steps: list[Step] = []
    with locked(tmp_path / "home", ("export",)), Guest(environ, watch=steps.append, pause=never) as guest:
        for name in "ab":
            guest.ports.store.create(f"raw/{name}", b"fine")
        assert guest.drain() == []
        assert len(guest.pending("validate")) == 2
    (step,) = steps
    assert step.function == "validate"
    assert "2 stay queued" in step.busy
    assert step.busy.endswith("only export")


def test_a_run_of_what_nobody_runs_is_queued_and_refused(environ: dict[str, str], tmp_path: Path) -> None:
    with locked(tmp_path / "home", ("export",)), Guest(environ, pause=lambda _: None) as guest:
        with pytest.raises(Unavailable, match="does not run validate"):
            guest.deliver("validate", guest.tick("validate"))
        assert len(guest.pending("validate")) == 1


@pytest.mark.parametrize("single", [False, True])
def test_a_setting_that_is_missing_ends_the_wait(environ: dict[str, str], tmp_path: Path, single: bool) -> None:
    with Platform(environ) as platform:
        platform.ports.store.create("raw/a", b"unset")
        (event,) = platform.pending("validate")
        _, record = platform.invoke("validate", event)

    def pause(_: float) -> None:
        """The other platform tries."""
        guest.queue.settle("validate", event, "waiting", 0, record.object_key, "no colour is set", due=DISTANT)

    with locked(tmp_path / "home"), Guest(environ, pause=pause) as guest:
        with pytest.raises(ConfigurationError, match="no colour is set") as refused:
            _ = guest.deliver("validate", event) if single else guest.drain()
        assert refused.value.where == "TOUCHLINE_COLOUR"


def test_the_lack_of_another_function_ends_no_single_run(environ: dict[str, str], tmp_path: Path) -> None:
    with Platform(environ) as platform:
        platform.ports.store.create("raw/a", b"unset")
        (event,) = platform.pending("validate")
        _, lacking = platform.invoke("validate", event)
        other = Event(id="tick", kind="cron", source="t", time=NOW, key="daily")
        _, fine = platform.invoke("validate", other)

    def pause(_: float) -> None:
        """The other platform tries both."""
        guest.queue.settle("validate", event, "waiting", 0, lacking.object_key, "no colour is set", due=DISTANT)
        guest.queue.settle("validate", other, "done", 1, fine.object_key)

    with locked(tmp_path / "home"), Guest(environ, pause=pause) as guest:
        assert guest.deliver("validate", other).outcome == "done"
