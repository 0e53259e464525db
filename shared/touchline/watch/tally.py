"""What the run records of one function add up to."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Final, Literal

import msgspec

from touchline.watch.classes import Classes

SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 150.0, 300.0, 900.0, 3600.0)
"""Upper bounds of the classes of a run's duration."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a run record as is counted."""

    function: str
    started: datetime
    ended: datetime
    duration_s: float
    peak_memory_mib: float
    cold: bool
    status: int
    outcome: Literal["done", "unchanged", "skipped", "parked", "failed"]
    key: str = ""
    publications: tuple[str, ...] = ()
    summary: dict[str, object] = {}
    metrics: dict[str, float] = {}


class Tally:
    """Runs of one function, added in any order."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.seconds = Classes(SECONDS)
        self.cold = 0
        self.counted: dict[str, float] = defaultdict(float)
        """What stages counted, by series."""
        self._day, self.peak_mib = "", 0.0
        """Largest memory of a run on the newest day that has one."""

    def add(self, run: Run) -> None:
        """Count one."""
        self.outcomes[run.outcome] += 1
        self.seconds.observe(run.duration_s)
        self.cold += run.cold
        for series, value in run.metrics.items():
            self.counted[series] += value
        day = f"{run.started:%Y%m%d}"
        if day >= self._day:
            self.peak_mib = max(run.peak_memory_mib, self.peak_mib if day == self._day else 0.0)
            self._day = day
