"""What event functions did, by their run records and by what was given up or refused."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

from prometheus_client.core import Metric

from touchline.domain.gate_report import RESULTS
from touchline.ports import ObjectStore
from touchline.watch.families import counter, gauge, histogram, single
from touchline.watch.records import Records

DEAD: Final = "deadletter/"
PARKED: Final = "quarantine/"
REASON: Final = "/reason.json"
REDRIVEN: Final = "chain/redrive/"
_GATE: Final = re.compile(RESULTS + r'\{gate="(\w+)",result="([a-z]+)"\}')


def families(records: Records, now: datetime) -> Iterator[Metric]:
    """Everything that run records add up to, as of the last look."""
    of, tallies = ("function",), sorted(records.tallies.items())
    outcomes = (((name, what), n) for name, tally in tallies for what, n in sorted(tally.outcomes.items()))
    yield counter("touchline_runs_total", "Runs, by their records", ("function", "outcome"), outcomes)
    timed = [((name,), tally.seconds) for name, tally in tallies if tally.outcomes]
    yield histogram("touchline_run_duration_seconds", "Time that runs took", of, timed)
    peaks = [((name,), tally.peak_mib) for name, tally in tallies if tally.outcomes]
    yield gauge("touchline_run_peak_memory_mib", "Largest memory of a run of the newest day with runs", of, peaks)
    cold = [((name,), tally.cold) for name, tally in tallies if tally.outcomes]
    yield counter("touchline_cold_starts_total", "Runs that had to start a process first", of, cold)
    last = [((name,), moment.timestamp()) for name, moment in sorted(records.last_success.items())]
    yield gauge("touchline_last_success_timestamp_seconds", "Last run that did not fail", of, last)
    today = records.of_day(now)
    rows = [((name, how), today[name, how]) for name, _ in tallies for how in ("succeeded", "failed")]
    yield gauge("touchline_runs_today", "Runs of this day (UTC)", ("function", "outcome"), rows)
    yield counter("touchline_gate_results_total", "Verdicts of gates", ("gate", "result"), _gates(records))
    yield single("touchline_exporter_waiting_records", "Run records that are not read yet", records.waiting)
    none = [((), records.unreadable)]
    yield counter("touchline_exporter_unreadable_records_total", "Run records that are none", (), none)


def _gates(records: Records) -> list[tuple[tuple[str, str], float]]:
    found: Counter[tuple[str, str]] = Counter()
    for tally in records.tallies.values():
        for series, value in tally.counted.items():
            if told := _GATE.fullmatch(series):
                found[told[1], told[2]] += int(value)
    return sorted(found.items())


def letters(store: ObjectStore, functions: tuple[str, ...], decided: Collection[str]) -> Iterator[Metric]:
    """Work that was given up or refused, by function, and that waits for a decision.

    Args:
        store: where letters lie; they stay there as evidence, whatever is decided.
        functions: of whom.
        decided: work that was delivered again or put aside, as the queue of a platform says, if it has one.

    Raises:
        Unavailable: the store does not answer.
    """
    again = {info.key.removeprefix(REDRIVEN).removesuffix(".json") for info in store.list(REDRIVEN)}.union(decided)
    dead, parked = dict.fromkeys(functions, 0), dict.fromkeys(functions, 0)
    for info in store.list(DEAD):
        _, function, name = (*info.key.split("/", 2), "")[:3]
        if function in dead and name.removesuffix(".json") not in again:
            dead[function] += 1
    for info in store.list(PARKED):
        _, function, work = (*info.key.split("/"), "")[:3]
        if function in parked and info.key.endswith(REASON) and work not in again:
            parked[function] += 1
    of = ("function",)
    yield gauge("touchline_dead_letters", "Work that was given up, and waits for a decision", of, _by(dead))
    yield gauge("touchline_quarantined", "Work that was refused, and waits for a decision", of, _by(parked))


def _by(counts: dict[str, int]) -> list[tuple[tuple[str], float]]:
    return [((name,), n) for name, n in sorted(counts.items())]
