"""Facts that came beside those that are stored: what differs is written, with a few statements over whole tables.

A current fact that differs is closed at the new `seq`, and the other one opens at it. Where what comes is all there is
(`Fact.whole`), facts that are not among it any more are closed, too.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from touchline.adapters import bulk

Merge = Callable[[Any, Any, str], sa.ColumnElement[Any]]
"""(columns that came, stored columns, name of one) -> what it becomes."""


def _keep(incoming: Any, current: Any, name: str) -> sa.ColumnElement[Any]:
    """A missing value leaves the stored one."""
    return sa.func.coalesce(incoming[name], current[name])


class Fact(msgspec.Struct, frozen=True):
    """How one kind of fact is compared: by `key`; `given` values replace, `kept` ones as `merge` says."""

    table: sa.Table
    key: tuple[str, ...]
    given: tuple[str, ...]
    kept: tuple[str, ...]
    changed: sa.Table
    """Temporary: what was found to differ; `known` has a current fact to close, `opens` has one to open."""
    whole: tuple[str, ...] = ()
    """Part of the key of which everything comes at once; empty: what does not come stays."""
    merge: Merge = _keep

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the fact but for its beginning and end."""
        return (*self.key, *self.given, *self.kept, "payload")


_MARKS: Final = ("known", "opens")


def temporary_table(tables: sa.MetaData, name: str, *columns: sa.Column[Any]) -> sa.Table:
    """A table that only its transaction's connection sees."""
    return sa.Table(name, tables, *columns, prefixes=["TEMPORARY"])


def fact(
    tables: sa.MetaData,
    table: sa.Table,
    key: tuple[str, ...],
    given: tuple[str, ...],
    kept: tuple[str, ...] = (),
    *,
    whole: tuple[str, ...] = (),
    merge: Merge = _keep,
) -> Fact:
    """A kind of fact, with the temporary table that it needs among `tables`."""
    columns = [sa.Column(name, table.c[name].type) for name in (*key, *given, *kept, "payload")]
    marks = (sa.Column(name, sa.Boolean) for name in _MARKS)
    changed = temporary_table(tables, f"changed_{table.name}", *columns, *marks)
    known = changed.c.known.is_(True)
    sa.Index(
        f"changed_{table.name}_known", *(changed.c[name] for name in key), sqlite_where=known, postgresql_where=known
    )
    return Fact(table, key, given, kept, changed, whole, merge)


def compare(connection: sa.Connection, fact: Fact, incoming: sa.FromClause) -> int:
    """Fill the fact's table of changes from `incoming` (its columns); how many facts are new, different or gone."""
    found = connection.execute(_insert(fact, _different(fact, incoming))).rowcount
    if fact.whole:
        found += connection.execute(_insert(fact, _gone(fact, incoming))).rowcount
    if found:
        bulk.count(connection, fact.changed)
    return found


def write(connection: sa.Connection, facts: Iterable[Fact], seq: int) -> None:
    """Close the facts that were found to differ or to be gone, and open the new ones."""
    for fact in facts:
        table, changed = fact.table, fact.changed
        connection.execute(
            sa.update(table)
            .where(table.c.until_seq.is_(None), _same(fact.key, table, changed), changed.c.known.is_(True))
            .values(until_seq=seq)
        )
        opened = sa.select(*(changed.c[name] for name in fact.columns), sa.literal(seq)).where(changed.c.opens)
        connection.execute(sa.insert(table).from_select([*fact.columns, "seq"], opened))


def _insert(fact: Fact, found: sa.Select[Any]) -> sa.Insert:
    return sa.insert(fact.changed).from_select([*fact.columns, *_MARKS], found)


def _same(key: Iterable[str], one: Any, other: Any) -> sa.ColumnElement[bool]:
    return sa.and_(*(one.c[name] == other.c[name] for name in key))


def _different(fact: Fact, incoming: sa.FromClause) -> sa.Select[Any]:
    current = fact.table.alias("current")
    merged = {name: incoming.c[name] for name in fact.given} | {
        name: fact.merge(incoming.c, current.c, name) for name in fact.kept
    }
    differs = (value.is_distinct_from(current.c[name]) for name, value in merged.items())
    return (
        sa.select(
            *(incoming.c[name] for name in fact.key),
            *(value.label(name) for name, value in merged.items()),
            incoming.c.payload,
            current.c.match.is_not(None),
            sa.true(),
        )
        .select_from(
            incoming.outerjoin(current, sa.and_(_same(fact.key, incoming, current), current.c.until_seq.is_(None)))
        )
        .where(sa.or_(current.c.match.is_(None), *differs))
    )


def _gone(fact: Fact, incoming: sa.FromClause) -> sa.Select[Any]:
    """Current facts of what came whole that are not among it."""
    current = fact.table.alias("current")
    owners = sa.select(*(incoming.c[name] for name in fact.whole)).distinct().subquery("owners")
    beside = incoming.alias("beside")
    others = (current.c[name] for name in (*fact.given, *fact.kept, "payload"))
    return (
        sa.select(*(current.c[name] for name in fact.key), *others, sa.true(), sa.false())
        .select_from(owners.join(current, sa.and_(_same(fact.whole, owners, current), current.c.until_seq.is_(None))))
        .where(~sa.exists().where(_same(fact.key, beside, current)))
    )
