"""PostgreSQL through pg8000, with fewer ways to the server and back.

The driver asks three times for every statement that is not plain text, COMMIT among them, and SQLAlchemy sets the
isolation of a transaction for the session before it and sets it back behind it. A small transaction went to the server
fourteen times; it goes six times now. Each way costs processor time on both sides, and where another thread is busy, a
wait for the interpreter's lock.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000
from sqlalchemy.engine.interfaces import DBAPIConnection

DRIVER: Final = "postgresql+touchline"
READS: Final = "touchline_reads"
"""Execution option of a connection whose transaction sees one state from its first query to its last."""

sa.dialects.registry.register("postgresql.touchline", __name__, "Dialect")


class Dialect(PGDialect_pg8000):
    """The dialect of pg8000, but for how transactions begin and end, and connections."""

    supports_statement_cache = True

    def connect(self, *cargs: Any, **cparams: Any) -> DBAPIConnection:
        """Open a connection."""
        from touchline.adapters.postgres_wire import Connection  # no other database waits for the driver to be loaded

        opened: DBAPIConnection = Connection(*cargs, **cparams)
        return opened

    def do_ping(self, dbapi_connection: DBAPIConnection) -> bool:
        """Ask whether the server is there; no transaction is left open."""
        _say(dbapi_connection, "SELECT 1")
        return True

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit, as plain text."""
        _say(dbapi_connection, "COMMIT")


def begin(connection: sa.Connection) -> None:
    """Begin what is marked with READS in REPEATABLE READ; the driver begins everything else when it is first asked."""
    if connection.get_execution_options().get(READS):
        _say(connection.connection.driver_connection, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _say(connection: Any, text: str) -> None:
    connection.execute_simple(text)
