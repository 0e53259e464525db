"""What was used lately, read from the bucket: runs are counted by the names of their records, times are sampled."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from touchline.domain import receipts
from touchline.domain.receipts import Receipt
from touchline.errors import TouchlineError
from touchline.manifest import decode
from touchline.ports import ObjectStore
from touchline.telemetry import RunRecord
from touchline.watch.usage import Usage, Used, of_run, stored_by, together
from touchline.wiring import Wiring

SAMPLE: Final = 100
"""Records that are opened of each function and schedule, evenly spread: what a minute's tick takes is known by then."""
RUNS: Final = "runs/"
Named = tuple[Receipt, str]


def observe(store: ObjectStore, wiring: Wiring, days: int) -> Usage:
    """What the functions used in the days before the newest run. Only names are read of what is not in the sample.

    Args:
        store: the bucket, all of whose names are listed.
        wiring: whose functions, and who writes which prefix.
        days: so far back.

    Raises:
        TouchlineError: the store does not answer.
    """
    objects = list(store.list(""))
    named = [(read, info.key) for info in objects if (read := receipts.read(info.key)) is not None]
    if not named:
        return Usage(stored=stored_by(wiring, objects, None))
    until = max(read.started for read, _ in named)
    since = max(until - timedelta(days=days), min(read.started for read, _ in named))
    recent = [one for one in named if one[0].started >= since]
    return Usage(since=since, until=until, used=dict(_used(store, recent)), stored=stored_by(wiring, objects, since))


def _used(store: ObjectStore, named: Sequence[Named]) -> Iterator[tuple[str, Used]]:
    groups: defaultdict[tuple[str, str], list[Named]] = defaultdict(list)
    for one in named:
        groups[one[0].function, one[0].schedule].append(one)
    found: defaultdict[str, Used] = defaultdict(Used)
    for (function, _), runs in sorted(groups.items()):
        read = [record for key in _sample(runs) if (record := _record(store, key)) is not None]
        part = together(map(of_run, read)).times(len(runs) / len(read)) if read else Used(runs=len(runs))
        found[function] = found[function].plus(part)
    yield from found.items()


def _sample(runs: Sequence[Named]) -> list[str]:
    """Keys of at most SAMPLE runs, evenly spread over all."""
    step = max(len(runs) / SAMPLE, 1.0)
    return [runs[int(number * step)][1] for number in range(min(len(runs), SAMPLE))]


def _record(store: ObjectStore, key: str) -> RunRecord | None:
    try:
        return decode(store.get(key), RunRecord, key)
    except TouchlineError:  # of another version, or gone since: the others say what a run takes
        return None
