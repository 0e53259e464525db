"""What the settled record says, in the form that other parts read: small and typed, without a table library.

Intervals are 95 %, by the normal approximation with match days as clusters (Liang and Zeger 1986): results of one day
hang together, so a day counts as one draw.
"""

from typing import Final

import msgspec

from touchline.domain.vocabulary import Mode

POINTER: Final = "views/latest.json"
METHOD: Final = "95 % interval of the mean: normal approximation, match days as clusters"
FEW_MATCHES: Final = 100
FEW_DAYS: Final = 10
"""With fewer than these the interval is wider than what forecasters differ by, or not to be trusted itself."""
BENCHMARKS: Final = ("bookmaker", "elo", "prior")
"""Beside the models: the prices of the reference bookmaker before the match, Elo alone, shares of the competition."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Means of one forecaster over `n` settled forecasts of record; lower is better but for `accuracy`.

    >>> Standing(model_version="m1", competition="", n=3, log_loss=1.0, rps=0.2, brier=0.6, accuracy=0.5).few
    True
    """

    model_version: str
    """Or one of BENCHMARKS."""
    competition: str
    """Its code, empty for all together."""
    n: int
    log_loss: float
    rps: float
    brier: float
    accuracy: float
    low: float | None = None
    """Interval of the log-loss; None where all matches are of one day."""
    high: float | None = None
    few: bool = True
    """Whether there are too few matches or match days to say much."""


class Duel(msgspec.Struct, frozen=True, kw_only=True):
    """Log-loss of one forecaster minus that of another on the `n` matches that both forecast: below 0 is better.

    >>> Duel(model_version="m2", against="m1", competition="", n=3, difference=-0.01).low is None
    True
    """

    model_version: str
    against: str
    competition: str
    n: int
    difference: float
    low: float | None = None
    high: float | None = None
    few: bool = True


class Leaderboard(msgspec.Struct, frozen=True, kw_only=True):
    """Who forecasts how well.

    `standings` compare on identical matches: those of all `contenders` and of each benchmark that knows at least half
    of them. `every` are all models that ever had a forecast settled, each on its own matches. `duels` are each
    contender against the benchmarks and the other contenders, pair by pair.

    >>> Leaderboard(seq=1, mode="live", reason="nothing is settled yet").standings
    ()
    """

    seq: int
    """Number of the features whose results are settled."""
    mode: Mode
    until: str = ""
    """Day of the newest settled match, ISO 8601."""
    contenders: tuple[str, ...] = ()
    """The champion, and the challenger; without one, the model with most settled matches in common with it."""
    standings: tuple[Standing, ...] = ()
    duels: tuple[Duel, ...] = ()
    every: tuple[Standing, ...] = ()
    method: str = METHOD
    reason: str = ""
    """Why there is nothing to show."""


class Returns(msgspec.Struct, frozen=True, kw_only=True):
    """What a flat stake would have returned: information about the forecasts, not advice, and never used by a gate.

    One unit on one outcome a match: the one with the highest expected value (probability of the forecast of record
    times decimal price, minus 1), if that is above 0. Prices are those of the reference bookmaker as known before
    kick-off; matches without prices are left out. The forecast is the one that was public last.

    >>> Returns(region="England", matches=3, n=0, staked=0.0, returned=0.0).roi is None
    True
    """

    region: str
    """A country, empty for all together."""
    matches: int
    """Settled matches with prices."""
    n: int
    """Stakes."""
    staked: float
    returned: float
    roi: float | None = None
    """(returned - staked) / staked; None without a stake."""
    low: float | None = None
    high: float | None = None
    few: bool = True


class ReturnsTable(msgspec.Struct, frozen=True, kw_only=True):
    """Returns by region, all together first.

    >>> ReturnsTable(seq=1, mode="live", reason="nothing is settled yet").returns
    ()
    """

    seq: int
    mode: Mode
    until: str = ""
    returns: tuple[Returns, ...] = ()
    method: str = METHOD
    reason: str = ""


class ViewsPointer(msgspec.Struct, frozen=True, kw_only=True):
    """What `views/latest.json` holds: the newest views, and the hash of their manifest.

    >>> ViewsPointer(seq=1, manifest="views/ab/manifest.json", sha256="cd").seq
    1
    """

    seq: int
    manifest: str
    sha256: str
