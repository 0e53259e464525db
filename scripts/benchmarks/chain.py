"""Time the chain stage by stage, in fresh homes.

`scripts/bench chain` runs the simulated league; with --data FILE also the matches of a file. Twice over the same home:
the second run feeds the same matches again, which must change nothing and should cost next to nothing.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from touchline.platform.runner import Platform, Step
from touchline.telemetry import RunRecord

Feed = Callable[[Platform], list[RunRecord]]
SIMULATED_NOW = "2026-03-02T09:00:00+00:00"


def simulated(platform: Platform) -> list[RunRecord]:
    """A tick of the schedule that fetches the simulated league."""
    return [platform.deliver("scrape", platform.tick("scrape"))]


def from_file(path: Path) -> Feed:
    """The matches of a file, put down under `incoming/`."""

    def feed(platform: Platform) -> list[RunRecord]:
        from touchline.cli.commands import take_in

        return take_in(platform, [path])

    return feed


def tell(step: Step) -> None:
    """Say what has run, for whoever waits."""
    if step.record is not None:
        print(f"{step.function} {step.record.outcome}, {step.record.duration_s:.1f} s", file=sys.stderr, flush=True)


def measure(name: str, feed: Feed, environ: dict[str, str]) -> list[dict[str, object]]:
    """Rows of the table: each function's deliveries, seconds and peak memory, first and again."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder:
        for turn in ("first", "again"):
            around = {"TOUCHLINE_HOME": folder, "TOUCHLINE_LOG_LEVEL": "ERROR", **environ}
            with Platform(around, watch=tell) as platform:
                start = time.perf_counter()
                records = feed(platform) + platform.drain()
                rows += [{"case": name, "turn": turn, **row} for row in by_function(records)]
                total = round(time.perf_counter() - start, 2)
            rows.append({"case": name, "turn": turn, "function": "all", "seconds": total})
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        rows.append({"case": name, "turn": "kept", "function": "all", "mib": round(size / 2**20, 1)})
    return rows


def by_function(records: list[RunRecord]) -> list[dict[str, object]]:
    """Sums over the deliveries of each function, in the order in which they ran."""
    names = list(dict.fromkeys(record.function for record in records))
    grouped = {name: [record for record in records if record.function == name] for name in names}
    return [
        {
            "function": name,
            "outcomes": ", ".join(dict.fromkeys(record.outcome for record in runs)),
            "deliveries": len(runs),
            "seconds": round(sum(record.duration_s for record in runs), 2),
            "mib": round(max(record.peak_memory_mib for record in runs)),
        }
        for name, runs in grouped.items()
    ]


def table(rows: list[dict[str, object]]) -> str:
    """Rows as text in columns."""
    columns = ("case", "turn", "function", "outcomes", "deliveries", "seconds", "mib")
    cells = [columns, *(tuple(str(row.get(column, "")) for column in columns) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)


def main() -> None:
    """Measure, print the table, then the same as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="file with matches, as `touchline ingest` takes it")
    parser.add_argument("--now", default="", help="the clock for --data, ISO 8601 with an offset; else the real one")
    options = parser.parse_args()
    rows = measure("simulated", simulated, {"TOUCHLINE_NOW": SIMULATED_NOW, "TOUCHLINE_SCRAPE_SOURCES": "simulated"})
    if options.data:
        environ = {"TOUCHLINE_NOW": options.now} if options.now else {}
        rows += measure(options.data.name, from_file(options.data), environ)
    print(table(rows))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
