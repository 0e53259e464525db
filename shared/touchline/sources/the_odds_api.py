"""The Odds API, version 4: prices of many bookmakers for the matches to come; needs a key, and each request costs.

An event never makes a match: it is linked to one that another source announced. Outcomes come in any order and are told
apart by their names. A set of prices that cannot be (outside bounds, incomplete, an absurd sum) is left out and noted.
"""

from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pandas as pd

from touchline.collecting import About, Page, Scope, Verdict
from touchline.domain.competitions import COMPETITIONS
from touchline.domain.vocabulary import ODDS_BOUNDS, OVERROUND_BOUNDS
from touchline.errors import DataError
from touchline.ports import Payload
from touchline.sources.shaped import known_as, opened, rows_of

NAME: Final = "the-odds-api"
KEY: Final = "TOUCHLINE_THE_ODDS_API_KEY"
"""Environment variable with the key of an account."""
AGAIN: Final = timedelta(hours=1)
OFF_SEASON: Final = timedelta(hours=24)
COST: Final = 2
"""Credits of one request: two markets in one region."""
QUOTE_COLUMNS: Final = (
    "competition", "source_id", "home_team", "away_team", "kickoff", "bookmaker", "market", "outcome", "line", "price",
    "quoted_at",
)  # fmt: skip
"""One row a price: names as published, `kickoff` and `quoted_at` in UTC, `price` decimal, `line` 0 but for totals."""
_CODES: Final = {
    "pinnacle": "ps", "bet365": "b365", "betfair_ex_eu": "bfe", "williamhill": "wh", "betvictor": "vc",
}  # fmt: skip
_SIDES: Final = {"h2h": frozenset({"home", "draw", "away"}), "totals": frozenset({"over", "under"})}


def bookmaker_code(key: str) -> str:
    """Our code of a bookmaker (vocabulary.BOOKMAKERS), empty where we have none.

    >>> bookmaker_code("pinnacle"), bookmaker_code("nobodyknows")
    ('ps', '')
    """
    return _CODES.get(key, "")


class _Outcome(msgspec.Struct):
    name: str
    price: float
    point: float | None = None


class _Market(msgspec.Struct):
    key: str
    outcomes: list[_Outcome]
    last_update: datetime | None = None


class _Bookmaker(msgspec.Struct):
    key: str
    markets: list[_Market]
    last_update: datetime | None = None


class _Event(msgspec.Struct):
    id: str
    commence_time: datetime
    home_team: str
    away_team: str
    bookmakers: list[msgspec.Raw] = []


class _Refusal(msgspec.Struct):
    message: str
    error_code: str = ""


@dataclass(frozen=True)
class Quoted:
    """What a payload holds: `prices` with QUOTE_COLUMNS, and what was left out and why."""

    prices: pd.DataFrame
    notes: tuple[str, ...]


class TheOddsApi:
    """The API of the site.

    Args:
        url: address before `/v4`.
    """

    name = NAME
    about = About(
        gives="prices before the match (1X2, over and under) of many bookmakers (region eu)",
        terms="its own terms; a free or paid account, data for your own use",
        rate=f"500 credits a month on the free plan; {COST} for each competition and request",
        freshness="prices of the last minutes",
        pace_seconds=1.0,
        jitter_seconds=0.5,
        pages_per_day=9,  # one of them is robots.txt
        key=KEY,
        alternative="football-data: its files hold the prices of several bookmakers, no key, twice a week",
    )

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def pages(self, scope: Scope, now: datetime) -> Generator[Page, Payload | None, None]:
        """One page a competition; seasons and days say nothing, prices are those of now."""
        for code in scope.competitions:
            sport = known_as(NAME, code)
            asked = f"apiKey={{{KEY}}}&regions=eu&markets=h2h,totals&oddsFormat=decimal&dateFormat=iso"
            yield Page(
                source=NAME,
                endpoint="odds",
                name=f"{code}/odds.json",
                url=f"{self._url}/v4/sports/{sport}/odds/?{asked}",
                leaf=True,
            )

    def verdict(self, page: Page, payload: Payload, now: datetime) -> Verdict:
        """Prices move: they are asked for again in an hour, between seasons in a day. The note tells of credits.

        Raises:
            DataError, ShapeChanged: it cannot be read, or says why there are no prices.
        """
        events = _events(payload)
        if not events:
            return Verdict(state="expected", again=OFF_SEASON, note=f"no matches with prices now{_credits(payload)}")
        return Verdict(again=AGAIN, note=f"{len(events)} matches{_credits(payload)}")


