"""What a drift report says in short, in the form that other parts read: small and typed, without a table library."""

from datetime import datetime
from typing import Final

import msgspec

MOVED: Final = 20
"""So many features are listed by name."""


class FeatureDrift(msgspec.Struct, frozen=True):
    """How far the current sample of one feature, or of one forecast probability, lies from the reference.

    >>> FeatureDrift("elo_difference", psi=0.1, ks=0.12, effect=0.3, missing_reference=0, missing_current=0,
    ...              drifted=True, p=1e-9, corrected=1e-7).drifted
    True
    """

    name: str
    psi: float
    """Population stability index."""
    ks: float
    """Largest distance of the cumulative shares."""
    effect: float
    """Shift of the mean in standard deviations."""
    missing_reference: float
    """Share of missing values in the reference, 0 to 1."""
    missing_current: float
    drifted: bool
    """True where the change is both large (an effect) and more than chance (`corrected`)."""
    p: float = 1.0
    """How often chance moves this feature so far."""
    corrected: float = 1.0
    """The same, corrected for the number of features that are compared."""


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
    predictions: tuple[FeatureDrift, ...] = ()
    """How far what the champion says of the current matches lies from what it says of the reference."""
    moved: tuple[FeatureDrift, ...] = ()
    """The features that moved most, by their population stability index; at most MOVED."""
    reference_id: str = ""
    """Model that learnt from the reference; it changes with a promotion only. Empty without a champion."""


class Request(msgspec.Struct, frozen=True):
    """Asks for a training; `until` is the newest kick-off of the report that led to it."""

    seq: int
    reason: str
    report: str
    until: datetime
    traceparent: str = ""
    """Span of the run that asked."""
