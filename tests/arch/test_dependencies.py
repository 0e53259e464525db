"""Each function installs what it needs, imports no more than that, and everything is pinned once."""

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import codebase

FUNCTIONS = sorted(path.parent.name for path in (codebase.ROOT / "functions").glob("*/requirements.txt"))
TOO_HEAVY_FOR_PREDICT = {
    "pandas",
    "scikit-learn",
    "xgboost-cpu",
    "mlflow",
    "mlflow-skinny",
    "sqlalchemy",
    "pyarrow",
    "scipy",
}
LOADED = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("main", sys.argv[1])
spec.loader.exec_module(importlib.util.module_from_spec(spec))
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def pins(path: Path) -> dict[str, str]:
    """Name -> line up to the hashes."""
    lines = [line.rstrip("\\ ") for line in path.read_text().splitlines() if line and not line.startswith((" ", "#"))]
    return {canonicalize_name(Requirement(line).name): line.partition(" ;")[0] for line in lines}


def imported_by(function: str) -> set[str]:
    """Top-level modules that importing a function's main loads, in a process of its own."""
    main = codebase.ROOT / "functions" / function / "main.py"
    done = subprocess.run([sys.executable, "-c", LOADED, str(main)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_every_function_has_requirements() -> None:
    mains = sorted(path.parent.name for path in (codebase.ROOT / "functions").glob("*/main.py"))
    assert set(mains) <= set(FUNCTIONS)
    assert mains


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_a_function_needs_only_its_requirements(function: str) -> None:
    pinned = pins(codebase.ROOT / "functions" / function / "requirements.txt")
    owners = metadata.packages_distributions()
    foreign = {
        module: names
        for module in imported_by(function) - {"touchline"}
        if (names := {canonicalize_name(name) for name in owners.get(module, ())}) and not names & pinned.keys()
    }
    assert foreign == {}


def test_predict_stays_light() -> None:
    assert not pins(codebase.ROOT / "functions" / "predict" / "requirements.txt").keys() & TOO_HEAVY_FOR_PREDICT


@pytest.mark.parametrize(
    "name", ["requirements.txt", *(f"functions/{function}/requirements.txt" for function in FUNCTIONS)]
)
def test_a_package_has_one_version_everywhere(name: str) -> None:
    everything = set((codebase.ROOT / "requirements-dev.txt").read_text().splitlines())
    wanted = [line for line in (codebase.ROOT / name).read_text().splitlines() if "==" in line]
    known = {line.partition(" ")[0] for line in everything if "==" in line}
    assert [line for line in wanted if line.partition(" ")[0] not in known] == []


def test_every_pin_carries_its_hashes() -> None:
    for path in (codebase.ROOT / "requirements.txt", codebase.ROOT / "requirements-dev.txt"):
        blocks = path.read_text().replace("\\\n", " ").splitlines()
        assert [block[:40] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_files_fit_pyproject() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/tools/requirements.py", "--check"],
        capture_output=True, text=True, check=False, cwd=codebase.ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
