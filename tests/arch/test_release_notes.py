"""Notes of a version are cut out of the list of changes, once it has a date."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import codebase

CHANGES = """# Changes

## 0.2.0 (2026-05-01)

Second.

- One thing
- `another`

## 0.1.0 (2026-03-01)

First.

## 0.0.1 (unreleased)
"""
DIGEST = "a" * 64


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of 0.2.0."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(codebase.ROOT / "scripts/release-notes", tmp_path / "scripts")
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / "images.json").write_text(
        f'{{"images": {{"predict": "r.example/touchline-predict@sha256:{DIGEST}",'
        f'"train": "r.example/touchline-train@sha256:{DIGEST}"}}}}\n'
    )
    return tmp_path


def notes(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What the script says."""
    command = [str(checkout / "scripts/release-notes"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("version", ["0.2.0", "v0.2.0"])
def test_they_are_the_section_of_the_version(checkout: Path, version: str) -> None:
    assert notes(checkout, version).stdout == "Second.\n\n- One thing\n- `another`\n\n"


def test_images_stand_below_by_digest(checkout: Path) -> None:
    told = notes(checkout, "0.2.0", "--images", "images.json").stdout
    assert told.endswith(
        f"### Images\n\n- predict: `r.example/touchline-predict@sha256:{DIGEST}`\n"
        f"- train: `r.example/touchline-train@sha256:{DIGEST}`\n"
    )


@pytest.mark.parametrize(
    ("version", "why"),
    [("0.3.0", "no section"), ("0.0.1", "no date yet"), ("0.1.0", "another version"), ("0.2", "no section")],
)
def test_what_is_not_released_has_none(checkout: Path, version: str, why: str) -> None:
    answer = notes(checkout, version)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert why in answer.stderr


def test_without_a_version_it_says_how_it_is_called(checkout: Path) -> None:
    answer = notes(checkout)
    assert answer.returncode == 2
    assert "scripts/release-notes 0.1.0" in answer.stderr


def test_the_version_of_the_project_has_a_section() -> None:
    version = tomllib.loads((codebase.ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\n## {version} (" in (codebase.ROOT / "CHANGELOG.md").read_text()
