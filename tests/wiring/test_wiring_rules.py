"""Each rule refuses what it is there for, in words that name function and field; a sound wiring passes them all."""

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from touchline import wiring, wiring_rules
from touchline.cli.main import main
from touchline.errors import ConfigurationError
from touchline.wiring import Wiring

SOUND: dict[str, Any] = {
    "version": 1,
    "bucket": "test",
    "defaults": {"own": ["runs/", "quarantine/"], "needs": ["object_store"], "scale": {"min": 0, "max": 2}},
    "functions": {
        "scrape": {
            "about": "takes in",
            "triggers": [{"prefix": "incoming/", "external": True}, {"cron": "0 6 * * mon-fri", "name": "daily"}],
            "reads": ["incoming/"],
            "writes": ["raw/"],
            "tables": ["matches"],
            "needs": ["object_store", "database"],
            "secrets": ["TOUCHLINE_DATABASE"],
        },
        "export": {
            "about": "hands on",
            "triggers": [{"prefix": "raw/published/"}],
            "reads": ["raw/"],
            "writes": ["features/"],
            "scale": {"max": 1},
        },
        "train": {
            "about": "learns",
            "kind": "job",
            "triggers": [{"prefix": "features/"}],
            "reads": ["features/"],
            "writes": ["models/"],
            "timeout_s": 7200,
        },
        "predict": {"about": "answers", "triggers": [{"http": "/"}], "reads": ["models/"], "own": [], "timeout_s": 29},
    },
}


def changed(function: str = "", **changes: Any) -> dict[str, Any]:
    """SOUND with some fields of one function changed (of the whole, without a function)."""
    raw: dict[str, Any] = deepcopy(SOUND)
    (raw["functions"][function] if function else raw).update(changes)
    return raw


def write(folder: Path, raw: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "wiring.yaml").write_text(raw if isinstance(raw, str) else yaml.safe_dump(raw, sort_keys=False))
    return folder


def load(folder: Path, raw: Any) -> Wiring:
    return wiring.load(write(folder, raw))


def faults(folder: Path, raw: Any) -> list[str]:
    return [str(fault) for fault in wiring_rules.faults(load(folder, raw))]


def test_a_sound_wiring_has_no_fault(tmp_path: Path) -> None:
    found = load(tmp_path, SOUND)
    assert wiring_rules.faults(found) == []
    wiring_rules.check(found)
    assert found.order() == ("scrape", "export", "train", "predict")


def test_defaults_are_merged_under_what_is_given(tmp_path: Path) -> None:
    export = load(tmp_path, SOUND).function("export")
    assert (export.scale.min, export.scale.max, export.name) == (0, 1, "export")
    assert export.all_writes == ("features/", "runs/export/", "quarantine/export/")
    assert load(tmp_path, SOUND).function("predict").all_writes == ()


