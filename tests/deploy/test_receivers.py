"""Who is told of alerts: each way is on when its values are there, off when not, and no secret is copied."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import watching
from touchline import wiring
from touchline.deploy import secrets

WAYS = {path.stem.removeprefix("receiver-"): path for path in watching.CONFIG.glob("receiver-*.yaml")}
NEEDS = {way: re.findall(r"^# needs: (.+)$", path.read_text(), re.MULTILINE)[0].split() for way, path in WAYS.items()}
COPIED = {"email-to", "email-from", "email-smarthost", "email-user"}
"""Addresses that Alertmanager reads from no file; everything else stays where it is."""


def assembled(folder: Path, *ways: str, **values: str) -> str:
    """The configuration where the values of some ways are there; `values` by name, with _ for -."""
    (folder / "secrets").mkdir(exist_ok=True)
    for way in ways:
        for name in NEEDS[way]:
            (folder / "secrets" / name).write_text(values.get(name.replace("-", "_"), f"the-{name}:587") + "\n")
    script = watching.CONFIG / "receivers.sh"
    command = ["sh", str(script), str(watching.CONFIG), str(folder / "secrets")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def receiver(told: str) -> dict[str, Any]:
    [only] = yaml.safe_load(told)["receivers"]
    return {name: value for name, value in only.items() if name != "name"}


def judged(told: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What amtool says; Debian's is older than `url_file` of a webhook, and is shown an address in its place."""
    program = shutil.which("amtool")
    if program is None:
        pytest.skip("amtool is not installed")
    file = folder / "alertmanager.yaml"
    file.write_text(re.sub(r'url_file: "(/.*/webhook-url)"', 'url: "http://told.example/"', told))
    return subprocess.run([program, "check-config", str(file)], capture_output=True, text=True, check=False)


def test_nobody_is_told_unless_asked_for(tmp_path: Path) -> None:
    told = assembled(tmp_path)
    assert receiver(told) == {}
    assert judged(told, tmp_path).returncode == 0


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_way_is_on_with_all_its_values_and_copies_no_secret(way: str, tmp_path: Path) -> None:
    told = assembled(tmp_path, way)
    [(kind, [settings])] = receiver(told).items()
    assert kind == f"{way}_configs"
    assert settings["send_resolved"] is True
    done = judged(told, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in NEEDS[way]:
        assert (f"the-{name}" in told) == (name in COPIED), name
        assert name in COPIED or f"{tmp_path}/secrets/{name}" in told, name
        (tmp_path / "secrets" / name).write_text("")
        assert receiver(assembled(tmp_path)) == {}, f"{way} is half on without {name}"
        (tmp_path / "secrets" / name).write_text("there")


def test_all_ways_stand_beside_each_other(tmp_path: Path) -> None:
    told = assembled(tmp_path, *WAYS)
    assert set(receiver(told)) == {f"{way}_configs" for way in WAYS}
    assert judged(told, tmp_path).returncode == 0


def test_an_address_is_taken_as_it_is_and_breaks_out_of_nothing(tmp_path: Path) -> None:
    told = assembled(tmp_path, "email", email_to='a|b&c@x.example"\\', email_user="two words: {of: mine}")
    [mail] = receiver(told)["email_configs"]
    assert mail["to"] == "a|b&c@x.example"
    assert mail["auth_username"] == "two words: {of: mine}"
    assert mail["require_tls"] is True


def test_an_unknown_setting_is_found(tmp_path: Path) -> None:
    told = assembled(tmp_path, "slack").replace("send_resolved", "send_solved")
    assert judged(told, tmp_path).returncode == 1


def test_the_secret_of_an_installation_has_every_value() -> None:
    made = secrets.values(wiring.load(watching.ROOT / "functions"), "postgresql")["platform-alertmanager"]
    assert made == {name: "" for names in NEEDS.values() for name in names}


def test_what_is_inhibited_exists() -> None:
    names = {rule["alert"] for rule in watching.alerts()}
    rules = yaml.safe_load((watching.CONFIG / "alertmanager.yaml").read_text())["inhibit_rules"]
    matchers = [matcher for rule in rules for part in ("source_matchers", "target_matchers") for matcher in rule[part]]
    mentioned = {name for matcher in matchers for name in re.findall(r"\w+", matcher.partition("=")[2])}
    assert mentioned <= names
    assert len(matchers) == 2 * len(rules)
