"""Alert rules, judged by the tools of those who will read them: each fires at its fault, and at nothing else."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

import watching
from touchline import wiring

ROOMS = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))
"""Series that faults make, in the form of promtool."""
ALERT = re.compile(r'ALERTS\{alertname="(\w+)",alertstate="firing"\}')


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What promtool says."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)


@cache
def anchors(document: Path) -> set[str]:
    """Names under which links find the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", text.lower()).replace(" ", "-") for text in headings}


def everything() -> list[tuple[str, dict[str, str], str]]:
    """Every alert: name, annotations, severity; that of Loki too."""
    files = (*watching.RULES, watching.CONFIG / "loki-rules.yaml")
    return [(one["alert"], one["annotations"], one["labels"]["severity"]) for one in watching.alerts(*files)]


@pytest.mark.parametrize("rules", watching.RULES, ids=lambda path: path.name)
def test_prometheus_takes_our_rules(rules: Path) -> None:
    done = promtool("check", "rules", rules)
    assert done.returncode == 0, done.stderr
    assert f"SUCCESS: {len(watching.rules(rules))} rules found" in done.stdout


def test_a_rule_with_half_an_expression_is_found(tmp_path: Path) -> None:
    text = (watching.CONFIG / "rules-work.yaml").read_text()
    broken = tmp_path / "rules.yaml"
    broken.write_text(text.replace("> 900", ">", 1))
    assert broken.read_text() != text
    assert promtool("check", "rules", broken).returncode == 1


def test_prometheus_takes_the_settings_for_one_machine() -> None:
    done = promtool("check", "config", watching.ROOT / "scripts" / "prometheus.yaml")
    assert done.returncode == 0, done.stderr
    told = yaml.safe_load((watching.ROOT / "scripts" / "prometheus.yaml").read_text())
    local = {path.name for path in watching.RULES} - {"rules-knative.yaml"}
    assert {Path(path).name for path in told["rule_files"]} == local
    asked = {job["job_name"]: job["static_configs"][0]["targets"] for job in told["scrape_configs"]}
    place = 1 + list(wiring.load(watching.ROOT / "functions").functions).index("predict")
    assert asked == {"touchline": ["127.0.0.1:8100"], "predict": [f"127.0.0.1:{8100 + place}"]}
    assert f"predict ({8100 + place})" in watching.RUNBOOKS.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS, ids=lambda path: path.name)
def test_alerts_fire_at_their_fault_and_end(room: Path) -> None:
    done = promtool("test", "rules", room)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_rule_that_never_fires_is_found(tmp_path: Path) -> None:
    [room] = [path for path in ROOMS if path.name == "models.yaml"]
    changed = (watching.CONFIG / "rules-models.yaml").read_text().replace("touchline_ledger_gaps) > 0", "up) > 9")
    (tmp_path / "rules.yaml").write_text(changed)
    text = re.sub(r"rule_files: .*", f"rule_files: [{tmp_path}/rules.yaml]", room.read_text())
    (tmp_path / "room.yaml").write_text(text)
    done = promtool("test", "rules", tmp_path / "room.yaml")
    assert done.returncode == 1
    assert "LedgerGap" in done.stdout + done.stderr


def test_every_alert_is_seen_firing_and_quiet() -> None:
    seen: dict[str, set[bool]] = {rule["alert"]: set() for rule in watching.alerts()}
    for room in ROOMS:
        for test in yaml.safe_load(room.read_text())["tests"]:
            for look in test["promql_expr_test"]:
                [name] = ALERT.findall(look["expr"])
                seen[name].add(bool(look["exp_samples"]))
    assert {name for name, looks in seen.items() if looks != {True, False}} == set()


def test_every_alert_says_what_to_do_and_has_a_runbook() -> None:
    told = everything()
    assert len(told) > 25
    for name, annotations, severity in told:
        assert set(annotations) == {"summary", "what_to_do", "runbook"}, name
        assert annotations["runbook"] == f"docs/operations.md#{name.lower()}"
        assert name.lower() in anchors(watching.RUNBOOKS), f"no runbook for {name}"
        assert severity in ("page", "ticket"), name
    assert len({name for name, _, _ in told}) == len(told)


def test_every_runbook_has_its_alert() -> None:
    section = watching.RUNBOOKS.read_text().split("\n## Runbooks\n")[1].split("\n## ")[0]
    names = re.findall(r"^### (\w+)$", section, re.MULTILINE)
    assert sorted(names) == sorted(name for name, _, _ in everything())
    for part in section.split("\n### ")[1:]:
        for word in ("look", "mend"):
            assert f"**{word}" in part.lower() or "ends half an hour" in part or "on the spot" in part, part[:60]