TRIGGER = {"prefix": "raw/published/"}


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (changed("export", writes=["raw/copies/"]), "export.writes: raw/copies/ overlaps raw/, which scrape writes"),
        (changed("export", writes=["runs/"]), "export.writes: runs/ overlaps runs/scrape/"),
        (changed("export", tables=["matches"], needs=["object_store", "database"]), "matches is written by scrape"),
        (changed("export", triggers=[{"prefix": "other/"}]), "export.triggers: nobody writes other/"),
        (changed("export", reads=["raw/", "other/"]), "export.reads: nobody writes other/"),
        (changed("export", reads=[]), "export.reads: raw/published/ wakes this function, which does not read it"),
        (changed("export", triggers=[TRIGGER | {"external": True}]), "has shared: false; written by scrape, users"),
        (changed("export", triggers=[TRIGGER | {"shared": True}]), "has shared: true; written by scrape"),
        (changed("scrape", triggers=[{"prefix": "raw/"}]), "scrape.triggers: raw/ lies under its own writes"),
        (changed("export", triggers=[]), "export.triggers: nothing wakes this function"),
        (changed("export", triggers=[TRIGGER | {"http": "/"}]), "exactly one of prefix, cron, http"),
        (changed("export", triggers=[{"name": "x"}]), "exactly one of prefix, cron, http"),
        (changed("export", triggers=[{"cron": "0 6 * * 1", "name": "a"}]), "day of week '1'"),
        (changed("export", triggers=[{"cron": "0 6 * * *"}]), "its name '' must be unique"),
        (changed("export", triggers=[{"cron": "0 6 * * *", "name": "a"}] * 2), "its name 'a' must be unique"),
        (changed("export", timeout_s=0), "export.timeout_s: 0 is not within 1-86400 for a service"),
        (changed("train", timeout_s=86_401), "train.timeout_s: 86401 is not within 1-86400 for a job"),
        (changed("export", memory_mib=64), "export.memory_mib: 64 is not within 128-65536"),
        (changed("train", concurrency=2), "train.concurrency: 2 is not within 1-1 for a job"),
        (changed("export", concurrency=0), "export.concurrency: 0 is not within 1-1000"),
        (changed("export", scale={"min": 3}), "export.scale: max 2 is below min 3"),
        (changed("export", scale={"max": 0}), "export.scale: max 0 is below min 0, or none at all"),
        (changed("export", scale={"max": 1000}), "export.scale: 1000 is not within 0-100"),
        (changed("export", retries={"attempts": 0}), "export.retries: 0 is not within 1-10"),
        (changed("export", needs=["object_store", "gpu"]), "export.needs: 'gpu' is none of"),
        (changed("export", needs=[]), "export.needs: reads or writes objects without"),
        (changed("scrape", needs=["object_store"]), "scrape.needs: writes tables without the need `database`"),
        (changed("scrape", tables=["scores"]), "scrape.tables: the database has no 'scores'"),
        (
            changed("scrape", secrets=["a password"]),
            "scrape.secrets: 'a password' is no name of an environment variable",
        ),
        (changed("export", writes=["features"]), "export.writes: 'features' is no prefix"),
        (changed("export", writes=["/features/"]), "export.writes: '/features/' is no prefix"),
        (changed("export", writes=["Features/"]), "export.writes: 'Features/' is no prefix"),
        (changed(guards=[{"from": "train", "to": "scrape", "reason": "rests"}]), "does not wake scrape"),
        (
            changed("train", writes=["models/", "incoming/"]),
            "a cycle without a guard: ",
        ),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, raw: dict[str, Any], complaint: str) -> None:
    found = faults(tmp_path, raw)
    assert any(complaint in fault for fault in found), found


def test_a_function_must_have_code_settings_and_a_usable_name(tmp_path: Path) -> None:
    raw = changed()
    raw["functions"]["feature-store"] = {"about": "?", "triggers": [{"http": "/"}], "timeout_s": 10}
    found = [str(fault) for fault in wiring_rules.faults(load(tmp_path, raw), tmp_path)]
    assert "scrape.main.py: there is no scrape/main.py beside the wiring" in found
    assert "feature-store.stage: there is no touchline/stages/feature-store.py" in found
    assert "feature-store.settings: has no type in touchline.settings.BY_FUNCTION" in found
    assert any(fault.startswith("feature-store.name:") for fault in found)


def test_a_cycle_is_told_in_the_direction_in_which_it_runs(tmp_path: Path) -> None:
    raw = changed("train", writes=["models/", "incoming/"])
    (told,) = [fault for fault in faults(tmp_path, raw) if "cycle" in fault]
    round_trip = " -> ".join(["scrape", "export", "train"] * 3)
    assert told.removeprefix("guards.missing: a cycle without a guard: ") in round_trip


def test_a_guard_lets_a_cycle_pass(tmp_path: Path) -> None:
    raw = changed("train", writes=["models/", "incoming/"])
    raw["functions"]["scrape"]["triggers"][0]["shared"] = True
    raw["guards"] = [{"from": "train", "to": "scrape", "reason": "once a month at most"}]
    assert faults(tmp_path, raw) == []
    assert load(tmp_path, raw).order() == ("scrape", "export", "train", "predict")


