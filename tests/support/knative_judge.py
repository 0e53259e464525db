"""A strict judge of Knative's manifests, where one lies beside the checkout: schemas and admission rules of 1.22."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / "shared" / "tools" / "knative" / "check_knative.py"


def complaints(*files: Path) -> list[str]:
    """What the judge says is wrong with the manifests of files; without a judge the test is skipped."""
    judge = Path(os.environ.get("TOUCHLINE_KNATIVE_JUDGE", FILE))
    if not judge.is_file():
        pytest.skip(f"no judge of manifests at {judge}")
    done = subprocess.run([sys.executable, str(judge), *map(str, files)], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert lines, done.stderr  # it always says how many objects it has seen
    return [line for line in lines if line.startswith("ERROR")]
