"""Sealed forecasts and their settlements, in tables that only grow."""

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
            sealed = (_seal(connection, forecast, now) for forecast in forecasts)
            return [forecast for forecast in sealed if forecast is not None]

    def forecasts(self, match_ids: Iterable[str] | None = None) -> list[Forecast]:
        """Sealed forecasts, oldest first."""
        query = sa.select(*_FORECAST).order_by(predictions.c.sealed_at, predictions.c.number)
        with database.reading(self._engine) as connection:
            if match_ids is None:
                return _forecasts(connection, query)
            wanted = sorted(set(match_ids))
            return _forecasts(connection, query.where(predictions.c.match_id.in_(wanted)))

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Store settlements that are not there yet, or differ because the result was corrected; how many."""
        with database.writing(self._engine, "settlements") as connection:
            return sum(_settle(connection, settlement) for settlement in settlements)

    def settlements(self) -> list[Settlement]:
        """Current settlements, in the order of match and model."""
        query = sa.select(*_SETTLEMENT).where(settlements.c.replaced_at.is_(None))
        order = (settlements.c.match_id, settlements.c.model_version, settlements.c.mode)
        with database.reading(self._engine) as connection:
            return [Settlement(**row) for row in connection.execute(query.order_by(*order)).mappings()]


def _forecasts(connection: sa.Connection, query: sa.Select[Any]) -> list[Forecast]:
    return [Forecast(**row) for row in connection.execute(query).mappings()]


def _seal(connection: sa.Connection, forecast: Forecast, now: datetime) -> Forecast | None:
    """The forecast as it stands in the ledger, None if it came too late."""
    standing = _standing(connection, forecast)
    if standing is not None:
        return standing
    values = msgspec.structs.asdict(forecast) | {"sealed_at": now}
    if forecast.mode == _LIVE:
        del values["sealed_at"]
    try:
        with connection.begin_nested():  # what is refused must not take the others with it
            sealed = connection.execute(
                sa.insert(predictions).values(values).returning(predictions.c.sealed_at)
            ).scalar()
    except sa.exc.DBAPIError as error:
        if _TOO_LATE in str(error.orig):
            return None
        raise
    return msgspec.structs.replace(forecast, sealed_at=sealed)


def _standing(connection: sa.Connection, forecast: Forecast) -> Forecast | None:
    """The forecast that makes this one superfluous."""
    table = predictions.c
    same = sa.and_(
        table.match_id == forecast.match_id, table.model_version == forecast.model_version, table.mode == forecast.mode
    )
    alike = sa.and_(table.features_hash == forecast.features_hash, table.kickoff == forecast.kickoff)
    before = sa.select(*_FORECAST).where(same, table.seq <= forecast.seq)
    last = _forecasts(connection, before.order_by(table.seq.desc(), table.number.desc()).limit(1))
    if last and (last[0].features_hash, last[0].kickoff) == (forecast.features_hash, forecast.kickoff):
        return last[0]
    again = _forecasts(connection, sa.select(*_FORECAST).where(same, alike, table.seq == forecast.seq))
    return again[0] if again else None


def _settle(connection: sa.Connection, settlement: Settlement) -> int:
    table = settlements.c
    key = {name: getattr(settlement, name) for name in ("match_id", "model_version", "mode")}
    current = sa.and_(*(table[name] == value for name, value in key.items()), table.replaced_at.is_(None))
    stored = connection.execute(sa.select(*_SETTLEMENT).where(current)).mappings().one_or_none()
    if stored is not None:
        if Settlement(**{**stored, "settled_at": settlement.settled_at}) == settlement:
            return 0
        connection.execute(sa.update(settlements).where(current).values(replaced_at=settlement.settled_at))
    connection.execute(sa.insert(settlements).values(msgspec.structs.asdict(settlement)))
    return 1
