"""Time and memory of the features of a whole history, and how the time grows with the number of matches.

`scripts/bench features MATCHES.parquet` reads any table that `touchline ingest` reads.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from touchline.domain.availability import available_time
from touchline.domain.features import build
from touchline.domain.simulation import simulate
from touchline.ports import Payload
from touchline.sources import tidy


def matches(path: Path | None) -> pd.DataFrame:
    """The tidy table of a file, or of a simulated league."""
    if path is None:
        return simulate(1, datetime(2026, 6, 1, tzinfo=UTC), seasons=20)
    payload = Payload("benchmark", path.name, path.read_bytes(), datetime.now(UTC))
    table = tidy.parse(payload).rows
    table["match_id"] = [f"m{number}" for number in range(len(table))]
    return table.assign(available_time=available_time(table))


def measure(table: pd.DataFrame) -> dict[str, float]:
    """One build: wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    features = build(table)
    return {
        "matches": len(table),
        "features": len(features.names),
        "seconds": round(time.perf_counter() - wall, 2),
        "processor_seconds": round(time.process_time() - processor, 2),
        "state_kib": len(features.state.to_bytes()) // 1024,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main(argv: Sequence[str]) -> int:
    """Print one line of JSON for each tenth, third and whole of the history."""
    parser = argparse.ArgumentParser(prog="bench features", description=__doc__)
    parser.add_argument("matches", nargs="?", type=Path, help="table of matches; without one, a simulated league")
    table = matches(parser.parse_args(argv).matches).sort_values("kickoff", ignore_index=True)
    for share in (10, 3, 1):
        print(json.dumps(measure(table.head(len(table) // share))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
