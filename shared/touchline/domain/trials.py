"""What the trials of models against each other say, in the form that other parts read: small and typed.

A trial compares the forecasts of record of two models on the matches that both forecast, while results come in. Its
intervals hold at every moment at once, however often somebody looks (`domain/sequential.py`).
"""

from typing import Final, Literal

import msgspec

from touchline.domain.promotion import Check
from touchline.domain.vocabulary import Mode

METHOD: Final = "asymptotic confidence sequence of the mean difference: valid at all times, match days as clusters"
Role = Literal["challenger", "champion"]
TrialVerdict = Literal["promote", "reject", "collect", "rollback", "hold"]
"""Of a challenger: promote, reject, or keep collecting. Of the champion against the one before: roll back, or hold."""


class TrialState(msgspec.Struct, frozen=True, kw_only=True):
    """One trial as it stands: log-loss of `model_version` minus that of `against`, below 0 is better.

    >>> TrialState(model_version="m2", against="m1", role="challenger", n=0, verdict="collect").needed is None
    True
    """

    model_version: str
    against: str
    role: Role
    """`challenger`: who may take the champion's place. `champion`: who serves, against the one before."""
    n: int
    """Matches that both forecast and that are settled."""
    days: int = 0
    """Match days they were played on."""
    difference: float | None = None
    """Mean difference in nats a match, None before the first match."""
    low: float | None = None
    high: float | None = None
    """Interval that holds at all times at once; None before it begins to hold."""
    evidence: float | None = None
    """How far the mean is beyond the bound that decides, in widths of the interval: the verdict is due above 1."""
    verdict: TrialVerdict = "collect"
    needed: int | None = None
    """Matches still needed for a decision if all goes on as it does, None if that cannot be foreseen; 0 if decided."""
    reason: str = ""
    """Why the verdict is what it is, a sentence for people."""
    checks: tuple[Check, ...] = ()
    """Gates beside the test: each with its answer and its reason."""


class Trials(msgspec.Struct, frozen=True, kw_only=True):
    """All trials that run.

    >>> Trials(seq=1, mode="live", reason="no model challenges the champion").trials
    ()
    """

    seq: int
    """Number of the features whose results are settled."""
    mode: Mode
    until: str = ""
    """Day of the newest settled match, ISO 8601."""
    trials: tuple[TrialState, ...] = ()
    method: str = METHOD
    reason: str = ""
    """Why there is nothing to show."""
