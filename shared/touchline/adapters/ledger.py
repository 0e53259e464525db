"""Sealed forecasts and their settlements, in tables that only grow."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.schema import predictions, settlements
from touchline.ports import Forecast, Settlement

_FORECAST: Final = tuple(predictions.c[name] for name in Forecast.__struct_fields__)
_SETTLEMENT: Final = tuple(settlements.c[name] for name in Settlement.__struct_fields__)
_TOO_LATE: Final = "sealed at or after kick-off"  # in the words of the trigger
_LIVE: Final = "live"
_Said = tuple[str, str, str, int, str, datetime]
_ASKED: Final = 5000
"""Matches in one statement: databases bound the number of parameters."""


class SqlLedger:
    """A `Ledger` in SQLite or PostgreSQL: triggers refuse every change, and a forecast that comes too late."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def seal(self, forecasts: Sequence[Forecast], now: datetime) -> list[Forecast]:
        """Insert forecasts that say something new; a row at or after kick-off is refused by the database.

        A forecast says nothing new if the one before it, of the same match, model and mode up to the same `seq`, was
        made from the same features for the same kick-off.

        Args:
            forecasts: what the model says.
            now: moment of sealing in simulated mode; in live mode the database's own clock counts.

        Returns:
            The rows now in the ledger for exactly these inputs, with `sealed_at`; refused ones are left out.
        """
        with database.writing(self._engine, "predictions") as connection:
            standing = _standing(connection, forecasts)
            new: dict[_Said, Forecast] = {}
            for forecast, stands in zip(forecasts, standing, strict=True):
                if stands is None:
                    new.setdefault(_said(forecast), forecast)
            sealed = dict(zip(new, _sealed(connection, list(new.values()), now), strict=True))
            found = (stands or sealed[_said(one)] for one, stands in zip(forecasts, standing, strict=True))
            return [forecast for forecast in found if forecast is not None]

    def forecasts(self, match_ids: Iterable[str] | None = None) -> list[Forecast]:
        """Sealed forecasts, oldest first."""
        query = sa.select(*_FORECAST).order_by(predictions.c.sealed_at, predictions.c.number)
        with database.reading(self._engine) as connection:
            if match_ids is None:
                return _forecasts(connection, query)
            return _forecasts(connection, query.where(predictions.c.match_id.in_(sorted(set(match_ids)))))

    def numbered(self, after: int = 0) -> list[tuple[int, Forecast]]:
        """Sealed forecasts whose row has a number above that one, in the order of the rows; numbers only grow."""
        query = sa.select(predictions.c.number, *_FORECAST).where(predictions.c.number > after)
        with database.reading(self._engine) as connection:
            rows = connection.execute(query.order_by(predictions.c.number))
            return [(number, Forecast(*told)) for number, *told in rows]

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Store settlements that are not there yet, or differ because the result was corrected; how many."""
        with database.writing(self._engine, "settlements") as connection:
            stored = {_settled(one): one for one in _settlements(connection)}
            return sum(_settle(connection, settlement, stored) for settlement in settlements)

    def settlements(self) -> list[Settlement]:
        """Current settlements, in the order of match and model."""
        with database.reading(self._engine) as connection:
            return _settlements(connection)


def _forecasts(connection: sa.Connection, query: sa.Select[Any]) -> list[Forecast]:
    return [Forecast(**row) for row in connection.execute(query).mappings()]


def _sealed(connection: sa.Connection, forecasts: Sequence[Forecast], now: datetime) -> list[Forecast | None]:
    """Insert new forecasts, many at once; as they stand then, None for those that came too late."""
    if not forecasts:
        return []
    rows = [_values(forecast, now) for forecast in forecasts]
    insert = sa.insert(predictions).returning(predictions.c.sealed_at, sort_by_parameter_order=True)
    try:
        with connection.begin_nested():  # what is refused must not take the others with it
            moments = connection.execute(insert, rows).scalars().all()
    except sa.exc.DBAPIError as error:
        if _TOO_LATE not in str(error.orig):
            raise
        if len(forecasts) == 1:
            return [None]
        middle = len(forecasts) // 2
        return _sealed(connection, forecasts[:middle], now) + _sealed(connection, forecasts[middle:], now)
    pairs = zip(forecasts, moments, strict=True)
    return [msgspec.structs.replace(forecast, sealed_at=moment) for forecast, moment in pairs]


def _values(forecast: Forecast, now: datetime) -> dict[str, Any]:
    values = msgspec.structs.asdict(forecast) | {"sealed_at": now}
    if forecast.mode == _LIVE:
        del values["sealed_at"]
    return values


def _standing(connection: sa.Connection, forecasts: Sequence[Forecast]) -> list[Forecast | None]:
    """What makes each forecast superfluous, None where it says something new."""
    known = _known(connection, forecasts)
    return [_same(forecast, known.get(_author(forecast), [])) for forecast in forecasts]


def _same(forecast: Forecast, rows: Sequence[Forecast]) -> Forecast | None:
    """Of rows by rising seq and number: the newest up to its own `seq`, or one of that `seq`, if it says the same."""
    said = (forecast.features_hash, forecast.kickoff)
    before = [row for row in rows if row.seq <= forecast.seq]
    if before and (before[-1].features_hash, before[-1].kickoff) == said:
        return before[-1]
    again = (row for row in before if row.seq == forecast.seq and (row.features_hash, row.kickoff) == said)
    return next(again, None)


def _known(connection: sa.Connection, forecasts: Sequence[Forecast]) -> dict[tuple[str, str, str], list[Forecast]]:
    """Sealed forecasts of the same matches, by match, model and mode, each list by rising seq and number."""
    table, known = predictions.c, defaultdict(list)
    matches = sorted({forecast.match_id for forecast in forecasts})
    versions = sorted({forecast.model_version for forecast in forecasts})
    for start in range(0, len(matches), _ASKED):
        wanted = table.match_id.in_(matches[start : start + _ASKED]), table.model_version.in_(versions)
        for row in _forecasts(connection, sa.select(*_FORECAST).where(*wanted).order_by(table.seq, table.number)):
            known[_author(row)].append(row)
    return known


def _author(forecast: Forecast) -> tuple[str, str, str]:
    return forecast.match_id, forecast.model_version, forecast.mode


def _said(forecast: Forecast) -> _Said:
    """What there is one row of."""
    return *_author(forecast), forecast.seq, forecast.features_hash, forecast.kickoff


def _settlements(connection: sa.Connection) -> list[Settlement]:
    """Current settlements, in the order of match, model and mode."""
    table = settlements.c
    query = sa.select(*_SETTLEMENT).where(table.replaced_at.is_(None))
    rows = connection.execute(query.order_by(table.match_id, table.model_version, table.mode))
    return [Settlement(*row) for row in rows]


def _settled(settlement: Settlement) -> tuple[str, str, str]:
    """What there is one current row of."""
    return settlement.match_id, settlement.model_version, settlement.mode


def _settle(connection: sa.Connection, settlement: Settlement, stored: dict[tuple[str, str, str], Settlement]) -> int:
    """Write a settlement that is new or differs from what is stored, and remember it there; whether it did."""
    table, key = settlements.c, _settled(settlement)
    if (before := stored.get(key)) is not None:
        if msgspec.structs.replace(before, settled_at=settlement.settled_at) == settlement:
            return 0
        same = [table.match_id == key[0], table.model_version == key[1], table.mode == key[2]]
        current = sa.and_(*same, table.replaced_at.is_(None))
        connection.execute(sa.update(settlements).where(current).values(replaced_at=settlement.settled_at))
    connection.execute(sa.insert(settlements).values(msgspec.structs.asdict(settlement)))
    stored[key] = settlement
    return 1
