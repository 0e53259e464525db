"""Time of the local platform's queue: adds in one transaction, adds one by one, what is due, receipts, settling.

`scripts/bench queue-file --rows 100000` prints one line of JSON for each step.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from touchline.adapters.queue_file import QueueFile
from touchline.work import Event

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def event(number: int) -> Event:
    """Event of a publication."""
    key = f"raw/published/{number:012d}.json"
    return Event(id=f"{key}@1", kind="object", source="bench", time=NOW, key=key, sha256=f"{number:064x}")


def measure(what: str, times: int, work: Callable[[], Any]) -> Any:
    """Do it, and print how long it took and how many times a second that is."""
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    print(json.dumps({"what": what, "seconds": round(seconds, 4), "per_second": round(times / seconds)}), flush=True)
    return result


def add(queue: QueueFile, numbers: range) -> None:
    """Add in one transaction."""
    with queue.batch():
        for number in numbers:
            queue.add("validate", event(number), "etag")


def run(queue: QueueFile, rows: int, single: int) -> None:
    """Every step once, on a queue that grows to `rows`."""
    measure("10,000 adds in one transaction", 10_000, lambda: add(queue, range(10_000)))
    add(queue, range(10_000, rows))
    measure(
        "adds, one transaction each", single, lambda: [add(queue, range(n, n + 1)) for n in range(rows, rows + single)]
    )
    measure("what is due, ten at a time", 1000, lambda: [queue.due("validate", NOW, 10) for _ in range(1000)])
    measure(
        "deliveries settled",
        single,
        lambda: [queue.settle("validate", event(n), "done", 1, "run") for n in range(single)],
    )
    measure("receipt of an object", 1000, lambda: [queue.receipt("validate", event(n).key) for n in range(1000)])
    found = measure(f"receipts, {rows + single} rows", 1, lambda: queue.receipts("validate"))
    assert len(found) == rows + single
    measure("counts", 1, queue.counts)


def main(argv: Sequence[str]) -> int:
    """Measure in a temporary folder, or in the one that is named: disks differ."""
    parser = argparse.ArgumentParser(prog="bench queue-file", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="deliveries in the queue")
    parser.add_argument("--single", type=int, default=500, help="writes with a transaction of their own")
    parser.add_argument("--folder", help="where the file is put")
    asked = parser.parse_args(argv)
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-", dir=asked.folder) as folder,
        closing(QueueFile(Path(folder) / "platform.db")) as queue,
    ):
        run(queue, asked.rows, asked.single)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
