"""Prices with the moment at which they were quoted, on SQLite and PostgreSQL."""

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from scraped import NOW, matches, payload, run, teams_of
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.adapters.quotes import SqlQuotes
from touchline.errors import DataError, NotFound

LEEDS = "e0-2025-26-leeds-hull"
DERBY = "e0-2025-26-derby-bury"


def quote(match_id: str = LEEDS, quoted_at: datetime = NOW, price: float = 2.1, **values: Any) -> dict[str, Any]:
    return {
        "match_id": match_id, "bookmaker": "pinnacle", "market": "h2h", "outcome": "home", "line": 0.0, "price": price,
        "quoted_at": quoted_at, "source": "the-odds-api", "payload": payload(7), **values,
    }  # fmt: skip


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"quoted_at": "datetime64[us, UTC]"})


@pytest.fixture
def prices(engine: sa.Engine) -> SqlQuotes:
    rows = matches({LEEDS: {}, DERBY: {}})
    SqlMatchStore(engine, VirtualClock(NOW)).record(run(), rows, teams_of(rows))
    return SqlQuotes(engine)


def test_a_price_at_a_moment_is_added_once(prices: SqlQuotes) -> None:
    assert prices.record(frame(quote(), quote(outcome="away"), quote(market="totals", outcome="over", line=2.5))) == 3
    assert prices.record(frame(quote(), quote(outcome="away"))) == 0
    assert prices.record(frame(quote(price=9.9))) == 0, "a price at a moment does not change"
    assert prices.record(frame(quote(), quote(quoted_at=NOW + timedelta(hours=1), price=2.05))) == 1
    assert prices.of([LEEDS])["price"].tolist() == [2.1, 2.1, 2.1, 2.05]


def test_history_is_that_of_the_matches_asked_for_oldest_first(prices: SqlQuotes) -> None:
    later = NOW + timedelta(hours=5)
    given = frame(quote(quoted_at=later, price=2.2), quote(DERBY), quote(bookmaker="betfair_ex_eu"))
    prices.record(given)
    found = prices.of([LEEDS])
    assert found["quoted_at"].tolist() == [NOW, later]
    assert found["bookmaker"].tolist() == ["betfair_ex_eu", "pinnacle"]
    assert set(prices.of([LEEDS, DERBY])["match_id"]) == {LEEDS, DERBY}
    assert found.dtypes.astype(str).to_dict() == given[found.columns].dtypes.astype(str).to_dict()
    assert prices.of([]).empty
    assert list(prices.of(["nobody"]).columns) == list(found.columns)


def test_prices_of_a_match_that_is_not_stored_are_refused_whole(prices: SqlQuotes) -> None:
    with pytest.raises(NotFound, match="e0-2025-26-nobody"):
        prices.record(frame(quote(), quote("e0-2025-26-nobody-noone")))
    assert prices.of([LEEDS]).empty


def test_prices_without_moment_or_column_are_refused(prices: SqlQuotes) -> None:
    with pytest.raises(DataError, match="offset"):
        prices.record(frame(quote()).assign(quoted_at=datetime(2026, 3, 2)))
    with pytest.raises(DataError, match="payload"):
        prices.record(frame(quote()).drop(columns="payload"))


def test_many_prices_at_once(prices: SqlQuotes) -> None:
    many = frame(*(quote(quoted_at=NOW + timedelta(minutes=minute), price=2 + minute / 1000) for minute in range(3000)))
    assert prices.record(many) == 3000
    assert prices.record(many) == 0
    assert len(prices.of([LEEDS])) == 3000
