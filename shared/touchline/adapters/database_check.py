"""Whether a database does all that we ask of databases; nothing is left in it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.schema import claims
from touchline.errors import Unavailable

LARGEST_SKEW: Final = 30.0
"""Seconds; beyond it, leases and the moments of sealing say something else than the rest of the world."""
_PROBE: Final = "doctor"


class _Back(Exception):
    """Ends a transaction without a trace."""


def check(engine: sa.Engine, now: Callable[[], datetime]) -> str:
    """Write in a transaction, take it back, and compare the clocks; what answered.

    Args:
        engine: a database whose schema is up to date.
        now: current moment by this machine.

    Raises:
        Unavailable: it does not answer, keeps what was taken back, or its clock is wrong (or that of this machine).
    """
    try:
        with database.writing(engine, _PROBE, fenced=False) as connection:
            connection.execute(sa.insert(claims).values(name=_PROBE, token=0, holder="", until=now()))
            raise _Back
    except _Back:
        pass
    with database.reading(engine) as connection:
        if connection.execute(sa.select(claims).where(claims.c.name == _PROBE)).first() is not None:
            raise Unavailable("the database keeps what was taken back", where=_PROBE)
        version, moment = _server(connection)
    skew = (moment - now()).total_seconds() if moment else 0.0
    if abs(skew) > LARGEST_SKEW:
        raise Unavailable(f"its clock is {skew:+.0f} s from that of this machine", hint="set both by a time server")
    return f"{engine.dialect.name} {version}, revision {database.revision(engine)}, clock {skew:+.2f} s"


def _server(connection: sa.Connection) -> tuple[str, datetime | None]:
    """Version of the server, and its clock if it has one of its own."""
    if connection.dialect.name != "postgresql":
        return str(connection.execute(sa.select(sa.func.sqlite_version())).scalar_one()), None
    version = str(connection.exec_driver_sql("SHOW server_version").scalar_one())
    moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return version.partition(" ")[0], moment.astimezone(UTC)
