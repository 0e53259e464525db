"""Time and memory of the features of a whole history, and how both grow with the number of matches.

`scripts/bench features MATCHES.parquet` reads any table that `touchline ingest` reads, and makes the features of a
tenth, a third and the whole of it. `--matches 2000000` repeats its leagues under other codes until they are so many,
and lets the feature stage read that snapshot country by country and write its tables. Each line is a new process.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from touchline.adapters.local_store import LocalStore
from touchline.domain.availability import available_time
from touchline.domain.features import build
from touchline.domain.simulation import simulate
from touchline.ports import Payload
from touchline.sources import tidy
from touchline.stages import feature
from touchline.stages.feature_parts import Countries, Growing


def matches(path: Path | None) -> pd.DataFrame:
    """The tidy table of a file, or of a simulated league."""
    if path is None:
        return simulate(1, datetime(2026, 6, 1, tzinfo=UTC), seasons=20)
    payload = Payload("benchmark", path.name, path.read_bytes(), datetime.now(UTC))
    table = tidy.parse(payload).rows
    table["match_id"] = [f"m{number}" for number in range(len(table))]
    return table.assign(available_time=available_time(table))


def measure(folder: Path, share: int, again: bool) -> dict[str, Any]:
    """Seconds of one build of a part of the history; with `again` of a second one, when all is compiled and warm."""
    table = pd.read_parquet(folder / "table.parquet")
    table = table.head(len(table) // share)
    before = peak()
    if again:
        build(table.head(1000))
    wall, processor = time.perf_counter(), time.process_time()
    features = build(table)
    return {
        "matches": len(table),
        "features": len(features.names),
        "warm": again,
        "seconds": round(time.perf_counter() - wall, 2),
        "processor_seconds": round(time.process_time() - processor, 2),
        "state_kib": len(features.state.to_bytes()) // 1024,
        "table_mib": before,
        "peak_mib": peak(),
    }


def stream(folder: Path) -> dict[str, Any]:
    """Seconds and memory of the feature stage from a snapshot to its stored tables and the team state."""
    wall = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as spool, Growing(Path(spool)) as grown:
        countries = Countries((folder / "many.parquet").read_bytes(), "many.parquet", Path(spool))
        told = feature.grow(countries, grown)
        refs = grown.store(LocalStore(folder / "store"), "features/many")
    return {
        "matches": countries.rows,
        "competitions": len(told.state.names.competitions),
        "features": len(feature.FEATURE_NAMES),
        "seconds": round(time.perf_counter() - wall, 2),
        "peak_mib": peak(),
        "written_mib": sum((folder / "store" / ref.key).stat().st_size for ref in refs.values()) >> 20,
    }


def repeat(folder: Path, wanted: int) -> None:
    """Write the leagues of the table again and again, each time under codes and countries of their own."""
    table = pd.read_parquet(folder / "table.parquet")
    schema = pa.Table.from_pandas(table, preserve_index=False).schema
    with pq.ParquetWriter(folder / "many.parquet", schema, compression="zstd") as writer:
        for copy in range(-(-wanted // len(table))):
            rows = table.head(wanted - copy * len(table))
            names = {name: rows[name] + f"X{copy}" for name in ("competition", "match_id")}
            writer.write_table(pa.Table.from_pandas(rows.assign(**names), schema=schema, preserve_index=False))


def peak() -> int:
    """Largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns in a new process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def main(argv: Sequence[str]) -> int:
    """Print one line of JSON for each measurement."""
    parser = argparse.ArgumentParser(prog="bench features", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="table of matches; without one, a simulated league")
    parser.add_argument("--matches", type=int, help="let the feature stage read so many, streamed by countries")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        matches(asked.file).sort_values("kickoff").to_parquet(folder / "table.parquet", index=False)
        if asked.matches:
            alone(repeat, folder, asked.matches)
            print(json.dumps(alone(stream, folder)), flush=True)
            return 0
        for share, again in ((10, False), (10, True), (3, True), (1, True)):
            print(json.dumps(alone(measure, folder, share, again)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
