"""What Terraform would make on Google Cloud, how near it comes to Google's limits, and a season played by it."""

import argparse
import json
import time
from pathlib import Path
from random import Random

import gcp_rights
import gcp_season
import gcp_terraform
from gcp_terraform import Made
from missing import Missing
from terraform import Terraform
from touchline.testing import CALM, difference
from touchline.testing.league import play

Row = dict[str, object]


def figures(folder: Path, _: argparse.Namespace) -> list[Row]:
    """Resources, limits, times of Terraform, and whether a season ends as on the local platform."""
    try:
        root = gcp_terraform.prepared(folder)
    except Missing as missing:
        return [_told("Google Cloud", f"not measured: {missing}")]
    validated = _timed(root, "validate", "-json")
    begun = time.monotonic()
    outcome = gcp_terraform.Outcome(root.run("test", "-json", "-verbose", codes=(0, 1)).stdout)
    rows = [_told("terraform validate, s", validated), _told("terraform test, s", _since(begun))]
    rows += [_told("terraform test, faults", len(outcome.faults))]
    return rows + _limits(outcome.made) + _season(outcome.made, folder)


def _limits(made: Made) -> list[Row]:
    filters = [len(one["filter"]) for one in made.of("pubsub_subscription", "function").values()]
    conditions = [
        len(one["condition"][0]["expression"].split(" || ")) for one in made.of("storage_bucket_iam_member").values()
    ]
    return [
        _told("resources", sum(len(made.of(kind)) for kind in made.kinds())),
        _told("grants", len(gcp_rights.grants(made))),
        _told("longest filter, bytes of 256", max(filters)),
        _told("longest condition, comparisons of 12", max(conditions)),
        _told("conditions on the bucket, of 100 that are advised", len(conditions)),
    ]


def _season(made: Made, folder: Path) -> list[Row]:
    local, there = folder / "local", folder / "google"
    local.mkdir()
    there.mkdir()
    expected = play(local, 0, chances=CALM)[1]
    cloud = gcp_season.cloud_of(made, there, Random(5))  # noqa: S311 - an order of deliveries, no secret
    begun = time.monotonic()
    states = gcp_season.played(cloud)
    differing = [line for pair in zip(expected, states, strict=True) for line in difference(*pair)]
    return [
        _told("season, s", _since(begun)),
        _told("season, pushes", sum(map(len, cloud.pubsub.pushed.values()))),
        _told("season, pushes that came twice", cloud.pubsub.counted["doubled"]),
        _told("season, dead letters", cloud.pubsub.counted["dead"]),
        _told("season, rights that were missing", len(cloud.refused)),
        _told("season, differences from the local platform", len(differing)),
    ]


def _timed(root: Terraform, *command: str) -> float:
    begun = time.monotonic()
    root.run(*command, codes=(0, 1))
    return _since(begun)


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 1)


def _told(figure: str, measured: object) -> Row:
    row: Row = {"figure": figure, "measured": measured}
    print(json.dumps(row), flush=True)
    return row
