"""AWS: how long Terraform takes to make, look at and remove everything on an emulator, and a season in between."""

import argparse
import time
from pathlib import Path

from deploy_faults import json_line

import aws_installation
import seasons
from touchline.testing.digests import difference


def figures(folder: Path, options: argparse.Namespace) -> list[dict[str, object]]:
    """One row: seconds of each step, resources, and whether the season ended in the state of the local platform."""
    moments = [time.perf_counter()]
    with aws_installation.installed(folder) as made:
        moments.append(time.perf_counter())
        planned = made.terraform.run("plan", "-detailed-exitcode", aws_installation.WIDE, codes=(0, 2))
        moments.append(time.perf_counter())
        found, resources = aws_installation.season(made), made.terraform.run("state", "list").stdout
        moments.append(time.perf_counter())
    moments.append(time.perf_counter())
    same = difference(seasons.local(seasons.settings_of(folder / "local")), found) == []
    names = ("applied s", "planned again s", "season s", "destroyed s")
    took = {name: round(moments[number + 1] - moments[number], 1) for number, name in enumerate(names)}
    row: dict[str, object] = {
        "same state": same, "second plan empty": planned.returncode == 0, **took,
        "resources": sum("data." not in line for line in resources.splitlines()),
        "calls": len(made.platform.calls),
    }  # fmt: skip
    print("aws     ", json_line(row), flush=True)
    return [row]
