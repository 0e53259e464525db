"""An environment with what the function predict needs and nothing else, as its image has it."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ROOT / "functions" / "predict" / "requirements.txt"
LAMBDA = "awslambdaric==4.2.2"


class Place(NamedTuple):
    """Where the function runs."""

    python: Path
    lambda_client: Path
    """Folder with AWS's runtime client, which is no part of the requirements."""
    megabytes: float
    """Of the requirements: as installed, without compiled code, without pip."""


def place(work: Path) -> Place:
    """The environment, made unless it is there for the same requirements; our code in it is always today's."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder, noted = work / f"predict-{digest}", work / f"predict-{digest}.bytes"
    packages = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    python, client = folder / "bin" / "python", work / "lambda"
    if not noted.exists():
        _uv("venv", "-q", "--clear", "--python", sys.executable, str(folder))
        _uv(
            "pip", "install", "-q", "--python", str(python), "--no-deps", "--link-mode", "copy", "-r", str(REQUIREMENTS)
        )
        noted.write_text(str(sum(one.stat().st_size for one in packages.rglob("*") if one.is_file())))
    if not client.exists():
        _uv("pip", "install", "-q", "--python", sys.executable, "--target", str(client), LAMBDA)
    shutil.rmtree(packages / "touchline", ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "shared" / "touchline", packages / "touchline", ignore=ignored)
    for compiled in (packages, client):  # some packages carry files for other Pythons: that is no failure
        subprocess.run([str(python), "-m", "compileall", "-q", str(compiled)], capture_output=True, check=False)
    return Place(python, client, int(noted.read_text()) / 1e6)


def _uv(*arguments: str) -> None:
    beside = Path(sys.executable).with_name("uv")
    environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([str(beside if beside.exists() else "uv"), *arguments], check=True, env=environ)
