"""What functions used, as far as bills know it: runs and their time from run records, bytes and writes from objects."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from touchline.ports import ObjectInfo
from touchline.telemetry import RunRecord
from touchline.wiring import Wiring

SHORTEST_JOB = 60.0
"""Seconds that are paid for a job at least, on either cloud."""
DAY = timedelta(days=1)


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """Runs of one function in the time that was looked at, as the clouds count them."""

    runs: float = 0.0
    cold: float = 0.0
    """Runs that had to start a process first."""
    seconds: float = 0.0
    """Sum of their times."""
    tenths: float = 0.0
    """The same, each rounded up to a tenth of a second."""
    minutes: float = 0.0
    """The same, each at least SHORTEST_JOB."""
    forecasts: float = 0.0
    """Forecasts that they sealed."""

    def times(self, factor: float) -> "Used":
        """So many times as much.

        >>> Used(runs=2, seconds=3.0).times(2).seconds
        6.0
        """
        return Used(**{name: value * factor for name, value in msgspec.structs.asdict(self).items()})

    def plus(self, other: "Used") -> "Used":
        """Both together."""
        mine, theirs = msgspec.structs.asdict(self), msgspec.structs.asdict(other)
        return Used(**{name: value + theirs[name] for name, value in mine.items()})


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of one function: bytes that lie there now, and objects written in the time that was looked at."""

    size: int = 0
    writes: int = 0


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What was used between two moments; functions by name, "" stands for people."""

    since: datetime | None = None
    until: datetime | None = None
    """Beginnings of the first and the newest run; None where nothing ran."""
    used: Mapping[str, Used] = {}
    stored: Mapping[str, Stored] = {}
    calls: Mapping[str, float] = {}
    """Calls a month of functions that leave no run records."""

    @property
    def days(self) -> float:
        """Length of the time that was looked at; less than a day counts as one."""
        if self.since is None or self.until is None:
            return 0.0
        return max((self.until - self.since) / DAY, 1.0)


def of_run(record: RunRecord) -> Used:
    """What one run used."""
    return used(record.duration_s, cold=record.cold, forecasts=int(record.summary.get("forecasts", 0)))


def used(seconds: float, *, cold: bool = False, forecasts: int = 0) -> Used:
    """What a run of so many seconds used.

    >>> used(0.93).tenths, used(0.93).minutes
    (1.0, 60.0)
    """
    tenths = math.ceil(round(seconds * 10, 6)) / 10
    return Used(
        runs=1, cold=int(cold), seconds=seconds, tenths=tenths, minutes=max(seconds, SHORTEST_JOB), forecasts=forecasts
    )


def together(parts: Iterable[Used]) -> Used:
    """All of them."""
    total = Used()
    for part in parts:
        total = total.plus(part)
    return total


def stored_by(wiring: Wiring, objects: Iterable[ObjectInfo], since: datetime | None) -> dict[str, Stored]:
    """Objects by the function that writes their prefix, "" for those of people.

    Args:
        wiring: says who writes which prefix.
        objects: all objects of the bucket.
        since: objects that were changed later count as writes; what was replaced several times counts once.
    """
    owners = _owners(wiring)
    sizes: dict[str, list[int]] = {}
    for info in objects:
        owner = next((name for prefix, name in owners if info.key.startswith(prefix)), "")
        found = sizes.setdefault(owner, [0, 0])
        found[0] += info.size
        found[1] += since is not None and info.modified >= since
    return {name: Stored(size=size, writes=writes) for name, (size, writes) in sizes.items()}


def _owners(wiring: Wiring) -> list[tuple[str, str]]:
    """Prefixes and who writes them, the longest first."""
    found = [(prefix, name) for name, one in wiring.functions.items() for prefix in one.all_writes]
    return sorted(found, key=lambda one: -len(one[0]))
