"""The limits of trials: how long they go on, and what a model may not get worse at while it gets better."""

from typing import Annotated

import msgspec

_Some = Annotated[int, msgspec.Meta(ge=1)]


class TrialPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the settled forecasts of two models decide between them. Differences are nats a match unless said.

    >>> TrialPolicy(challengers=2, horizon=10_000, gain=0.002, max_rps=0.001, max_ece=0.01, slice_matches=300,
    ...             slice_loss=0.02).horizon
    10000
    """

    challengers: _Some
    """Candidates that forecast beside the champion at a time; the eldest keeps its place until its trial has ended."""
    horizon: _Some
    """Matches after which a trial ends."""
    gain: float
    """A model that is shown to gain less than this is not worth a change: its trial ends."""
    max_rps: float
    """The interval of the mean difference in RPS must end below this."""
    max_ece: float
    """The calibration error may be larger than the champion's by this, and by what chance shows."""
    slice_matches: int
    """Groups of matches with fewer say too little."""
    slice_loss: float
    """In no larger group may the mean log-loss be higher than the champion's by more."""
