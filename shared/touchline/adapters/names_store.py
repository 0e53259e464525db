"""Names that nobody declared, kept until somebody does."""

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.schema import team_aliases, teams
from touchline.adapters.schema_collected import unresolved_names
from touchline.collecting import Unresolved

_KEY = ("source", "country", "name")


class SqlNames:
    """A `Names` in SQLite or PostgreSQL."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def unresolved(self) -> list[Unresolved]:
        """Names that wait, by country and name; what is known by now, as a team or another spelling, does not."""
        columns = unresolved_names.c
        known = [
            sa.exists().where(table.c.country == columns.country, table.c[spelling] == columns.name)
            for table, spelling in ((teams, "team"), (team_aliases, "alias"))
        ]
        query = (
            sa.select(unresolved_names).where(~sa.or_(*known)).order_by(columns.country, columns.name, columns.source)
        )
        with database.reading(self._engine) as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return [Unresolved(**row | {"suggestions": tuple(row["suggestions"])}) for row in rows]

    def note(self, names: Iterable[Unresolved]) -> None:
        """Remember names in place of what was remembered of them, but for the moment at which they were first seen."""
        with database.writing(self._engine, "names") as connection:
            for name in names:
                self._note(connection, name)

    def resolved(self, source: str, country: str, name: str) -> None:
        """Forget a name: somebody said who that is."""
        with database.writing(self._engine, "names") as connection:
            connection.execute(sa.delete(unresolved_names).where(*_is(source, country, name)))

    def _note(self, connection: sa.Connection, name: Unresolved) -> None:
        where = _is(name.source, name.country, name.name)
        first = connection.scalar(sa.select(unresolved_names.c.first_seen).where(*where))
        connection.execute(sa.delete(unresolved_names).where(*where))
        first_seen = min(first, name.first_seen) if first else name.first_seen
        row: dict[str, Any] = msgspec.structs.asdict(msgspec.structs.replace(name, first_seen=first_seen))
        connection.execute(sa.insert(unresolved_names).values(**row | {"suggestions": list(name.suggestions)}))


def _is(source: str, country: str, name: str) -> list[sa.ColumnElement[bool]]:
    return [unresolved_names.c[key] == value for key, value in zip(_KEY, (source, country, name), strict=True)]
