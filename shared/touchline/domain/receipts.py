"""Names of run records: a record is the receipt of its work, and its name says all that a receipt must say.

So whoever wants to know what was done lists names, and opens nothing.
"""

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

WORK_DIGITS: Final = 12
"""So many digits of the work's identity stand in the name."""
_KEY: Final = re.compile(
    r"runs/(?P<function>[a-z0-9]+)/(?P<day>\d{8})/(?P<time>\d{6})-(?P<work>[0-9a-f]{12})-(?P<mark>[0-9a-f]{8})"
    r"-(?P<status>\d{3})(?:-(?P<schedule>[a-z0-9_.-]{1,64}))?\.json"
)


class Receipt(msgspec.Struct, frozen=True):
    """What the name of a run record says."""

    function: str
    started: datetime
    """Moment at which the run began, whole seconds, UTC."""
    work: str
    """First digits of the work's identity."""
    status: int
    """Answer of the run as an HTTP status; from 500 on it failed, and is to come again."""
    schedule: str
    """Name of the schedule, for a run that a tick woke; else empty."""


def run_id(started: datetime, work: str, mark: str, status: int, schedule: str = "") -> str:
    """Name of a run: time of day, work, a mark of its own, status, and the schedule that woke it.

    >>> run_id(datetime(2026, 3, 2, 3, 30, tzinfo=UTC), "0123456789abcdef", "00c0ffee", 204, "weekly")
    '033000-0123456789ab-00c0ffee-204-weekly'
    """
    tail = f"-{schedule.replace('/', '_')[:64]}" if schedule else ""
    return f"{started:%H%M%S}-{work[:WORK_DIGITS]}-{mark}-{status}{tail}"


def read(key: str) -> Receipt | None:
    """What the key of a run record says, None if it is the key of something else.

    >>> read("runs/train/20260302/033000-0123456789ab-00c0ffee-204-weekly.json").schedule
    'weekly'
    >>> read("runs/train/README.md") is None
    True
    """
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    year, month, day = int(found["day"][:4]), int(found["day"][4:6]), int(found["day"][6:])
    hour, minute, second = (int(found["time"][place : place + 2]) for place in (0, 2, 4))
    started = datetime(year, month, day, hour, minute, second, tzinfo=UTC)  # ten times as quick as strptime
    return Receipt(found["function"], started, found["work"], int(found["status"]), found["schedule"] or "")
