"""What one of the platforms cannot run is refused, and told which; what each can run is shown."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from touchline import settings, wiring, wiring_rules
from touchline.cli.main import main
from touchline.deploy import limits
from touchline.errors import ConfigurationError

FOLDER = Path(__file__).parents[2] / "functions"
SOUND: dict[str, Any] = yaml.safe_load((FOLDER / "wiring.yaml").read_text())


def changed(name: str, **changes: Any) -> wiring.Wiring:
    """The real wiring with some fields of one function changed."""
    raw = deepcopy(SOUND)
    block = "platform" if name in raw["platform"] else "functions"
    raw[block][name].update(changes)
    return wiring.parse(raw, "test")


def renamed(old: str, new: str) -> wiring.Wiring:
    raw = deepcopy(SOUND)
    raw["functions"][new] = raw["functions"].pop(old)
    return wiring.parse(raw, "test")


LONG = "x/" * 120
RETRIES = {"attempts": 5, "backoff_s": 2}


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (changed("export", timeout_s=601), "export.timeout_s: knative cannot run it: timeout_s 601, at most 600"),
        (changed("export", timeout_s=901), "export.timeout_s: aws cannot run it: timeout_s 901, at most 900"),
        (changed("export", timeout_s=541), "export.timeout_s: gcp cannot run it: timeout_s 541, at most 540"),
        (changed("predict", timeout_s=30), "predict.timeout_s: aws cannot run it: timeout_s 30, at most 29"),
        (changed("train", timeout_s=86_401), "train.timeout_s: local cannot run it"),
        (changed("export", memory_mib=10_241), "export.memory_mib: aws cannot run it: memory_mib 10241, at most 10240"),
        (changed("sweep", memory_mib=64), "sweep.memory_mib: aws cannot run it: memory_mib 64, at least 128"),
        (changed("sweep", memory_mib=40_000), "sweep.memory_mib: gcp cannot run it"),
        (changed("train", memory_mib=31_744), "train.memory_mib: aws cannot run it: memory_mib 31744, at most 30720"),
        (changed("train", memory_mib=4000), "train.memory_mib: aws cannot run it: memory_step 928"),
        (changed("predict", concurrency=1001), "predict.concurrency: knative cannot run it"),
        (changed("predict", concurrency=0), "predict.concurrency: knative cannot run it: concurrency 0, at least 1"),
        (changed("scrape", retries=RETRIES), "scrape.retries: knative cannot run it: event_s 2255, at most 899"),
        (changed("sweep", retries={"policy": "linear"}), "sweep.retries: knative cannot run it: linear 1"),
        (changed("scrape", triggers=[{"prefix": LONG, "external": True}]), "scrape.triggers: gcp cannot run it"),
        (
            changed("drift", triggers=[{"cron": "30 6 * * *", "name": "n" * 60}]),
            "drift.triggers: aws cannot run it: schedule_name 76, at most 64",
        ),
        (renamed("export", "e" * 21), "name: gcp cannot run it: name 21, at most 20"),
        (renamed("export", "e" * 64), "name: knative cannot run it: name 64, at most 63"),
    ],
)
def test_what_a_platform_cannot_run_is_refused_and_told_which(found: wiring.Wiring, complaint: str) -> None:
    told = [str(fault) for fault in limits.faults(found)]
    assert any(complaint in fault for fault in told), told
    with pytest.raises(ConfigurationError, match="in the wiring"):
        limits.check(found)


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (changed("predict", scale={"min": 1, "max": 4}), "predict.warm: is for what answers over http and may sleep"),
        (changed("sweep", warm="*/5 * * * *"), "sweep.warm: is for what answers over http and may sleep"),
        (changed("predict", warm="*/30 * * * *"), "predict.warm: '*/30 * * * *': begin it with */1 to */10"),
        (changed("predict", warm="*/5 25 * * *"), "predict.warm: '*/5 25 * * *': hour '25' is not within 0-23"),
        (changed("sweep", pace={"per_second": 5, "goal_ms": 5}), "sweep.pace: is for what answers over http"),
        (changed("predict", pace={"per_second": 0, "goal_ms": 5}), "predict.pace: is for what answers over http"),
        (changed("sweep", workers=2), "sweep.workers: are for a job that has the need `database`"),
        (changed("train", workers=101), "train.workers: 101 is not within 0-100"),
        (changed("bridge", kind="job"), "bridge.triggers: a part of the platform is a service"),
        (changed("bridge", triggers=[{"prefix": "raw/published/"}]), "bridge.triggers: a part of the platform"),
        (changed("bridge", scale={"min": 0, "max": 1}), "bridge.scale: a part of the platform always runs"),
        (changed("bridge", writes=["raw/x/"]), "bridge.writes: raw/x/ overlaps raw/, which export writes"),
        (changed("bridge", tables=["inbox", "matches"]), "bridge.tables: matches is written by scrape"),
        (changed("bridge", needs=["object_store"]), "bridge.needs: writes tables without the need `database`"),
    ],
)
def test_what_runs_beside_functions_and_what_scales_has_rules_of_its_own(found: wiring.Wiring, complaint: str) -> None:
    told = [str(fault) for fault in wiring_rules.faults(found)]
    assert any(complaint in fault for fault in told), told


def test_a_part_of_the_platform_is_no_function() -> None:
    raw = deepcopy(SOUND)
    raw["functions"]["bridge"] = raw["platform"]["bridge"]
    told = [str(fault) for fault in wiring_rules.faults(wiring.parse(raw, "test"))]
    assert "bridge.name: is the name of a function, too" in told


def test_unknown_keys_of_the_platform_and_of_a_pace_are_named() -> None:
    raw = deepcopy(SOUND)
    raw["platform"]["bridge"]["colour"] = "red"
    raw["functions"]["predict"]["pace"]["per_minute"] = 1
    raw["platform"]["other"] = {"timeout_s": "long"}
    with pytest.raises(ConfigurationError) as refused:
        wiring.parse(raw, "test")
    told = str(refused.value)
    assert "platform.bridge.colour: unknown key" in told
    assert "functions.predict.pace.per_minute: unknown key" in told
    assert "platform.other: Expected `int`, got `str`" in told


def test_a_collection_ends_before_its_function_is_ended() -> None:
    scrape = wiring.load(FOLDER).function("scrape")
    assert settings.Scrape().budget_seconds + 60 <= scrape.timeout_s


def test_limits_and_rights_are_shown_to_people_and_to_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wiring", "--limits"]) == 0
    shown = capsys.readouterr().out
    assert all(platform in shown for platform in limits.PLATFORMS)
    assert "max-revision-timeout-seconds" in shown
    assert main(["wiring", "--limits", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    longest = next(
        row for row in rows if (row["platform"], row["kind"], row["field"]) == ("aws", "service", "timeout_s")
    )
    assert (longest["high"], longest["most"], longest["function"]) == (900, 440, "scrape")
    assert main(["wiring", "--rights"]) == 0
    assert "quarantine/export/" in capsys.readouterr().out
    assert main(["wiring", "--rights", "--json"]) == 0
    may = json.loads(capsys.readouterr().out)
    assert may["bridge"]["tables"] == ["inbox"]
    assert may["predict"]["database"] is False