def test_writers_with_prefixes_of_their_own_may_share_a_trigger(tmp_path: Path) -> None:
    raw = changed("train", triggers=[{"prefix": "features/", "shared": True}])
    raw["functions"]["export"]["writes"] = ["features/export/"]
    raw["functions"]["scrape"]["writes"] = ["raw/", "features/scrape/"]
    assert faults(tmp_path, raw) == []


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    raw = changed("export", timeout_s=99_999, writes=["raw/x/"], triggers=[{"cron": "x", "name": "a"}])
    with pytest.raises(ConfigurationError) as refused:
        wiring_rules.check(load(tmp_path, raw))
    assert len(refused.value.details) >= 4
    for field in ("timeout_s", "writes", "triggers"):
        assert f"export.{field}" in str(refused.value)
    assert "faults in the wiring" in str(refused.value)


def test_the_command_refuses_with_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_FUNCTIONS", str(write(tmp_path, changed("export", timeout_s=9999))))
    assert main(["wiring", "--check"]) == 2
    assert "export.timeout_s: knative cannot run it: timeout_s 9999, at most 600" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (changed("export", colour="red", memroy=1), "functions.export.colour: unknown key"),
        (changed("export", colour="red", memroy=1), "functions.export.memroy: unknown key"),
        (changed("export", scale={"maximum": 3}), "functions.export.scale.maximum: unknown key; known are max, min"),
        (changed("export", triggers=[{"prefx": "raw/"}]), "functions.export.triggers.prefx: unknown key"),
        (changed("export", name="other"), "functions.export.name: unknown key"),
        (changed(buckets="x"), "buckets: unknown key"),
        (changed(guards=[{"from": "a", "to": "b", "reason": "c", "why": "d"}]), "guards.why: unknown key"),
        (changed(guards=[{"from": "a"}]), "missing required field `to`"),
        (changed("export", timeout_s="long"), "functions.export: Expected `int`, got `str` - at `$.timeout_s`"),
        (changed("export", kind="daemon"), "Invalid enum value 'daemon' - at `$.kind`"),
        (changed(version=2), "Invalid enum value 2 - at `$.version`"),
        (changed(functions={"export": None}), "functions.export: Object missing required field `about`"),
        ("- a\n- b\n", "is no mapping"),
        ("a: [", "cannot be read"),
        ("version: 1\nbucket: a\nbucket: b\n", "line 3: twice the key 'bucket'"),
        ("version: 1\non: {}\n", "line 2: a key that is no text, True"),
    ],
)
def test_what_does_not_fit_the_format_is_named(tmp_path: Path, raw: Any, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, raw)
    assert complaint in str(refused.value)


def test_unknown_names_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no function 'exprot'"):
        load(tmp_path, SOUND).function("exprot")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        wiring.load(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="no wiring file"):
        wiring.root({"TOUCHLINE_FUNCTIONS": str(tmp_path / "nowhere")})
    assert wiring.root({"TOUCHLINE_FUNCTIONS": str(tmp_path)}) == tmp_path
    assert (wiring.root({}) / "export").is_dir()


@pytest.mark.parametrize(
    "text",
    ["* * * * *", "*/15 0-23/2 1,15 * *", "30 3 * * mon", "0 0 * 1-6 mon-fri,sun", "59 23 31 12 *"],
)
def test_schedules_that_mean_the_same_everywhere_pass(text: str) -> None:
    assert wiring_rules.cron_fault(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        *(
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "5-1 * * * *",
            "*/0 * * * *",
        ),
        *(
            "* * * * 0",
            "* * * * 7",
            "* * * * fri-mon",
            "* * * * mon-",
            "* * 1 * mon",
            "@daily",
            "a * * * *",
            ", * * * *",
        ),
    ],
)
def test_schedules_that_do_not_are_refused(text: str) -> None:
    assert wiring_rules.cron_fault(text)


@given(st.text(st.sampled_from("0123456789*/,- montue@"), max_size=30))
def test_no_schedule_breaks_the_check(text: str) -> None:
    fault = wiring_rules.cron_fault(text)
    assert fault or re.fullmatch(r"\S+( +\S+){4}", text.strip())


@given(st.permutations(["scrape", "export", "train", "predict"]))
def test_each_function_comes_after_those_that_wake_it_in_whatever_order_they_are_declared(names: list[str]) -> None:
    raw = changed()
    functions = {name: raw["functions"][name] for name in names}
    made = wiring.parse({**raw, "functions": functions}, "test")
    order = made.order()
    assert order.index("scrape") < order.index("export") < order.index("train")
    assert sorted(order) == sorted(names)
