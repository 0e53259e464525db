"""Rules of checkov that we do not follow are named one by one, each once and with its reason."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import codebase

FILE = codebase.ROOT / ".checkov.yaml"
WAIVER = re.compile(r"  - (CKV2?_(?:AWS|GCP)_\d+) # (\S.{25,}\.)")


def test_every_waiver_has_its_reason() -> None:
    text = FILE.read_text()
    waived = yaml.safe_load(text)["skip-check"]
    reasons = dict(WAIVER.findall(text))
    assert list(reasons) == waived
    assert len(set(reasons.values())) >= len(waived) - 1, "reasons are thought of, not copied"
    assert len(set(waived)) == len(waived)


@pytest.mark.parametrize(("pipeline", "code"), [("", 0), ("true", 1)])
def test_what_cannot_be_judged_passes_on_a_laptop_alone(tmp_path: Path, pipeline: str, code: int) -> None:
    """Where checkov cannot be installed."""
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\nmkdir -p "$3/bin"; ln -s /bin/false "$3/bin/pip"\n')
    python.chmod(0o755)
    around = os.environ | {"CI": pipeline, "CHECKOV_HOME": str(tmp_path / "home"), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    script = codebase.ROOT / "scripts" / "check-clouds"
    done = subprocess.run([str(script)], env=around, capture_output=True, text=True, check=False)
    assert (done.returncode, "cannot be installed" in done.stdout) == (code, True)
