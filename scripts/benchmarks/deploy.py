"""Measure the deployment: `scripts/bench deploy`, or some of its parts, `scripts/bench deploy faults --outage 60`.

faults     what goes wrong between bucket and functions: is anything lost, how long until all is done?
bridge     events that the bridge takes in and posts, a second
digest     a season behind bridge and broker: the state of the local platform?
aws        terraform/aws on an emulator: applied, planned again, a season in it, destroyed
manifests  what is rendered for Knative, and how many slips in it are refused
scale      how many requests one instance of predict may work on at once
google     what Terraform would make on Google Cloud, and a season played by it: the state of the local platform?
images     how large the image of each function is (root, buildah and mmdebstrap; half an hour)

Every row is one figure; at the end the same as JSON. A part is a function of `parts/deploy_<name>.py` and a line here.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parent / "parts"))

import deploy_aws
import deploy_bridge
import deploy_faults
import deploy_google
import deploy_images
import deploy_manifests
import deploy_scale
import figures
import msgspec

Row = dict[str, object]


def scale(folder: Path, options: argparse.Namespace) -> list[Row]:
    """How many requests one instance of predict works on at once."""
    found = deploy_scale.figure()
    figures.tell(found)
    return [msgspec.to_builtins(found)]


PARTS: dict[str, Callable[[Path, argparse.Namespace], list[Row]]] = {
    "faults": deploy_faults.table, "bridge": deploy_bridge.figures, "digest": deploy_faults.season, "scale": scale,
    "aws": deploy_aws.figures,
    "manifests": deploy_manifests.figures, "google": deploy_google.figures, "images": deploy_images.sizes,
}  # fmt: skip


def main() -> None:
    """Measure, print each row as it is known, then all of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; everything by default")
    parser.add_argument("--outage", type=float, default=60, help="seconds for which the database is gone")
    parser.add_argument("--objects", type=int, default=60, help="put down around each fault")
    parser.add_argument("--events", type=int, default=2000, help="that the bridge gets at once")
    options = parser.parse_args()
    found: dict[str, list[Row]] = {}
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="touchline-deploy-") as folder:
            found[name] = PARTS[name](Path(folder), options)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
