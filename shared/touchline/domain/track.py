"""The track record: every settled forecast counted, losses included, in the form that other parts read.

Differences are ours minus theirs on the matches that both forecast, so below 0 is better for all but accuracy.
Intervals are those of `views.METHOD`.
"""

from typing import Final

import msgspec

from touchline.domain.views import METHOD, Returns
from touchline.domain.vocabulary import Mode

PUBLIC: Final = "champion"
"""Stands for a model: what was said to everybody last, by whoever was champion then."""
RIVALS: Final = ("closing", "bookmaker", "elo", "prior")
"""Closing prices and those before the match of the reference bookmaker, Elo alone, shares of the competition."""
MOST_MODELS: Final = 24
"""Models that are told in full, those of the newest settled matches; of others there is one line in all."""
MOST_POINTS: Final = 400
"""Of one curve."""
MOST_MONTHS: Final = 60
MOST_VOID: Final = 100
"""Void forecasts that are listed, the newest; all are counted."""


class Mean(msgspec.Struct, frozen=True):
    """A mean with its interval, None where all matches are of one day.

    >>> Mean(0.98).low is None
    True
    """

    value: float
    low: float | None = None
    high: float | None = None


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """One forecaster compared with another on the `n` matches that both forecast.

    >>> one = Mean(-0.01)
    >>> Against(rival="elo", n=3, ours=0.98, theirs=0.99, log_loss=one, rps=one, brier=one, accuracy=one).few
    True
    """

    rival: str
    """One of RIVALS."""
    n: int
    ours: float
    """Log-loss of the one."""
    theirs: float
    """Log-loss of the rival."""
    log_loss: Mean
    """Difference, as all that follow."""
    rps: Mean
    brier: Mean
    accuracy: Mean
    few: bool = True


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One model in one competition and season: what its `n` settled forecasts of record were worth.

    >>> one = Mean(0.2)
    >>> Entry(model_version="m1", competition="", season="", n=1, log_loss=one, expected=1.0, rps=one, brier=one,
    ...     accuracy=one, ece=0.1, noise=0.1).against
    ()
    """

    model_version: str
    """Or PUBLIC."""
    competition: str
    """Its code, empty for all together."""
    season: str
    """Empty for all together."""
    n: int
    log_loss: Mean
    expected: float
    """Log-loss that the forecasts expected of themselves: their mean entropy."""
    rps: Mean
    brier: Mean
    accuracy: Mean
    ece: float
    noise: float
    """ECE that a perfect forecaster would show on average on as many matches."""
    against: tuple[Against, ...] = ()
    returns: Returns | None = None
    """Flat stakes at prices before the match; information, never advice. None where no match has prices."""
    closing_value: Mean | None = None
    """Of the stakes: mean closing-line value, as `settlement.Verdict` has it; None where no closing price is known."""
    first: str = ""
    """Day of the oldest match, ISO 8601."""
    until: str = ""
    """Day of the newest one."""
    few: bool = True


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Log-loss minus that of a rival, summed from the first match on, with its band; one value for each day shown.

    >>> Curve(rival="closing", n=2, days=("2026-03-01",), total=(-0.1,), low=(None,), high=(None,)).total
    (-0.1,)
    """

    rival: str
    n: int
    """Matches behind the whole curve."""
    days: tuple[str, ...]
    total: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


class Bin(msgspec.Struct, frozen=True):
    """Probabilities of one tenth: how many, what they promised on average, how often it came.

    `low` and `high` bound the share that comes in 95 of 100 cases if the promises are right (Broecker and Smith 2007).

    >>> Bin(10, 0.25, 0.3, 0.0, 0.52).count
    10
    """

    count: int
    promised: float = 0.0
    came: float = 0.0
    low: float = 0.0
    high: float = 0.0


class Month(msgspec.Struct, frozen=True):
    """Settled minus expected log-loss of a month: above 0 the forecasts were surer than they had reason to be.

    >>> Month("2026-03", 40, Mean(0.02)).gap.value
    0.02
    """

    month: str
    n: int
    gap: Mean


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A group of matches, as `slices.slices_of` names it.

    >>> one = Mean(0.98)
    >>> Slice(name="elo:close", n=3, log_loss=one, rps=one, ece=0.1, noise=0.1, promised=0.5, came=one).against is None
    True
    """

    name: str
    n: int
    log_loss: Mean
    rps: Mean
    ece: float
    noise: float
    promised: float
    """Mean probability of the outcome home or away that the model holds likelier: of its favourite."""
    came: Mean
    """How often that favourite won."""
    against: Against | None = None
    """Compared with the first of RIVALS that knows at least half of these matches."""
    few: bool = True


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn of one model in one competition and season.

    >>> Figures(model_version="m1", competition="", season="").curve is None
    True
    """

    model_version: str
    competition: str
    season: str
    curve: Curve | None = None
    bins: tuple[Bin, ...] = ()
    ece: float = 0.0
    noise: float = 0.0
    """ECE of a perfect forecaster on average."""
    noise_high: float = 0.0
    """95 of 100 perfect forecasters stay below."""
    months: tuple[Month, ...] = ()
    slices: tuple[Slice, ...] = ()


class Void(msgspec.Struct, frozen=True):
    """A forecast of record whose match has no result that counts.

    >>> Void("e0-2025-26-a-b", "m1", "E0", "2025-26", "2026-03-01", "the match was abandoned").competition
    'E0'
    """

    match_id: str
    model_version: str
    competition: str
    """Empty where it is not known any more, like the season."""
    season: str
    day: str
    reason: str


class Voided(msgspec.Struct, frozen=True):
    """How many forecasts of a model are void for a reason.

    >>> Voided("m1", "the match was abandoned", 2).n
    2
    """

    model_version: str
    reason: str
    n: int


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """The whole record.

    >>> Track(seq=1, mode="live", reason="nothing is settled yet").entries
    ()
    """

    seq: int
    """Number of the features whose results are settled."""
    mode: Mode
    """`simulated`: what a clock set by hand made; never evidence of anything."""
    until: str = ""
    """Day of the newest settled match, ISO 8601."""
    models: tuple[str, ...] = ()
    """PUBLIC first where it said something, then by their newest settled match; those told in full come first."""
    entries: tuple[Entry, ...] = ()
    figures: tuple[Figures, ...] = ()
    voided: tuple[Voided, ...] = ()
    voids: tuple[Void, ...] = ()
    method: str = METHOD
    reason: str = ""
    """Why there is nothing to show."""
