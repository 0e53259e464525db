"""The memory of collecting: what became of every page, and how we stand with every host.

Each note is a small transaction of its own, so that whoever is killed has lost one page at the most.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from touchline.adapters import database
from touchline.adapters.schema_collected import hosts, pages
from touchline.collecting import HostState, Kept

_LOCK: Final = "journal"
_AT_ONCE: Final = 500
"""Names in one statement: databases bound the number of parameters."""
_ONE_PAGE: Final = sa.select(pages).where(
    pages.c.source == sa.bindparam("its_source"), pages.c.name == sa.bindparam("its_name")
)
_ONE_HOST: Final = sa.select(hosts).where(hosts.c.host == sa.bindparam("its_host"))


class SqlJournal:
    """A `Journal` in SQLite or PostgreSQL."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def kept(self, source: str, name: str) -> Kept | None:
        """What is remembered of a page, None if it was never asked for."""
        with database.reading(self._engine) as connection:
            row = connection.execute(_ONE_PAGE, {"its_source": source, "its_name": name}).mappings().one_or_none()
        return None if row is None else _page(row)

    def note(self, source: str, kept: Kept) -> None:
        """Remember a page in place of what was remembered of it."""
        with database.writing(self._engine, _LOCK) as connection:
            _put(connection, pages, {"source": source, **msgspec.structs.asdict(kept)})

    def taken(self, source: str, names: Iterable[str]) -> None:
        """Say that the rows of these pages are stored."""
        with database.writing(self._engine, _LOCK) as connection:
            for some in _batches(names):
                mine = (pages.c.source == source) & pages.c.name.in_(some)
                connection.execute(sa.update(pages).where(mine).values(taken=True))

    def pages(self, source: str, endpoint: str = "") -> list[Kept]:
        """All that is remembered of a source, by name."""
        query = sa.select(pages).where(pages.c.source == source)
        if endpoint:
            query = query.where(pages.c.endpoint == endpoint)
        with database.reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return sorted((_page(row) for row in rows), key=lambda kept: kept.name)  # databases collate differently


class SqlHosts:
    """`Hosts` in SQLite or PostgreSQL."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def state(self, host: str, today: date) -> HostState:
        """State of a host, a new one if it was never asked; `asked` counts from 0 on a new day."""
        with database.reading(self._engine) as connection:
            row = connection.execute(_ONE_HOST, {"its_host": host}).mappings().one_or_none()
        if row is None:
            return HostState(host=host, day=today)
        state = HostState(**row)
        return state if state.day == today else msgspec.structs.replace(state, day=today, asked=0)

    def note(self, state: HostState) -> None:
        """Remember the state of a host."""
        with database.writing(self._engine, _LOCK) as connection:
            _put(connection, hosts, msgspec.structs.asdict(state))

    def all(self) -> list[HostState]:
        """Every host that was ever asked."""
        with database.reading(self._engine) as connection:
            rows = connection.execute(sa.select(hosts)).mappings().all()
        return sorted((HostState(**row) for row in rows), key=lambda state: state.host)


def _page(row: Mapping[Any, Any]) -> Kept:
    return Kept(**{name: row[name] for name in Kept.__struct_fields__})


def _put(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> None:
    """Write a whole row in place of the one with its key."""
    connection.execute(_upsert(table, connection.dialect.name), row)


@cache
def _upsert(table: sa.Table, database: str) -> sa.Insert:
    """Made once: to make a statement takes longer than to send it."""
    statement = (postgresql if database == "postgresql" else sqlite).insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    upsert: sa.Insert = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)
    return upsert


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    found = list(names)
    for start in range(0, len(found), _AT_ONCE):
        yield found[start : start + _AT_ONCE]
