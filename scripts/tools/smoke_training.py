"""Train a small model of simulated matches from end to end, and name its version in the registry by an alias.

The functions run as they always run, from collecting to training; only the numbers of trials and folds are small. No
alias that promotion gives is touched.
"""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from touchline import bootstrap
from touchline.platform.runner import Platform
from touchline.telemetry import RunRecord

SMALL = {
    "TOUCHLINE_SCRAPE_SOURCES": "simulated",
    "TOUCHLINE_TRAIN_TRIALS": "1",
    "TOUCHLINE_TRAIN_FOLDS": "2",
    "TOUCHLINE_TRAIN_FAMILIES": "logistic,goals",
    "TOUCHLINE_LOG_LEVEL": "WARNING",
}
CHAIN = ("scrape", "export", "validate", "feature", "train")


def surroundings(home: Path) -> dict[str, str]:
    """A home of its own; of this machine's settings only the registry and where its artifacts are."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")}
    return {**kept, **SMALL, "TOUCHLINE_HOME": str(home)}


def train(environ: dict[str, str]) -> RunRecord:
    """Run what is due of each function up to train; the record of the last run."""
    with Platform(environ) as platform:
        for name in CHAIN:
            for event in list(platform.pending(name)) or [platform.tick(name)]:
                record = platform.deliver(name, event)
                print(f"{name}: {record.outcome} in {record.duration_s:.1f} s {record.reason}".rstrip(), flush=True)
    return record


def main() -> int:
    """Train and register.

    Returns:
        1 if no model came of it.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alias", default="ci-smoke", help="alias of the version in the registry")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="touchline-smoke-") as home:
        environ = surroundings(Path(home))
        record = train(environ)
        registry = bootstrap.ports(environ, needs=frozenset({"object_store", "registry"})).registry
        version = registry.versions().get(str(record.summary.get("model", "")))
        if version is None:
            print(f"no model was registered: {record.outcome} {record.reason}", file=sys.stderr)
            return 1
        registry.set_alias(options.alias, version)
        print(f"version {registry.aliases()[options.alias]} is {options.alias}: {record.summary}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
