"""Terraform for tests: a root copied to a folder of its own, its providers from a mirror on this machine."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import codebase
from missing import Missing

ROOTS = codebase.ROOT / "terraform"
STAND_IN = codebase.ROOT.parent / "shared" / "ci-env.sh"
"""Where Terraform's registry is out of reach, this names providers on this machine, if it is there."""


class Terraform:
    """A root of Terraform in a folder, with these variables.

    Args:
        root: below `terraform/`.
        folder: where it is copied to; what Terraform keeps stays there.
        variables: of the root, by name; secrets come by `environ`.
        environ: further variables of the environment.

    Raises:
        Missing: it cannot be had here.
    """

    def __init__(self, root: str, folder: Path, variables: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        if shutil.which("terraform") is None:
            raise Missing("terraform is not installed")
        kept = shutil.ignore_patterns(".terraform*")
        self.folder = Path(shutil.copytree(ROOTS / root, folder / "terraform" / root, ignore=kept))
        shutil.copytree(ROOTS / "modules", folder / "terraform" / "modules", ignore=kept, dirs_exist_ok=True)
        (folder / "functions").mkdir(exist_ok=True)
        shutil.copy(codebase.ROOT / "functions" / "wiring.yaml", folder / "functions")
        (self.folder / "test.auto.tfvars.json").write_text(json.dumps(dict(variables)))
        self._environ = {**environment(), **environ}
        done = self._called("init", "-backend=false")
        if done.returncode:
            raise Missing(f"terraform init: {done.stderr[-300:]}")

    def run(self, command: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run a command that must end with one of these codes."""
        done = self._called(command, *arguments)
        assert done.returncode in codes, f"terraform {command}: {done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def outputs(self) -> dict[str, Any]:
        """Outputs by name."""
        told = json.loads(self.run("output", "-json").stdout)
        return {name: one["value"] for name, one in told.items()}

    def _called(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        asking = ["-input=false"] if command in ("init", "plan", "apply", "destroy") else []
        colour = [] if command in ("fmt", "state") else ["-no-color"]
        line = ["terraform", command, *colour, *asking, *arguments]
        return subprocess.run(line, cwd=self.folder, env=self._environ, capture_output=True, text=True)


class Outcome:
    """What `terraform test -json -verbose` told."""

    def __init__(self, output: str) -> None:
        self._told = [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    @property
    def faults(self) -> list[str]:
        """What failed, or could not be done."""
        found = [one["diagnostic"] for one in self._told if one["type"] == "diagnostic"]
        return [f"{one['summary']}: {one['detail']}" for one in found if one["severity"] == "error"]

    @property
    def passed(self) -> list[str]:
        """Runs that passed."""
        ended = [one for one in self._told if one["type"] == "test_run" and one["test_run"].get("status") == "pass"]
        return [one["@testrun"] for one in ended]

    @property
    def resources(self) -> list[dict[str, Any]]:
        """What the run `made` made of mocks, and what data it read."""
        (state,) = [one["test_state"] for one in self._told if one["type"] == "test_state"]
        return list(state["root_module"]["resources"])


@cache
def environment() -> dict[str, str]:
    """The environment of this process, with providers of this machine where it names none itself."""
    found = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    if not Path(found.get("TF_CLI_CONFIG_FILE") or "/").exists():
        del found["TF_CLI_CONFIG_FILE"]
    if "TF_CLI_ARGS_init" not in found and STAND_IN.exists():
        script = f'. "{STAND_IN}" && printf %s "${{TF_CLI_ARGS_init:-}}"'
        found["TF_CLI_ARGS_init"] = subprocess.run(["bash", "-c", script], capture_output=True, text=True).stdout
    return found
