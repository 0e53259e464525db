"""The direction of imports, as pyproject.toml declares it for import-linter."""

import subprocess
import sys
from pathlib import Path

import codebase


def test_imports_keep_to_the_contracts() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=codebase.ROOT)
    assert done.returncode == 0, done.stdout
