"""What users' pipelines call is there, and both kinds of them do the same with no more rights than they need."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

import codebase

GITHUB = sorted((codebase.ROOT / ".github" / "workflows").glob("*.yaml"))
GITLAB = codebase.ROOT / ".gitlab-ci.yml"
OURS = re.compile(r"^(scripts/|\.ci/)")
ACTION = re.compile(r"uses: [\w./-]+@(\S+)(?: # (v\d+\.\d+\.\d+))?$", re.MULTILINE)
WRITES = {("release.yaml", "images"): {"packages"}, ("release.yaml", "notes"): {"contents"}}
"""What a job may write to; all the others read the checkout."""


def jobs(path: Path) -> dict[str, Any]:
    """Jobs of a workflow, or of GitLab's file."""
    read = yaml.safe_load(path.read_text())
    if path != GITLAB:
        return dict(read["jobs"])
    return {name: job for name, job in read.items() if isinstance(job, dict) and "script" in job}


def lines(path: Path) -> list[str]:
    """Command lines of all jobs."""
    if path == GITLAB:
        return [line for job in jobs(path).values() for line in job["script"]]
    steps = [step for job in jobs(path).values() for step in job["steps"]]
    return [line for step in steps for line in step.get("run", "").splitlines()]


def calls(*paths: Path) -> set[tuple[str, ...]]:
    """Our scripts with their options; what a platform fills in is `$`, redirections are left out."""
    found = set()
    for path in paths:
        for line in lines(path):
            words = shlex.split(re.split(r"\s[<>|]", line)[0])
            if OURS.match(words[0]):
                found.add(tuple("$" if "$" in word else word for word in words))
    return found


def text_of(script: str) -> str:
    """A script, and the Python that it hands its options to."""
    text = (codebase.ROOT / script).read_text()
    return text + "".join((codebase.ROOT / tool).read_text() for tool in re.findall(r"scripts/tools/\w+\.py", text))


CALLED = sorted(calls(*GITHUB, GITLAB))


def test_both_kinds_do_the_same() -> None:
    assert calls(*GITHUB) == calls(GITLAB)


def test_they_do_all_that_there_is_to_do() -> None:
    assert {words[0] for words in CALLED} == {
        ".ci/run",
        "scripts/build-images",
        "scripts/check",
        "scripts/check-clouds",
        "scripts/check-terraform",
        "scripts/release-notes",
        "scripts/scan-images",
        "scripts/smoke-training",
    }
    assert ("scripts/smoke-training", "--alias", "ci-smoke") in CALLED
    static = (codebase.ROOT / "scripts/check").read_text()
    for judge in ("ruff", "mypy", "lint-imports", "wiring --check", "render --check", "hadolint", "shellcheck"):
        assert judge in static
    assert "scripts/tools/security.py" in static


@pytest.mark.parametrize("words", CALLED, ids=" ".join)
def test_what_they_call_exists_with_its_options(words: tuple[str, ...]) -> None:
    script = codebase.ROOT / words[0]
    assert script.stat().st_mode & 0o111
    for option in words[1:]:
        if option.startswith("--"):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", text_of(words[0])), f"{words[0]} knows no {option}"


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_jobs_have_no_more_rights_than_they_need(path: Path) -> None:
    read = yaml.safe_load(path.read_text())
    assert read["permissions"] == {"contents": "read"}
    for name, job in read["jobs"].items():
        granted = {right for right, kind in job.get("permissions", {}).items() if kind == "write"}
        assert granted == WRITES.get((path.name, name), set()), name
        assert job["timeout-minutes"] <= 90
    assert "pull_request_target" not in path.read_text()


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_actions_are_those_that_were_looked_at(path: Path) -> None:
    """By commit, with the version beside it; a checkout leaves no token; nothing foreign is put into a command line."""
    text = path.read_text()
    assert len(ACTION.findall(text)) == text.count("uses:")
    for commit, version in ACTION.findall(text):
        assert re.fullmatch(r"[0-9a-f]{40}", commit)
        assert version
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    assert [line for line in lines(path) if "${{" in line] == []


def test_no_image_of_gitlab_is_of_today_only() -> None:
    images = re.findall(r"^\s*(?:image|name): (\S+:\S+)$", GITLAB.read_text(), re.MULTILINE)
    assert len(images) >= 4
    assert not [image for image in images if image.endswith(":latest")]
