"""Whole tables into the database: what is there already stays as it is."""

from datetime import timedelta

import pandas as pd
import sqlalchemy as sa

from scraped import NOW, match, payload, run, teams_of
from touchline.adapters import bulk, database
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.adapters.schema_collected import quotes

KEY = [column.name for column in quotes.primary_key]


def prices(*moments: int, price: float = 2.0) -> pd.DataFrame:
    """Home prices of the only match, so many minutes after NOW."""
    rows = [
        {"match": 1, "bookmaker": "o'neill", "market": "h2h", "outcome": "home", "line": 0.0, "price": price,
         "quoted_at": NOW + timedelta(minutes=minute), "source": "s", "payload": 1}
        for minute in moments
    ]  # fmt: skip
    return pd.DataFrame(rows)


def append(engine: sa.Engine, rows: pd.DataFrame) -> int:
    with database.writing(engine, "quotes") as connection:
        return bulk.append_new(connection, quotes, rows, KEY)


def test_only_rows_with_a_new_key_are_appended(engine: sa.Engine) -> None:
    SqlMatchStore(engine, VirtualClock(NOW)).record(run(), match(payload=payload(1)), teams_of(match()))
    assert append(engine, prices(1, 2)) == 2
    assert append(engine, prices(2, 3, 4, price=9.0)) == 2
    assert append(engine, prices(2, 3, 4, price=9.0)) == 0
    assert append(engine, pd.concat([prices(5, price=3.0), prices(5, price=4.0)])) == 1
    assert append(engine, prices(6).iloc[:0]) == 0
    with engine.connect() as connection:
        found = connection.execute(sa.select(quotes.c.quoted_at, quotes.c.price).order_by(quotes.c.quoted_at)).all()
    assert [(moment - NOW) // timedelta(minutes=1) for moment, _ in found] == [1, 2, 3, 4, 5]
    assert [price for _, price in found] == [2.0, 2.0, 9.0, 9.0, 3.0]
