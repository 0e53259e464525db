"""Answers of an API with prices, and of one with matches, as their sites send them; clubs are invented."""

from datetime import datetime
from typing import Any

import msgspec

from touchline.ports import Payload
from touchline.sources import the_odds_api

TRIPLE = (2.10, 3.40, 3.60)


def stamp(moment: datetime) -> str:
    """A moment as these sites write it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def h2h(home: str, away: str, moment: datetime, triple: tuple[float, float, float] = TRIPLE) -> dict[str, Any]:
    """A 1X2 market; the draw stands last, as on the site."""
    prices = {home: triple[0], away: triple[2], "Draw": triple[1]}
    outcomes = [{"name": name, "price": price} for name, price in prices.items()]
    return {"key": "h2h", "last_update": stamp(moment), "outcomes": outcomes}


def totals(moment: datetime, line: float = 2.5, over: float = 1.91, under: float = 1.95) -> dict[str, Any]:
    """A market on the number of goals."""
    outcomes = [{"name": "Over", "price": over, "point": line}, {"name": "Under", "price": under, "point": line}]
    return {"key": "totals", "last_update": stamp(moment), "outcomes": outcomes}


def bookmaker(key: str, *markets: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A bookmaker with his markets."""
    return {"key": key, "title": key.title(), "last_update": markets[0]["last_update"], "markets": markets} | values


def event(home: str, away: str, kickoff: datetime, *bookmakers: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A match with prices; its number follows from its teams unless it is given."""
    return {
        "id": f"{home}-{away}".lower().replace(" ", "-"), "sport_key": "soccer_epl", "sport_title": "EPL",
        "commence_time": stamp(kickoff), "home_team": home, "away_team": away, "bookmakers": bookmakers,
    } | values  # fmt: skip


def odds_payload(retrieved: datetime, *events: Any, name: str = "E0/odds.json") -> Payload:
    """An answer of the API with prices."""
    return Payload(the_odds_api.NAME, name, msgspec.json.encode(events), retrieved)
