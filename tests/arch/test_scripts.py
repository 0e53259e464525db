"""The scripts say what is wrong in words, and the benchmarks can be asked what they do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import codebase

SCRIPTS = [path for path in codebase.tracked("scripts", ".ci") if path.read_text().startswith("#!/usr/bin/env bash")]
BENCHMARKS = [path for path in codebase.tracked("scripts/benchmarks/*.py") if path.parent.name == "benchmarks"]
"""Their parts are no benchmarks of their own."""


def run(*command: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command with some variables set."""
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environ)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout with the setup only, on a machine without a Python."""
    for name in ("scripts", "bin"):
        (tmp_path / name).mkdir()
    shutil.copy(codebase.ROOT / "scripts" / "setup", tmp_path / "scripts")
    (tmp_path / "requirements.txt").write_text("numpy==1 \\\n")
    for name in ("bash", "dirname", "env", "cat", "grep", "tail"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return tmp_path


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_run_and_stops_at_errors(path: Path) -> None:
    assert path.stat().st_mode & 0o111
    assert run("bash", "-n", path).returncode == 0
    assert "set -euo pipefail" in path.read_text() or path.name == "check"


def test_setup_without_a_python_says_what_to_install(bare: Path) -> None:
    answer = run(bare / "scripts" / "setup", PATH=str(bare / "bin"))
    assert answer.returncode == 1
    assert "no Python 3.11 or newer" in answer.stderr


def test_setup_passes_over_a_python_that_is_too_old(bare: Path) -> None:
    old = bare / "bin" / "python3.11"
    old.write_text("#!/usr/bin/env bash\nexit 1\n")
    old.chmod(0o755)
    answer = run(bare / "scripts" / "setup", PATH=str(bare / "bin"))
    assert answer.returncode == 1
    assert "apt-get install" in answer.stderr


def test_setup_knows_two_kinds(bare: Path) -> None:
    answer = run(bare / "scripts" / "setup", "everything", PATH=str(bare / "bin"))
    assert answer.returncode == 2
    assert "runtime|dev" in answer.stderr


def test_benchmarks_are_listed() -> None:
    answer = run(codebase.ROOT / "scripts" / "bench", "--list")
    assert answer.stdout.split() == sorted(path.stem.replace("_", "-") for path in BENCHMARKS)


def test_an_unknown_benchmark_is_refused_with_the_known_ones() -> None:
    answer = run(codebase.ROOT / "scripts" / "bench", "no-such")
    assert answer.returncode == 2
    assert "chain" in answer.stderr


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_says_what_it_measures(path: Path) -> None:
    answer = run(sys.executable, path, "--help")
    assert answer.returncode == 0, answer.stderr
    assert "usage:" in answer.stdout
