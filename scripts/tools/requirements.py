"""Compile the pinned requirement files from the extras in pyproject.toml, or check that they still fit.

One version per package everywhere: `requirements-dev.txt` is resolved first and binds the others. The files carry
hashes and nothing of the machine that made them. `--check` needs no network: it walks the metadata of what is installed
and compares the names and versions that each extra leads to with what the file pins.
"""

import argparse
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DEV = Path("requirements-dev.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]


def files() -> dict[Path, str]:
    """Requirement file -> the extra that it is compiled from; the one that binds the others first."""
    declared = yaml.safe_load((ROOT / "functions" / "wiring.yaml").read_text())
    functions = {**declared["functions"], **declared["platform"]}
    return {
        DEV: "dev",
        Path("requirements.txt"): "all",
        **{Path("functions") / name / "requirements.txt": name for name in functions},
        Path("functions/predict/requirements-google.txt"): "predict-google",
    }


def compile_all(upgrade: bool) -> None:
    """Write every file; versions that stand in them stay unless `upgrade`."""
    for path, extra in files().items():
        command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--extra", extra, "--quiet"]
        command += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--universal"]
        command += ["--python-version", "3.11", "--output-file", str(path)]
        if path != DEV:
            command += ["--constraint", str(DEV)]
        elif upgrade:
            command += ["--upgrade"]
        print(f"{path} from [{extra}]", flush=True)
        subprocess.run(command, cwd=ROOT, check=True, env=os.environ | {"UV_PYTHON_DOWNLOADS": "never"})


def pins(path: Path) -> Iterator[Requirement]:
    """Requirements of a file, hashes left out."""
    for line in (ROOT / path).read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            yield Requirement(line.removesuffix("\\").strip())


def version(pin: Requirement) -> str:
    """Version that a requirement is pinned to."""
    return str(pin.specifier).removeprefix("==")


def pinned_here(path: Path) -> dict[str, str]:
    """Name -> version of the pins that hold for this Python and platform."""
    return {canonicalize_name(p.name): version(p) for p in pins(path) if p.marker is None or p.marker.evaluate()}


def closure(extra: str) -> dict[str, str]:
    """Name -> installed version of everything that the extra leads to on this Python and platform."""
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = [Requirement(text) for text in (*PROJECT["dependencies"], *EXTRAS[extra])]
    while queue:
        wanted = queue.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        if name == PROJECT["name"]:
            queue += [Requirement(text) for part in extras for text in EXTRAS[part]]
            continue
        distribution = metadata.distribution(name)
        found[name] = distribution.version
        queue += [r for r in map(Requirement, distribution.requires or ()) if _holds(r, extras)]
    return found


def _holds(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in (extras or {""}) | {""})


def faults(path: Path, extra: str) -> Iterator[str]:
    """What does not fit in one file."""
    if not (ROOT / path).exists():
        yield f"{path} is missing"
        return
    pinned, needed = pinned_here(path), closure(extra)
    for name in sorted(needed.keys() - pinned.keys()):
        yield f"{path}: [{extra}] leads to {name}, which is not pinned"
    for name in sorted(pinned.keys() - needed.keys()):
        yield f"{path}: {name} is pinned, but [{extra}] does not lead to it"
    for name in sorted(pinned.keys() & needed.keys()):
        if pinned[name] != needed[name]:
            yield f"{path}: {name} is pinned to {pinned[name]}, installed is {needed[name]}"
    everything = {(pin.name, version(pin)) for pin in pins(DEV)}
    for pin in pins(path):
        if (pin.name, version(pin)) not in everything:
            yield f"{path}: {pin.name} {version(pin)} differs from {DEV}"


def main() -> int:
    """Compile or check.

    Returns:
        1 if a file does not fit.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, offline")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that pyproject.toml permits")
    options = parser.parse_args()
    if not options.check:
        compile_all(options.upgrade)
    found = [fault for path, extra in files().items() for fault in faults(path, extra)]
    print("\n".join(found) or f"{len(files())} requirement files fit pyproject.toml")
    if found:
        print("run scripts/sync-requirements and scripts/setup dev")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