def quotes(payload: Payload) -> Quoted:
    """All prices of a payload that can be; the competition is that of the page's name, `E0/odds.json`.

    Raises:
        DataError, ShapeChanged: it cannot be read, or its name has no competition that we know.
    """
    code = payload.name.partition("/")[0]
    if code not in COMPETITIONS:
        raise DataError(f"no competition {code!r}", where=payload.name, hint="such a name is E0/odds.json")
    left_out: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    for event in rows_of(_events(payload), _Event):
        if isinstance(event, str):
            left_out["an event of another shape than known"] += 1
            continue
        try:
            match = {
                "competition": code, "source_id": event.id, "home_team": _plain(event.home_team),
                "away_team": _plain(event.away_team), "kickoff": _utc(event.commence_time),
            }  # fmt: skip
            rows += [match | quote for quote in _of_event(event, payload.retrieved, left_out)]
        except OverflowError:
            left_out["an event of a year that cannot be"] += 1
    prices = pd.DataFrame(rows, columns=list(QUOTE_COLUMNS)).astype(
        {"kickoff": "datetime64[us, UTC]", "quoted_at": "datetime64[us, UTC]", "line": "float64", "price": "float64"}
        | dict.fromkeys(("competition", "source_id", "home_team", "away_team", "bookmaker", "market", "outcome"), "str")
    )
    single = prices.drop_duplicates(["source_id", "bookmaker", "market", "outcome", "line", "quoted_at"], keep="last")
    return Quoted(single.reset_index(drop=True), tuple(f"{count}x {what}" for what, count in sorted(left_out.items())))


def _credits(payload: Payload) -> str:
    left = payload.headers.get("x-requests-remaining", "")
    return f", {left} credits left" if left.isdecimal() else ""


def _events(payload: Payload) -> list[msgspec.Raw]:
    """Events of an answer.

    Raises:
        DataError: it says why there are none.
        ShapeChanged: it is something else.
    """
    if payload.body.lstrip().startswith(b"{"):
        said = opened(payload, _Refusal)
        raise DataError(f"the site refuses: {said.message} ({said.error_code or 'no code'})", where=payload.name)
    return opened(payload, list[msgspec.Raw])


def _of_event(event: _Event, retrieved: datetime, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    for bookmaker in rows_of(event.bookmakers, _Bookmaker):
        if isinstance(bookmaker, str):
            left_out["a bookmaker of another shape than known"] += 1
            continue
        for market in bookmaker.markets:
            moment = market.last_update or bookmaker.last_update or retrieved
            said = {"bookmaker": bookmaker.key, "market": market.key, "quoted_at": min(_utc(moment), retrieved)}
            yield from (said | quote for quote in _of_market(event, market, left_out))


def _of_market(event: _Event, market: _Market, left_out: Counter[str]) -> list[dict[str, Any]]:
    """Prices of one market: every line complete and plausible, or left out."""
    if market.key not in _SIDES:
        left_out[f"market {market.key} is not kept"] += 1
        return []
    lines: dict[float, dict[str, float]] = {}
    for one in market.outcomes:
        outcome = _outcome(event, market.key, one)
        if not outcome:
            left_out[f"an outcome of {market.key} that is neither side's"] += 1
            continue
        lines.setdefault(one.point or 0.0 if market.key == "totals" else 0.0, {})[outcome] = one.price
    quotes = []
    for line, prices in lines.items():
        if fault := _fault(market.key, prices):
            left_out[f"{market.key} {fault}"] += 1
        else:
            quotes += [{"outcome": name, "line": line, "price": price} for name, price in prices.items()]
    return quotes


def _outcome(event: _Event, market: str, one: _Outcome) -> str:
    """Ours of an outcome's name, empty if it has none."""
    if market == "totals":
        return {"Over": "over", "Under": "under"}.get(one.name, "") if one.point is not None else ""
    return {event.home_team: "home", event.away_team: "away", "Draw": "draw"}.get(one.name, "")


def _fault(market: str, prices: dict[str, float]) -> str:
    """Why a set of prices cannot be, empty if it can."""
    if prices.keys() != _SIDES[market]:
        return "prices are incomplete"
    if not all(ODDS_BOUNDS[0] <= price <= ODDS_BOUNDS[1] for price in prices.values()):
        return "prices are out of bounds"
    total = sum(1 / price for price in prices.values())
    return "" if OVERROUND_BOUNDS[0] <= total <= OVERROUND_BOUNDS[1] else "prices sum to an absurd margin"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plain(name: str) -> str:
    return " ".join(name.split())
