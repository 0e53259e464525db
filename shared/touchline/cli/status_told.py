"""What `touchline status` tells, as values: one for each part of the system."""

from datetime import datetime
from typing import Literal

import msgspec

from touchline.domain.drift_findings import Findings
from touchline.domain.trials import TrialState

Severity = Literal["critical", "warning"]


class Problem(msgspec.Struct, frozen=True):
    """What is not as it should be, and what to do about it."""

    severity: Severity
    part: str
    what: str
    todo: str


class FunctionState(msgspec.Struct, frozen=True, kw_only=True):
    """One function: its newest run, what failed today, what waits for somebody."""

    function: str
    last: datetime | None = None
    outcome: str = ""
    """As the record says; `succeeded` or `failed`, as its name says, where the record cannot be read."""
    about: str = ""
    failed_today: int = 0
    dead: int = 0
    quarantined: int = 0


class StageState(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of the chain: the newest number that it published, and for how long it owes an answer."""

    stage: str
    seq: int | None = None
    """None where it published nothing yet."""
    lag_seconds: float | None = None
    """Age of the newest scrape that it has not answered, 0 if it has; None where that is not told."""


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """One source, as the daily look found it."""

    source: str
    state: str
    """`ok`, or its troubles."""
    newest: datetime | None = None
    """When the newest good answer came."""
    notes: tuple[str, ...] = ()


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """What serves, since when, what served before, and who is on trial."""

    model_id: str
    version: str
    promotion: int
    since: datetime | None = None
    previous: str = ""
    simulated: bool = False
    challenger: str = ""
    trials: tuple[TrialState, ...] = ()
    trial_reason: str = ""
    """Why there is no trial."""


class ForecastsState(msgspec.Struct, frozen=True, kw_only=True):
    """The newest published forecasts."""

    sealed: int
    """Matches that are still to be played."""
    next_kickoff: datetime | None = None
    next_match: str = ""
    reason: str = ""


class RecordState(msgspec.Struct, frozen=True, kw_only=True):
    """The settled record of the champion: what it lost, what it promised, and whether that is bad luck."""

    model_version: str = ""
    settled: int = 0
    log_loss: float | None = None
    expected: float | None = None
    gap_z: float | None = None
    alarm: bool = False
    leaning: str = ""
    waiting: int = 0
    reason: str = ""


class DriftState(Findings, frozen=True, kw_only=True):
    """The newest drift report, as its pointer has it."""

    seq: int = 0


class LedgerState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the record is whole; None where that is not told."""

    unsettled: int | None = None
    gaps: int | None = None


class CostState(msgspec.Struct, frozen=True, kw_only=True):
    """USD a month by platform, and from how many days."""

    month: dict[str, float]
    days: float


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at a moment. A part that cannot be read is empty, and named in `unread` with the reason."""

    at: datetime
    mode: str
    where: str
    healthy: bool
    """Whether no problem is critical."""
    problems: tuple[Problem, ...] = ()
    functions: tuple[FunctionState, ...] = ()
    chain: tuple[StageState, ...] = ()
    sources: tuple[SourceState, ...] = ()
    model: ModelState | None = None
    forecasts: ForecastsState | None = None
    record: RecordState | None = None
    drift: DriftState | None = None
    ledger: LedgerState | None = None
    cost: CostState | None = None
    unread: dict[str, str] = {}
