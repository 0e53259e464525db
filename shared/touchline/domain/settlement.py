"""Which forecast of a match counts, and what it was worth once the match is over.

The forecast of record of a model is the last one that was sealed at least an hour before kick-off as then scheduled.
Nothing here knows where forecasts are kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import msgspec
import numpy as np

from touchline.domain.scoring import brier, log_loss, rps
from touchline.domain.staking import Prices, staked
from touchline.domain.vocabulary import OUTCOMES

SEALED_BEFORE: Final = timedelta(minutes=60)
VOID_STATUSES: Final = ("abandoned", "cancelled", "awarded")
"""A match of such a status has no result that was played out, so its forecasts are void."""


class Sealed(Protocol):
    """What is needed of a sealed forecast."""

    @property
    def match_id(self) -> str:
        """Match that it is about."""
        ...

    @property
    def model_version(self) -> str:
        """Model that made it."""
        ...

    @property
    def mode(self) -> str:
        """Live or simulated."""
        ...

    @property
    def kickoff(self) -> datetime:
        """Kick-off as scheduled when the forecast was sealed."""
        ...

    @property
    def sealed_at(self) -> datetime | None:
        """Moment of the sealing, None before it."""
        ...

    @property
    def home(self) -> float:
        """Probability of a home win."""
        ...

    @property
    def draw(self) -> float:
        """Probability of a draw."""
        ...

    @property
    def away(self) -> float:
        """Probability of an away win."""
        ...


F = TypeVar("F", bound=Sealed)


class Ending(msgspec.Struct, frozen=True):
    """How a match stands: its status, when it was kicked off in the end, and its goals if it has any."""

    status: str
    kickoff: datetime
    home_goals: float | None = None
    away_goals: float | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What a forecast of record was worth: its scores, or the reason why it is void (then there are none)."""

    outcome: str
    """home, draw or away; empty where the forecast is void."""
    log_loss: float | None = None
    rps: float | None = None
    brier: float | None = None
    void_reason: str = ""
    correct: bool | None = None
    """Whether the likeliest outcome came (of equals the earlier one counts)."""
    expected: float | None = None
    """Log-loss that the forecast expected of itself: its entropy, in nats."""
    stake: float | None = None
    """Units of a flat stake: 1, or 0 where no price was worth it; None where nobody named prices before the match."""
    returned: float | None = None
    """What came back of it: the price before the match where it won, else 0; None without prices."""
    closing_value: float | None = None
    """Closing-line value: logarithm of the price taken over the same bookmaker's closing price of that outcome."""


def of_record(forecasts: Iterable[F]) -> F | None:
    """The forecast of record among the forecasts of one match by one model, None if none was sealed in time.

    Args:
        forecasts: in any order; of two that were sealed in the same moment the later one of the iterable counts.
    """
    in_time = [(forecast.sealed_at, forecast) for forecast in forecasts if forecast.sealed_at is not None]
    in_time = [(sealed, forecast) for sealed, forecast in in_time if sealed <= forecast.kickoff - SEALED_BEFORE]
    newest = max((sealed for sealed, _ in in_time), default=None)
    return next((forecast for sealed, forecast in reversed(in_time) if sealed == newest), None)


def settle_all(
    forecasts: Iterable[F], endings: Mapping[str, Ending], prices: Mapping[str, Prices] | None = None
) -> Iterator[tuple[F, Verdict]]:
    """Verdicts of all forecasts of record whose match is over, in the order of match, model and mode.

    Args:
        forecasts: any number of them for each match and model, oldest first.
        endings: match_id -> how the match stands; a match that is not there is not over.
        prices: match_id -> a bookmaker's prices, of those matches that have them.

    Raises:
        ValueError: a finished match has no score.
    """
    rivals: dict[tuple[str, str, str], list[F]] = {}
    for forecast in forecasts:
        rivals.setdefault((forecast.match_id, forecast.model_version, forecast.mode), []).append(forecast)
    for key in sorted(rivals):
        forecast_of_record, ending = of_record(rivals[key]), endings.get(key[0])
        if forecast_of_record is not None and ending is not None:
            verdict = settle(forecast_of_record, ending, (prices or {}).get(key[0]))
            if verdict is not None:
                yield forecast_of_record, verdict


def settle(forecast: Sealed, ending: Ending, prices: Prices | None = None) -> Verdict | None:
    """What the forecast of record is worth, None as long as the match is not over.

    Raises:
        ValueError: a finished match has no score.
    """
    if ending.status in VOID_STATUSES:
        return Verdict("", void_reason=f"the match was {ending.status}")
    if ending.status != "finished":
        return None
    if forecast.sealed_at is None or forecast.sealed_at >= ending.kickoff:
        return Verdict("", void_reason="kick-off was moved before the sealing")
    return score(forecast, result(ending.home_goals, ending.away_goals), prices)


def result(home_goals: float | None, away_goals: float | None) -> int:
    """Place of the outcome in OUTCOMES.

    Raises:
        ValueError: a score is missing.

    >>> result(2, 1), result(0, 0), result(0, 3)
    (0, 1, 2)
    """
    if home_goals is None or away_goals is None or np.isnan([home_goals, away_goals]).any():
        raise ValueError("a finished match without a score cannot be settled")
    return 0 if home_goals > away_goals else 1 if home_goals == away_goals else 2


def score(forecast: Sealed, outcome: int, prices: Prices | None = None) -> Verdict:
    """Scores of a forecast for the outcome at that place of OUTCOMES, and its stake where there are prices.

    Raises:
        ValueError: the probabilities do not sum to 1, or there is no such outcome.
    """
    p, y = probabilities(forecast), [outcome]
    log, ranked, squared = (float(measure(p, y)[0]) for measure in (log_loss, rps, brier))
    bet = staked((forecast.home, forecast.draw, forecast.away), prices, outcome) if prices else None
    return Verdict(
        OUTCOMES[outcome], log, ranked, squared,
        correct=bool(np.argmax(p) == outcome),
        expected=entropy(forecast),
        stake=bet.stake if bet else None,
        returned=bet.returned if bet else None,
        closing_value=bet.closing_value if bet else None,
    )  # fmt: skip


def entropy(forecast: Sealed) -> float:
    """Log-loss that a forecast expects of itself, in nats: what a calibrated one has on average."""
    p = probabilities(forecast)[0]
    return float(-np.sum(p * np.log(np.where(p > 0, p, 1.0))))


def probabilities(forecast: Sealed) -> np.ndarray:
    """The forecast as an array of shape (1, 3)."""
    return np.array([[forecast.home, forecast.draw, forecast.away]])
