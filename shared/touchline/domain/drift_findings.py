"""What a drift report says in short, in the form that other parts read: small and typed, without a table library."""

from datetime import datetime

import msgspec


class Record(msgspec.Struct, frozen=True):
    """The settled forecasts of record of one mode: how many, and their means; None where there are none.

    >>> Record(settled=0, void=2).log_loss is None
    True
    """

    settled: int
    void: int
    log_loss: float | None = None
    expected_log_loss: float | None = None
    """What the forecasts promised: the mean of their entropies."""
    rps: float | None = None
    brier: float | None = None


class Findings(msgspec.Struct, frozen=True):
    """A report in short; `reports/drift/latest.json` holds it with the `seq` of the features."""

    id: str
    page: str
    report: str
    reference: str
    """What the current matches were compared with, in words."""
    matches: dict[str, int]
    """How many matches the reference has, and the current sample."""
    until: datetime
    """Newest kick-off of the current sample."""
    drifted: tuple[str, ...]
    share: float
    record: Record
    retrain: str
    """Why a training is due, empty if none is."""


class Request(msgspec.Struct, frozen=True):
    """Asks for a training; `until` is the newest kick-off of the report that led to it."""

    seq: int
    reason: str
    report: str
    until: datetime
    traceparent: str = ""
    """Span of the run that asked."""
