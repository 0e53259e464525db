"""Prices with the moment at which they were quoted, in the database: the history behind the prices of a match."""

from collections.abc import Iterable
from typing import Any, Final

import pandas as pd
import sqlalchemy as sa

from touchline.adapters import bulk, database
from touchline.adapters.schema import matches, payloads
from touchline.adapters.schema_collected import quotes
from touchline.errors import DataError, NotFound

COLUMNS: Final = ("match_id", "bookmaker", "market", "outcome", "line", "price", "quoted_at", "source")
_RECORDED: Final = (*COLUMNS, "payload")
_KEY: Final = [column.name for column in quotes.primary_key]
_ASKED: Final = 500
"""Names in one statement: databases bound the number of parameters."""


class SqlQuotes:
    """`Quotes` in SQLite or PostgreSQL; rows are only ever added."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def record(self, frame: pd.DataFrame) -> int:
        """Add the prices that are not there yet; how many.

        Raises:
            DataError: a column is missing, or moments have no offset.
            NotFound: a match is not stored.
            Conflict: the write lock could not be had in time.
        """
        if missing := [name for name in _RECORDED if name not in frame.columns]:
            raise DataError("columns are missing", where=", ".join(missing), hint="prices have all of `Quotes.record`")
        if not isinstance(frame["quoted_at"].dtype, pd.DatetimeTZDtype):
            raise DataError("moments have no offset", where="quoted_at", hint="convert them to UTC")
        if frame.empty:
            return 0
        with database.writing(self._engine, "quotes") as connection:
            known = _numbers(connection, matches.c.match_id, matches.c.number, frame["match_id"].unique())
            unknown = sorted(set(frame["match_id"]) - known.keys())
            if unknown:
                raise NotFound("no such match is stored", where=unknown[0], details=tuple(unknown))
            sent = frame["payload"].unique().tolist()
            database.insert_new(connection, payloads, [{"sha256": digest} for digest in sorted(sent)])
            received = _numbers(connection, payloads.c.sha256, payloads.c.number, sent)
            rows = frame[list(_RECORDED[1:])].assign(
                match=frame["match_id"].map(known), payload=frame["payload"].map(received)
            )
            return bulk.append_new(connection, quotes, rows, _KEY)

    def of(self, match_ids: Iterable[str]) -> pd.DataFrame:
        """COLUMNS of all prices of some matches, the oldest first."""
        wanted = sorted(set(match_ids))
        with database.reading(self._engine) as connection:
            known = _numbers(connection, matches.c.match_id, matches.c.number, wanted)
            names = ("match", *COLUMNS[1:])
            query = sa.select(*(quotes.c[name] for name in names)).where(quotes.c.match.in_(known.values() or [-1]))
            found = bulk.fetch(connection, query)
        back = {number: match_id for match_id, number in known.items()}
        found = found.assign(match_id=found["match"].map(back).astype("str"))[list(COLUMNS)]
        return found.sort_values(["quoted_at", *COLUMNS[:5]], ignore_index=True)


def _numbers(
    connection: sa.Connection, name: sa.Column[Any], number: sa.Column[Any], wanted: Iterable[str]
) -> dict[str, int]:
    """Number of each name that is known."""
    found: dict[str, int] = {}
    names = list(wanted)
    for start in range(0, len(names), _ASKED):
        rows = connection.execute(sa.select(name, number).where(name.in_(names[start : start + _ASKED])))
        found |= {text: value for text, value in rows}  # noqa: C416  (rows are no pairs to the type checker)
    return found
