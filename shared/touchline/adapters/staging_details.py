"""Details of matches beside the stored ones: what comes for a match and source in one table is all that there is of it.

Details have a memory of their own of how new they are (`details_seen`): that a schedule was read after the page of a
match says nothing about that page.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
import pandas as pd
import sqlalchemy as sa

from touchline.adapters import bulk, schema
from touchline.adapters import schema_collected as collected
from touchline.adapters.staging_facts import Fact, compare, fact, temporary_table
from touchline.errors import DataError

_temporary: Final = sa.MetaData()
_FACT_COLUMNS: Final = ("payload", "seq", "until_seq")
_CARRIED: Final = ("match_id", "source", "payload", "retrieved")
_LET_GO: Final = ("source_id", "match")


class _Detail(msgspec.Struct, frozen=True):
    """One table of details: how its rows come in and are compared."""

    name: str
    fact: Fact
    staged: sa.Table
    """Temporary: rows as they come."""
    came: sa.Table
    """Temporary: rows to compare, with the number of their match."""

    @property
    def own_key(self) -> tuple[str, ...]:
        """What tells the rows of one match and source apart."""
        return self.fact.key[2:]

    @property
    def own_columns(self) -> list[sa.Column[Any]]:
        """Columns that come, but for those that all details have."""
        return [self.fact.table.c[name] for name in (*self.own_key, *self.fact.given)]


def _detail(name: str, table: sa.Table) -> _Detail:
    key = tuple(column.name for column in table.primary_key if column.name != "seq")
    given = tuple(column.name for column in table.columns if column.name not in (*key, *_FACT_COLUMNS))
    made = fact(_temporary, table, key, given, whole=("match", "source"))
    columns = (sa.Column(column, table.c[column].type) for column in ("source", *key[2:], *given, "payload"))
    moment = sa.Column("retrieved", schema.Moment)
    staged = temporary_table(_temporary, f"staged_{name}", sa.Column("match_id", sa.Text), *columns, moment)
    own = (sa.Column(column, table.c[column].type, primary_key=column in key) for column in made.columns)
    came = temporary_table(_temporary, f"came_{name}", *own, sa.Column("retrieved", schema.Moment))
    return _Detail(name, made, staged, came)


_DETAILS: Final = {
    name: _detail(name, table)
    for name, table in (
        ("match_details", collected.match_details),
        ("team_details", collected.team_details),
        ("line_ups", collected.line_ups),
        ("player_stats", collected.player_match_stats),
        ("shots", collected.shots),
    )
}


def facts(names: Iterable[str]) -> Iterator[Fact]:
    """Kinds of facts that are in these tables."""
    return (_DETAILS[name].fact for name in names)


def checked(details: Mapping[str, pd.DataFrame], source: str, retrieved: Any) -> dict[str, pd.DataFrame]:
    """Tables with at least one row, with the columns of the database; `source` and `retrieved` where they have none.

    Raises:
        DataError: an unknown table or column, one that is missing, a value missing that must be there, a row twice.
    """
    unknown = sorted(set(details) - set(_DETAILS))
    if unknown:
        raise DataError(f"no table of details {unknown[0]!r}", where="details", hint=f"known: {', '.join(_DETAILS)}")
    own = {"source": source, "retrieved": pd.Timestamp(retrieved)}
    return {name: _checked(_DETAILS[name], rows, own) for name, rows in details.items() if len(rows)}


def _checked(detail: _Detail, rows: pd.DataFrame, carried: Mapping[str, Any]) -> pd.DataFrame:
    rows = rows.assign(**{name: value for name, value in carried.items() if name not in rows.columns})
    own = detail.own_columns
    known = {*_CARRIED, *(column.name for column in own)}
    unknown = sorted(set(rows.columns) - known - set(_LET_GO))
    if unknown:
        raise DataError(f"unknown column {unknown[0]!r}", where=detail.name, details=tuple(unknown))
    required = {*_CARRIED, *(column.name for column in own if not column.nullable)}
    missing = sorted(required - set(rows.columns))
    if missing:
        raise DataError(f"column {missing[0]!r} is missing", where=detail.name, details=tuple(missing))
    empty = sorted(name for name in required if rows[name].isna().any())
    if empty:
        raise DataError(f"a value of {empty[0]!r} is missing", where=detail.name, details=tuple(empty))
    key = ["match_id", "source", *detail.own_key]
    twice = rows.loc[rows.duplicated(key), key]
    if len(twice):
        raise DataError("a row is there twice", where=detail.name, details=tuple(map(str, twice.to_numpy().tolist())))
    return _typed(rows.reindex(columns=[*_CARRIED, *(column.name for column in own)]), own, detail.name)


def _typed(rows: pd.DataFrame, columns: list[sa.Column[Any]], where: str) -> pd.DataFrame:
    try:
        return rows.astype({column.name: _dtype(column.type) for column in columns})
    except (TypeError, ValueError) as error:
        raise DataError(f"a value has the wrong type: {error}", where=where) from error


def _dtype(kind: sa.types.TypeEngine[Any]) -> str:
    if isinstance(kind, sa.Boolean):
        return "boolean"
    return "Int64" if isinstance(kind, sa.Integer) else "str" if isinstance(kind, sa.Text) else "float64"


def stage(connection: sa.Connection, tables: Mapping[str, pd.DataFrame]) -> int:
    """Load checked tables (`payload` as its number) and compare them with the facts; how many rows differ.

    What was retrieved before that which is stored of a match, source and table is left out.

    Raises:
        DataError: details of a match that is not stored.
    """
    _temporary.create_all(connection, _needed(tables), checkfirst=False)
    return sum(_stage(connection, _DETAILS[name], rows) for name, rows in tables.items())


def clear(connection: sa.Connection, names: Iterable[str]) -> None:
    """Remove the temporary tables for these; a transaction that is rolled back has removed them already."""
    _temporary.drop_all(connection, _needed(names), checkfirst=False)


def _needed(names: Iterable[str]) -> list[sa.Table]:
    return [
        table for name in names for table in (_DETAILS[name].staged, _DETAILS[name].came, _DETAILS[name].fact.changed)
    ]


def _stage(connection: sa.Connection, detail: _Detail, rows: pd.DataFrame) -> int:
    bulk.load(connection, detail.staged, rows)
    _require_matches(connection, detail)
    _number(connection, detail)
    _note_seen(connection, detail)
    return compare(connection, detail.fact, detail.came)


def _require_matches(connection: sa.Connection, detail: _Detail) -> None:
    stored = sa.exists().where(schema.matches.c.match_id == detail.staged.c.match_id)
    lost = connection.scalar(sa.select(detail.staged.c.match_id).where(~stored).limit(1))
    if lost is not None:
        raise DataError("details of a match that is not stored", where=lost, hint="store the match first")


def _number(connection: sa.Connection, detail: _Detail) -> None:
    """Fill `came`, without what is older than that which is stored."""
    staged, stored, seen = detail.staged, schema.matches, collected.details_seen
    later = sa.exists().where(_seen_of(detail, stored.c.number, staged.c.source), seen.c.seen > staged.c.retrieved)
    columns = (staged.c[name] for name in (*detail.fact.columns, "retrieved") if name != "match")
    joined = staged.join(stored, stored.c.match_id == staged.c.match_id)
    found = sa.select(stored.c.number, *columns).select_from(joined).where(~later)
    connection.execute(sa.insert(detail.came).from_select([*detail.fact.columns, "retrieved"], found))
    bulk.count(connection, detail.came)


def _seen_of(detail: _Detail, match: Any, source: Any) -> sa.ColumnElement[bool]:
    seen = collected.details_seen
    return sa.and_(seen.c.match == match, seen.c.source == source, seen.c.kind == detail.name)


def _note_seen(connection: sa.Connection, detail: _Detail) -> None:
    seen, names = collected.details_seen, ("match", "source", "retrieved")
    came = sa.select(*(detail.came.c[name] for name in names)).distinct().subquery("came")
    connection.execute(
        sa.update(seen)
        .where(_seen_of(detail, came.c.match, came.c.source), seen.c.seen < came.c.retrieved)
        .values(seen=came.c.retrieved)
    )
    new = sa.select(came.c.match, came.c.source, sa.literal(detail.name), came.c.retrieved).where(
        ~sa.exists().where(_seen_of(detail, came.c.match, came.c.source))
    )
    connection.execute(sa.insert(seen).from_select(["match", "source", "kind", "seen"], new))
