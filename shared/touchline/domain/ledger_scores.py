"""Settlements recomputed from forecasts and results alone, by plain formulas, apart from the code that settles.

What is stored must agree with them to nine digits, and to the letter where it is text or a time.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from math import isclose, log
from typing import Annotated, Any, Final

import msgspec

from touchline.domain.ledger_audit import Fault
from touchline.domain.ledger_batches import Moment, Said

TABLE: Final = "the table settlements"
_IN_TIME: Final = timedelta(hours=1)
_LEAST: Final = 1e-15
_OUTCOMES: Final = ("home", "draw", "away")
Price = Annotated[float, msgspec.Meta(gt=1)]
Triple = tuple[Price, Price, Price]
Key = tuple[str, str, str]


class Ended(msgspec.Struct, frozen=True):
    """How a match ended, and what a bookmaker paid for it."""

    match_id: str
    status: str
    kickoff: Moment
    home_goals: float | None = None
    away_goals: float | None = None
    before: Triple | None = None
    closing: Triple | None = None


class Settled(msgspec.Struct, frozen=True):
    """A settlement as the database has it."""

    match_id: str
    model_version: str
    mode: str
    sealed_at: Moment | None
    outcome: str
    log_loss: float | None
    rps: float | None
    brier: float | None
    void_reason: str
    settled_at: Moment
    correct: bool | None = None
    expected: float | None = None
    stake: float | None = None
    returned: float | None = None
    closing_value: float | None = None

    @property
    def key(self) -> Key:
        """There is one of each match, model and mode."""
        return self.match_id, self.model_version, self.mode


def compared(forecasts: Iterable[Said], ended: Mapping[str, Ended], settled: Iterable[Settled]) -> Iterator[Fault]:
    """What is wrong with settlements.

    Args:
        forecasts: all that were sealed, in the order of sealing.
        ended: match_id -> how it ended.
        settled: current settlements.
    """
    records = _of_record(forecasts)
    stored = {one.key: one for one in settled}
    for key, one in stored.items():
        forecast, ending = records.get(key), ended.get(one.match_id)
        if forecast is None or ending is None:
            missing = "no forecast in time" if forecast is None else "no result"
            yield Fault(TABLE, one.match_id, f"settled for {one.model_version}, and there is {missing} to settle")
        else:
            yield from _differing(one, forecast, ending)
    for key in records.keys() - stored.keys():
        if key[0] in ended and ended[key[0]].status == "finished":
            yield Fault(TABLE, key[0], f"over, and not settled for {key[1]}")


def _of_record(forecasts: Iterable[Said]) -> dict[Key, Said]:
    """The last forecast of each match, model and mode that was sealed at least an hour before kick-off."""
    found: dict[Key, Said] = {}
    for one in forecasts:
        key = one.match_id, one.model_version, one.mode
        if one.sealed_at + _IN_TIME <= one.kickoff and (key not in found or one.sealed_at >= found[key].sealed_at):
            found[key] = one
    return found


def _differing(one: Settled, forecast: Said, ending: Ended) -> Iterator[Fault]:
    for name, value in expected_of(forecast, ending).items():
        stored = getattr(one, name)
        if not _same(stored, value):
            what = f"{name} for {one.model_version} is {stored}, recomputed it is {value}"
            yield Fault(TABLE, one.match_id, what)


def _same(stored: Any, value: Any) -> bool:
    if isinstance(stored, float) and isinstance(value, float):
        return isclose(stored, value, rel_tol=1e-9, abs_tol=1e-12)
    return bool(stored == value)


def expected_of(forecast: Said, ending: Ended) -> dict[str, Any]:
    """What a settlement must say, by field.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 3, 7, 12, tzinfo=UTC)
    >>> told = Said("m", "1", "live", noon, noon - timedelta(hours=2), 0.5, 0.25, 0.25)
    >>> found = expected_of(told, Ended("m", "finished", noon, 0, 0, (2.2, 3.0, 3.0)))
    >>> found["outcome"], round(found["log_loss"], 4), found["rps"], found["brier"], found["correct"], found["stake"]
    ('draw', 1.3863, 0.15625, 0.875, False, 1.0)
    """
    blank = dict.fromkeys(("log_loss", "rps", "brier", "correct", "expected", "stake", "returned", "closing_value"))
    told: dict[str, Any] = {"sealed_at": forecast.sealed_at, "outcome": "", **blank}
    if ending.status != "finished":
        return told | {"void_reason": f"the match was {ending.status}"}
    if forecast.sealed_at >= ending.kickoff:
        return told | {"void_reason": "kick-off was moved before the sealing"}
    place = _place(ending)
    return told | {
        "void_reason": "",
        "outcome": _OUTCOMES[place],
        **_scores(forecast, place),
        **_bet(forecast, ending, place),
    }


def _place(ending: Ended) -> int:
    margin = (ending.home_goals or 0.0) - (ending.away_goals or 0.0)
    return 0 if margin > 0 else 1 if margin == 0 else 2


def _scores(forecast: Said, place: int) -> dict[str, Any]:
    p = forecast.home, forecast.draw, forecast.away
    came = [float(number == place) for number in range(3)]
    return {
        "log_loss": -log(min(max(p[place], _LEAST), 1.0)),
        "rps": ((p[0] - came[0]) ** 2 + (p[0] + p[1] - came[0] - came[1]) ** 2) / 2,
        "brier": sum((chance - so) ** 2 for chance, so in zip(p, came, strict=True)),
        "correct": p.index(max(p)) == place,
        "expected": -sum(chance * log(chance) for chance in p if chance > 0),
    }


def _bet(forecast: Said, ending: Ended, place: int) -> dict[str, Any]:
    if ending.before is None:
        return {}
    p = forecast.home, forecast.draw, forecast.away
    values = [chance * price - 1 for chance, price in zip(p, ending.before, strict=True)]
    if max(values) <= 0:
        return {"stake": 0.0, "returned": 0.0}
    chosen = values.index(max(values))
    return {
        "stake": 1.0,
        "returned": ending.before[chosen] if chosen == place else 0.0,
        "closing_value": log(ending.before[chosen]) - log(ending.closing[chosen]) if ending.closing else None,
    }
