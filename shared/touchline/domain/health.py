"""Whether models keep what they promise, in the form that other parts read: small and typed, without a table library.

A calibrated forecast expects a log-loss equal to its own entropy, so the gap between the settled and the expected loss
tells of a model's health as soon as results come in, and the entropies of what is still to come tell what to expect.
"""

from typing import Final

import msgspec

from touchline.domain.vocabulary import Mode

METHOD: Final = (
    "likelihood ratios of distorted forecasts against the forecasts themselves (Ville 1939): at most 5 % of healthy"
    " models are ever accused, however often one looks, all competitions together (weighted e-BH)"
)


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """How one model keeps its promises: over the `n` settled forecasts of record of one competition, or of all.

    >>> Signal(model_version="m1", n=0, waiting=3, ahead=1.01).alarm
    False
    """

    model_version: str
    competition: str = ""
    """Its code, empty for all together."""
    n: int
    settled: float | None = None
    """Mean log-loss in nats; None, like the rest, while nothing is settled."""
    expected: float | None = None
    """What the forecasts promised: the mean of their entropies."""
    gap: float | None = None
    """`settled` minus `expected`: above 0 the model is surer than it may be."""
    gap_z: float | None = None
    """The gap in standard errors, as the forecasts themselves tell them: for one look only."""
    rps: float | None = None
    ece: float | None = None
    evidence: float | None = None
    """Natural logarithm of the e-value against a healthy model, for any number of looks."""
    alarm: bool = False
    """Whether the evidence is beyond what healthy models show, all signals together."""
    leaning: str = ""
    """What the evidence points at, empty without an alarm: e.g. `too sure`."""
    waiting: int = 0
    """Forecasts of record that are sealed and not yet settled."""
    ahead: float | None = None
    """Mean log-loss that those expect; None where there are none."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The champion, and models with a forecast of record of late; all competitions together before each of them.

    >>> Health(seq=1, mode="live", reason="no forecast is sealed yet").signals
    ()
    """

    seq: int
    """Number of the features whose results are settled."""
    mode: Mode
    until: str = ""
    """Day of the newest settled match, ISO 8601."""
    signals: tuple[Signal, ...] = ()
    method: str = METHOD
    reason: str = ""
    """Why there is nothing to show."""
