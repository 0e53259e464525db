"""How far the stages are behind the newest data, and how many rows their newest results have."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import msgspec
from prometheus_client.core import Metric

from touchline.manifest import Manifest, Ref, decode, read_object
from touchline.ports import ObjectStore
from touchline.watch.families import gauge
from touchline.watch.tally import Run

STAGES: Final = {
    "export": "raw",
    "validate": "validated",
    "feature": "features",
    "forecast": "predictions",
    "drift": "views",
}
"""Functions that answer each publication of scrape, and where they publish."""
BEGINNING: Final = "scrapes"
SEQUENCED: Final = frozenset({BEGINNING, *STAGES.values()})
"""Stages whose publications carry the number of scrape; those of others count something else, such as promotions."""
GATES: Final = ("export", "validate", "feature")
"""Whatever these refuse reaches nobody behind them, so nobody owes an answer to it."""
ROWS: Final = {
    "raw": ("matches",),
    "validated": ("rows",),
    "features": ("played", "upcoming"),
    "predictions": ("forecasts",),
}
"""Counts of a manifest that say how many matches a result has."""
KEPT: Final = 1000
"""Moments of publications that are remembered."""
_PUBLISHED: Final = re.compile(r"([a-z]+)/published/(\d{12})[0-9_-]*\.json")


class _Pointer(msgspec.Struct):
    """As much of `<stage>/latest.json` as is read."""

    seq: int
    manifest: str = ""
    sha256: str = ""


class Chain:
    """The chain of stages, as run records and published objects show it.

    Args:
        store: where they are.
        functions: that there are.
    """

    def __init__(self, store: ObjectStore, functions: tuple[str, ...]) -> None:
        self._store = store
        self._stages = {name: stage for name, stage in STAGES.items() if name in functions}
        self._answered = dict.fromkeys(self._stages, 0)
        self._refused: set[int] = set()
        self._moments: dict[int, datetime] = {}
        self._rows: dict[str, tuple[str, int]] = {}

    def take(self, run: Run) -> None:
        """Take in what a run says of the chain."""
        woken = _PUBLISHED.fullmatch(run.key)
        if woken and woken[1] in SEQUENCED and run.status < 500 and run.function in self._answered:
            seq = int(woken[2])
            self._answered[run.function] = max(seq, self._answered[run.function])
            if run.outcome == "parked" and run.function in GATES:
                self._refused.add(seq)
        for told in map(_PUBLISHED.fullmatch, run.publications):
            if told and told[1] == BEGINNING:
                self._moments[int(told[2])] = run.ended
        while len(self._moments) > KEPT:
            del self._moments[min(self._moments)]

    def families(self, now: datetime) -> Iterator[Metric]:
        """Lag by function, and rows by stage.

        Raises:
            TouchlineError: an object cannot be read.
        """
        heads = {stage: self._head(stage) for stage in (BEGINNING, *self._stages.values())}
        lags = [((name,), self._lag(name, heads, now)) for name in self._stages]
        about = "Age of the oldest publication of scrape that is newer than all that a function answered"
        yield gauge("touchline_chain_lag_seconds", about, ("stage",), lags)
        rows = [((stage,), self._counted(stage, head)) for stage, head in heads.items() if head and stage in ROWS]
        yield gauge("touchline_snapshot_rows", "Matches in the newest result", ("stage",), rows)

    def _head(self, stage: str) -> _Pointer | None:
        key = f"{stage}/latest.json"
        return None if self._store.stat(key) is None else decode(self._store.get(key), _Pointer, key)

    def _lag(self, name: str, heads: Mapping[str, _Pointer | None], now: datetime) -> float:
        first, own = heads[BEGINNING], heads[self._stages[name]]
        answered = max(self._answered[name], own.seq if own else 0)
        if first is None or first.seq <= answered:
            return 0.0
        owed = (moment for seq, moment in self._published(answered) if seq not in self._refused)
        return max(0.0, (now - min(owed, default=now)).total_seconds())

    def _published(self, after: int) -> Iterator[tuple[int, datetime]]:
        """Publications of scrape with a higher number, and their moments."""
        for info in self._store.list(f"{BEGINNING}/published/"):
            told = _PUBLISHED.fullmatch(info.key)
            if told and (seq := int(told[2])) > after:
                yield seq, self._moments.get(seq, info.modified)

    def _counted(self, stage: str, head: _Pointer) -> int:
        known = self._rows.get(stage)
        if known is None or known[0] != head.sha256:
            data = read_object(self._store, Ref(head.manifest, head.sha256))
            counts = decode(data, Manifest, head.manifest).counts
            known = self._rows[stage] = head.sha256, sum(counts.get(name, 0) for name in ROWS[stage])
        return known[1]
