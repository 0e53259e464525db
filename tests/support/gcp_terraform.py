"""terraform/gcp, validated and tested in a copy; and what it would make, as Terraform's own test tells it."""

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import codebase
import terraform
from terraform import Terraform

ROOT = codebase.ROOT


def prepared(folder: Path) -> Terraform:
    """A copy with its provider.

    Raises:
        Missing: it cannot be had here.
    """
    return Terraform("gcp", folder, {}, _small_schema(terraform.environment().get("TF_CLI_ARGS_init", "")))


class Made:
    """Resources that Terraform's test made of mocks, each with its values."""

    def __init__(self, resources: list[dict[str, Any]]) -> None:
        self._resources = [one for one in resources if one["mode"] == "managed"]

    def of(self, kind: str, name: str = "") -> dict[str, dict[str, Any]]:
        """Key of each resource of a kind -> its values; the key of a single one is its name."""
        chosen = [one for one in self._resources if one["type"] == f"google_{kind}" and name in ("", one["name"])]
        return {str(one.get("index", one["name"])): one["values"] for one in chosen}

    def kinds(self) -> set[str]:
        """Kinds of all resources, without the provider's name."""
        return {one["type"].removeprefix("google_") for one in self._resources}


class Outcome(terraform.Outcome):
    """What `terraform test -json -verbose` told."""

    @property
    def made(self) -> Made:
        """What the run `made` made."""
        return Made(self.resources)


def tested(folder: Path) -> Outcome:
    """The root as it is, tested once in a session.

    Args:
        folder: of this process; with several of them, that of the session is above it.

    Raises:
        Missing: Terraform or the provider cannot be had here.
    """

    def made() -> str:
        with tempfile.TemporaryDirectory() as place:
            return prepared(Path(place)).run("test", "-json", "-verbose", codes=(0, 1)).stdout

    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    return Outcome(_once(shared, made))


def _once(base: Path, make: Callable[[], str]) -> str:
    """What `make` gives, made by one process of the session and read by the others."""
    kept = base / "gcp-tested.jsonl"
    with (base / "gcp-tested.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(make())
        return kept.read_text()


@cache
def _small_schema(arguments: str) -> dict[str, str]:
    """What the stand-in knows of the kinds that we use alone: it tells all that it knows whenever it is started."""
    plugins = [Path(one.partition("=")[2]) for one in arguments.split() if one.startswith("-plugin-dir=")]
    known = [one.parent / "google-schema.json" for one in plugins if (one.parent / "google-schema.json").exists()]
    if not known:
        return {}
    used = {
        kind
        for file in (ROOT / "terraform" / "gcp").glob("*.tf")
        for kind in re.findall(r'^(?:resource|data) "(google_\w+)"', file.read_text(), re.MULTILINE)
    }
    schema = json.loads(known[0].read_text())
    for part in ("resource", "data"):
        schema[part] = {name: one for name, one in schema[part].items() if name in used}
    small = Path(tempfile.mkdtemp()) / "schema.json"
    small.write_text(json.dumps(schema))
    return {"STUB_SCHEMA": str(small)}
