"""Time of small objects, of a long list and of a large object in each kind of object store.

`scripts/bench stores` starts servers of S3 and Google Cloud Storage of its own (stand-ins: the figures say what the
adapters cost, not what a cloud does); `--store` takes the address of a real one, under which objects are left behind.
"""

import argparse
import json
import math
import os
import re
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from touchline.adapters.stores import open_store
from touchline.ports import ObjectStore

SUPPORT = Path(__file__).parents[2] / "tests" / "support"
LARGE = 64 << 20


@contextmanager
def places() -> Iterator[dict[str, str]]:
    """Kind -> address of an empty store, with what its client needs in the environment."""
    sys.path.append(str(SUPPORT))
    import gcs
    import s3

    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        s3.server(1000) as one,
        gcs.server(1000) as other,
    ):
        os.environ.update(s3.environment(one) | gcs.environment(other))
        yield {"folder": folder, "s3": f"s3://{s3.bucket(one)}", "gcs": f"gs://{gcs.bucket(other)}"}


def say(kind: str, what: str, **figures: float) -> None:
    """One line of JSON."""
    print(json.dumps({"store": kind, "what": what, **{name: round(figure, 2) for name, figure in figures.items()}}))


def milliseconds(work: Callable[[], Any]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def small(kind: str, store: ObjectStore, count: int = 200) -> None:
    """Objects of 10 kB, one after the other."""
    data, under = secrets.token_bytes(10_000), f"small/{secrets.token_hex(4)}"
    for what, call in (
        ("create 10 kB", lambda key: store.create(key, data)), ("create again", lambda key: store.create(key, data)),
        ("get 10 kB", store.get), ("stat", store.stat),
    ):  # fmt: skip
        took = [milliseconds(partial(call, f"{under}/{number}")) for number in range(count)]
        say(kind, what, p50_ms=statistics.median(took), p95_ms=statistics.quantiles(took, n=20)[-1])


def listed(kind: str, store: ObjectStore, count: int) -> None:
    """A list of many keys, made by eight threads."""
    under = f"many/{secrets.token_hex(4)}/"
    with ThreadPoolExecutor(8) as threads:
        made = milliseconds(lambda: list(threads.map(lambda n: store.create(f"{under}{n:06}", b""), range(count))))
    say(kind, f"create {count} keys from eight threads", seconds=made / 1000, per_second=count / made * 1000)
    took = milliseconds(lambda: len(list(store.list(under))))
    say(kind, f"list {count} keys", seconds=took / 1000, keys_per_second=count / took * 1000)


def large(kind: str, address: str) -> None:
    """A large object as a stream, up and down, in a process of its own whose memory grows with nothing else."""
    with get_context("spawn").Pool(1) as alone:
        alone.apply(_large, (kind, address))


def _large(kind: str, address: str) -> None:
    store, key = open_store(address, Path()), f"large/{secrets.token_hex(4)}"
    store.stat(key)
    with tempfile.TemporaryFile() as source:
        for _ in range(LARGE >> 20):
            source.write(secrets.token_bytes(1 << 20))
        source.seek(0)
        before = _peak()
        for what, work in (("create", lambda: store.create(key, source)), ("open", lambda: store.open(key).close())):
            took = milliseconds(work)
            say(
                kind, f"{what} 64 MiB", mib_per_second=(LARGE >> 20) * 1000 / took, grew_to_mib=_peak(), from_mib=before
            )


def _peak() -> float:
    """Most memory that this process had, in MiB; `getrusage` would tell what its parent had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else math.nan


def main(argv: Sequence[str]) -> int:
    """Print one line of JSON for each figure."""
    parser = argparse.ArgumentParser(prog="bench stores", description=__doc__)
    parser.add_argument("--store", default="", help="measure only the store at this address")
    parser.add_argument("--keys", type=int, default=10_000, help="length of the list")
    parser.add_argument("--kind", choices=["folder", "s3", "gcs"], help="measure only this kind")
    asked = parser.parse_args(argv)
    if asked.store:
        measure("given", asked.store, asked.keys)
        return 0
    with places() as found:
        for kind in [asked.kind] if asked.kind else found:
            measure(kind, found[kind], asked.keys)
    return 0


def measure(kind: str, address: str, keys: int) -> None:
    """All figures of one store."""
    store = open_store(address, Path())
    small(kind, store)
    large(kind, address)
    listed(kind, store, keys)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
