"""Each function installs what it needs, imports no more than that, and everything is pinned once."""

import re
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
ADAPTERS = {
    "store": ["stores", "local_store", "s3_store", "gcs_store"],
    "matches": ["database", "match_store"],
    "ledger": ["database", "ledger"],
    "promotions": ["database", "promotions"],
    "registry": ["mlflow_registry"],
    "reporter": ["evidently_report"],
    "model": ["onnx_model"],
    "emitter": ["http_emitter", "queue_file"],
    "callbacks": ["http_callbacks"],
}
"""Port -> the embedded adapters that `bootstrap` loads for it."""
ALONE = """
import importlib, importlib.util, sys
main, hidden, *more = sys.argv[1:]
class Hide:
    names = set(hidden.split(","))
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is not among the requirements", name=name)
sys.meta_path.insert(0, Hide())
spec = importlib.util.spec_from_file_location("main", main)
spec.loader.exec_module(importlib.util.module_from_spec(spec))
for name in more:
    importlib.import_module(f"touchline.adapters.{name}")
"""
"""Imports a function where nothing can be found but what its requirements bring."""


def pins(path: Path) -> dict[str, str]:
    """Name -> line up to the hashes."""
    lines = [line.rstrip("\\ ") for line in path.read_text().splitlines() if line and not line.startswith((" ", "#"))]
    return {canonicalize_name(Requirement(line).name): line.partition(" ;")[0] for line in lines}


def foreign(function: str) -> set[str]:
    """Top-level modules of this environment that the requirements of a function do not bring."""
    pinned = pins(codebase.ROOT / "functions" / function / "requirements.txt").keys()
    owners = metadata.packages_distributions()
    return {module for module, names in owners.items() if not {canonicalize_name(name) for name in names} & pinned}


def test_every_function_has_requirements() -> None:
    mains = sorted(path.parent.name for path in (codebase.ROOT / "functions").glob("*/main.py"))
    assert set(mains) <= set(FUNCTIONS)
    assert mains


def adapters(function: str) -> list[str]:
    """Adapters behind the ports that the modules of a stage mention."""
    modules = [*(codebase.PACKAGE / "stages").glob(f"{function}*.py")]
    used = {port for path in modules for port in re.findall(r"ports\.(\w+)", path.read_text())}
    found = {adapter for port in used for adapter in ADAPTERS.get(port, ())}
    return sorted(found - {"gcs_store"} if function == "predict" else found)  # predict has that in another file


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_needs_only_its_requirements(function: str) -> None:
    main = codebase.ROOT / "functions" / function / "main.py"
    hidden = foreign(function) - {"touchline", "pip", "setuptools", "_distutils_hack"}
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(main), ",".join(hidden), *adapters(function)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_adapters_of_a_function_are_found() -> None:
    assert {"local_store", "match_store"} <= set(adapters("export"))
    assert "onnx_model" in adapters("predict")


def test_predict_could_not_import_a_table_library() -> None:
    assert {"pandas", "sqlalchemy", "mlflow", "pyarrow", "sklearn"} <= foreign("predict")


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
