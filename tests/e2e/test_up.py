"""The local platform with functions in processes of their own, under mishaps."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from touchline import bootstrap
from touchline.manifest import decode
from touchline.platform.lock import mark
from touchline.platform.processes import end_leftovers
from touchline.platform.up import LOOK_SECONDS
from up_functions import WIRING, effects, environment, put
from up_process import UpProcess, running
from waiting import wait_until

pytestmark = pytest.mark.slow


UNHURRIED = WIRING.replace("0 6 * * *", "0 6 29 2 *")  # nothing comes that no test sent


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path, UNHURRIED)


@pytest.fixture
def patient(tmp_path: Path) -> dict[str, str]:
    """Environment of a platform that lets functions work for longer than a test looks."""
    return environment(tmp_path, UNHURRIED.replace("timeout_s: 1", "timeout_s: 60"))


def validated(environ: dict[str, str]) -> list[str]:
    store = bootstrap.ports(environ).store
    return [info.key.rpartition("/")[2] for info in store.list("validated/") if "/first/" not in info.key]


def test_objects_wake_functions_and_what_fails_comes_again_or_is_given_up(environ: dict[str, str]) -> None:
    with running(environ) as up:
        put(environ, early="fine")
        up.told("done", "validate", key="raw/published/early")
        put(environ, b="break", c="die once", d="hang once", f="fine")
        up.told("dead", "validate", key="raw/published/b")
        up.rest()
        assert validated(environ) == ["c", "d", "early", "f"]
        assert effects(environ, "validate") == {"early": 1, "f": 1, "b": 3, "c": 2, "d": 2}
        assert set(effects(environ, "export").values()) == {1}
        store = bootstrap.ports(environ).store
        (letter,) = store.list("deadletter/validate/")
        told = decode(store.get(letter.key), dict, letter.key)
        assert (told["event"]["subject"], told["error"]["kind"]) == ("raw/published/b", "Unavailable")
        assert store.stat(told["run"]) is not None
        row = up.status()["functions"]["validate"]
        assert (row["state"], row["dead"], row["waiting"], row["running"]) == ("ready", 1, 0, 0)
        assert row["memory_mib"] > 5


def test_new_files_of_a_store_with_an_address_are_noticed_at_once(environ: dict[str, str], tmp_path: Path) -> None:
    environ["TOUCHLINE_STORE"] = (tmp_path / "objects").as_uri()
    with running(environ, "--only", "export") as up:
        put(environ, early="fine")
        up.told("done", "export", key="incoming/early")
        put(environ, late="fine")
        up.wait(lambda news: (news.get("change"), news.get("key")) == ("done", "incoming/late"), LOOK_SECONDS / 2)


def test_a_function_at_work_elsewhere_is_asked_again_and_that_is_no_attempt(environ: dict[str, str]) -> None:
    with running(environ) as up:
        put(environ, warm="fine")
        up.told("done", "validate")
        claims = bootstrap.ports(environ).claims
        other = claims.take("validate", "somebody else", 3600)
        put(environ, a="fine")
        assert up.told("busy", "validate")["attempt"] == 1
        claims.release(other)
        assert up.told("done", "validate", key="raw/published/a")["attempt"] == 1
        assert effects(environ, "validate") == {"warm": 1, "a": 1}


def test_events_at_the_door_are_durable_and_reach_the_functions_that_they_wake(environ: dict[str, str]) -> None:
    with running(environ, "--only", "export") as up:
        assert up.post(b'{"schedule": "daily"}', content_type="application/json").json() == {"functions": ["validate"]}
        sent = up.post(b'{"schedule": "other"}', content_type="application/json", ce_function="export")
        assert (sent.status_code, sent.json()) == (202, {"functions": ["export"]})
        up.told("begun", "export", key="other")
        put(environ, a="fine")
        up.told("done", "export", key="incoming/a")
        assert up.status()["functions"]["validate"]["state"] == "off"
    with running(environ) as up:
        up.rest()
        assert sorted(effects(environ, "validate").elements()) == ["a", "daily"]


def test_a_killed_process_is_started_again_and_its_delivery_comes_again(patient: dict[str, str]) -> None:
    environ, hold = patient, Path(patient["TOUCHLINE_HOME"]) / "hold"
    with running(environ) as up:
        hold.touch()
        for name, which in (("worker", -1), ("master", 0)):
            put(environ, **{name: "hold"})
            up.told("begun", "validate", key=f"raw/published/{name}")
            wait_for_effect(up, environ, name)
            pid = up.status()["functions"]["validate"]["pid"]
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            family[which].kill()
            up.told("retry", "validate", key=f"raw/published/{name}")
            hold.unlink()
            up.told("done", "validate", key=f"raw/published/{name}")
            hold.touch()
        up.told("died", "validate")
        assert effects(environ, "validate") == {"worker": 2, "master": 2}


def test_a_function_that_cannot_start_is_shown_as_crashing_and_loses_nothing(environ: dict[str, str]) -> None:
    main = Path(environ["TOUCHLINE_FUNCTIONS"]) / "export" / "main.py"
    whole = main.read_text()
    main.write_text("raise SystemExit('no way')")
    with running(environ) as up:
        put(environ, a="fine")
        assert "export.log" in up.told("crashing", "export")["why"]
        assert up.status()["functions"]["export"]["waiting"] == 1
        main.write_text(whole)
        up.told("ready", "export")
        up.rest()
        assert effects(environ, "validate") == {"a": 1}


def wait_for_effect(up: UpProcess, environ: dict[str, str], name: str) -> None:
    """Until the function works on it."""
    wait_until(lambda: effects(environ, "validate")[name], f"validate of {name}; {up.complaint}", 30)


def test_nothing_survives_a_killed_platform_and_the_next_one_goes_on(patient: dict[str, str]) -> None:
    environ, hold = patient, Path(patient["TOUCHLINE_HOME"]) / "hold"
    with running(environ) as up:
        hold.touch()
        put(environ, a="hold", b="fine")
        up.told("begun", "validate", key="raw/published/a")
        wait_for_effect(up, environ, "a")
        assert len(up.processes()) >= 4
        up.kill()
        assert up.gone() == []
    hold.unlink()
    put(environ, c="fine")
    with running(environ) as up:
        up.rest()
        assert validated(environ) == ["a", "b", "c"]
        assert effects(environ, "validate") == {"a": 2, "b": 1, "c": 1}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_ends_everything(environ: dict[str, str], number: signal.Signals) -> None:
    with running(environ) as up:
        up.told("ready", "validate")
        put(environ, a="fine")
        up.told("done", "validate")
        assert up.interrupt(number) == 0
        assert up.processes() == []


def test_a_platform_that_was_left_behind_is_cleared_away(environ: dict[str, str]) -> None:
    home = bootstrap.ports(environ).home
    code = "import time; time.sleep(600)"
    left = subprocess.Popen([sys.executable, "-c", code], env={"TOUCHLINE_INSTANCE": f"{mark(home)}export/1.1"})
    other = subprocess.Popen([sys.executable, "-c", code], env={"TOUCHLINE_INSTANCE": "up-other/export/1.1"})
    try:
        assert end_leftovers(mark(home)) == [left.pid]
        assert (left.poll() is None, other.poll() is None) == (False, True)
    finally:
        other.kill()
        other.wait()
