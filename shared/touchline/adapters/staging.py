"""Incoming rows beside the stored ones: what is new or different, found with a few statements over whole tables.

Rows are loaded into temporary tables, compared with the current facts, and only what differs is written: the current
fact is closed at the new `seq` and the other one opens at it.
"""

from datetime import timedelta
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd
import sqlalchemy as sa

from touchline.adapters import bulk, schema
from touchline.adapters.schema import GOALS, PRICES, STATISTICS, Moment
from touchline.domain.vocabulary import BOOKMAKERS, CLOSING_COLUMNS, ODDS_AVAILABLE, ODDS_COLUMNS
from touchline.errors import DataError

_temporary: Final = sa.MetaData()


def _temporary_table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(name, _temporary, *columns, prefixes=["TEMPORARY"])


_staged: Final = _temporary_table(
    "staged_matches",
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("match", sa.BigInteger),  # its number, once it has one
    *(sa.Column(name, sa.Text) for name in ("match_id", "competition", "season", "country", "home_team", "away_team")),
    sa.Column("kickoff", Moment),
    sa.Column("kickoff_known", sa.Boolean),
    sa.Column("status", sa.Text),
    sa.Column("available_time", Moment),
    *(sa.Column(name, sa.Double) for name in (*GOALS, *STATISTICS)),
    sa.Column("payload", sa.BigInteger),
)

_staged_odds: Final = _temporary_table(
    "staged_odds",
    sa.Column("row", sa.Integer),
    sa.Column("bookmaker", sa.Text),
    sa.Column("closing", sa.Boolean),
    *(sa.Column(name, sa.Double) for name in PRICES),
    sa.Column("available_time", Moment),
)


class _Fact(msgspec.Struct, frozen=True):
    """How one kind of fact is compared: by `key`; `given` values replace, `kept` ones unless they are missing."""

    table: sa.Table
    key: tuple[str, ...]
    given: tuple[str, ...]
    kept: tuple[str, ...]
    changed: sa.Table

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.key, *self.given, *self.kept, "payload")


def _fact(table: sa.Table, key: tuple[str, ...], given: tuple[str, ...], kept: tuple[str, ...]) -> _Fact:
    columns = [sa.Column(name, table.c[name].type) for name in (*key, *given, *kept, "payload")]
    changed = _temporary_table(f"changed_{table.name}", *columns, sa.Column("known", sa.Boolean))
    return _Fact(table, key, given, kept, changed)


_VERSIONS: Final = _fact(
    schema.match_versions, ("match",), ("kickoff", "kickoff_known", "status", "available_time"), GOALS
)
_STATISTICS: Final = _fact(schema.team_match_stats, ("match",), (), STATISTICS)
_ODDS: Final = _fact(schema.odds_quotes, ("match", "bookmaker", "closing"), ("available_time",), PRICES)
_FACTS: Final = (_VERSIONS, _STATISTICS, _ODDS)


class Found(msgspec.Struct, frozen=True):
    """How much of what was staged is new or different."""

    matches_new: int
    matches_changed: int
    statistics_changed: int
    odds_changed: int

    @property
    def anything(self) -> bool:
        """Whether there is something to write."""
        return any((self.matches_new, self.matches_changed, self.statistics_changed, self.odds_changed))


def stage(connection: sa.Connection, rows: pd.DataFrame, retrieved: Any) -> Found:
    """Load rows (tidy columns, `country`, `payload` as its number), give new matches a number, compare with the facts.

    Rows of matches that a later payload has described are left out.

    Raises:
        DataError: a `match_id` is stored for other teams or another competition.
    """
    _temporary.create_all(connection, checkfirst=False)
    rows = rows.assign(row=range(len(rows)))
    bulk.load(connection, _staged, rows[[column.name for column in _staged.columns if column.name != "match"]])
    bulk.load(connection, _staged_odds, _quotes(rows))
    _number(connection)
    _refuse_others(connection)
    seen = sa.exists().where(schema.matches.c.number == _staged.c.match, schema.matches.c.seen > retrieved)
    connection.execute(sa.delete(_staged).where(seen))
    new = _insert_matches(connection, retrieved)
    _number(connection)
    connection.execute(
        sa.update(schema.matches)
        .where(schema.matches.c.number.in_(sa.select(_staged.c.match)), schema.matches.c.seen < retrieved)
        .values(seen=retrieved)
    )
    counts = {fact.table.name: _compare(connection, fact) for fact in _FACTS}
    return Found(new, counts["match_versions"] - new, counts["team_match_stats"], counts["odds_quotes"])


def write(connection: sa.Connection, seq: int) -> None:
    """Close the facts that were found to differ and open the new ones."""
    for fact in _FACTS:
        table, changed = fact.table, fact.changed
        superseded = sa.select(*(changed.c[name] for name in fact.key)).where(changed.c.known)
        connection.execute(
            sa.update(table)
            .where(table.c.until_seq.is_(None), sa.tuple_(*(table.c[name] for name in fact.key)).in_(superseded))
            .values(until_seq=seq)
        )
        opened = sa.select(*(changed.c[name] for name in fact.columns), sa.literal(seq))
        connection.execute(sa.insert(table).from_select([*fact.columns, "seq"], opened))


def clear(connection: sa.Connection) -> None:
    """Remove the temporary tables; a transaction that is rolled back has removed them already."""
    _temporary.drop_all(connection, checkfirst=False)


def _quotes(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a triple of prices that has at least one."""
    prices = (
        rows[[*ODDS_COLUMNS, *CLOSING_COLUMNS]].to_numpy(float).reshape(len(rows), 2 * len(BOOKMAKERS), len(PRICES))
    )
    row, triple = np.nonzero(~np.isnan(prices).all(axis=2))
    closing = triple >= len(BOOKMAKERS)
    ahead = pd.Series(np.where(closing, 0, ODDS_AVAILABLE // timedelta(microseconds=1)), dtype="timedelta64[us]")
    return pd.DataFrame(
        {
            "row": row,
            "bookmaker": np.array(BOOKMAKERS, dtype=object)[triple % len(BOOKMAKERS)],
            "closing": closing,
            **dict(zip(PRICES, prices[row, triple].T, strict=True)),
            "available_time": rows["kickoff"].iloc[row].reset_index(drop=True) + ahead,
        }
    )


def _number(connection: sa.Connection) -> None:
    number = sa.select(schema.matches.c.number).where(schema.matches.c.match_id == _staged.c.match_id)
    connection.execute(sa.update(_staged).where(_staged.c.match.is_(None)).values(match=number.scalar_subquery()))


def _refuse_others(connection: sa.Connection) -> None:
    """Stop before an identity is given to a second match."""
    stored = schema.matches
    differs = (stored.c[name] != _staged.c[name] for name in ("competition", "home_team", "away_team"))
    joined = _staged.join(stored, stored.c.number == _staged.c.match)
    query = sa.select(stored.c.match_id, stored.c.competition, stored.c.home_team, stored.c.away_team)
    taken = connection.execute(query.select_from(joined).where(sa.or_(*differs)).limit(1)).first()
    if taken is not None:
        match_id, code, home, away = taken
        what = f"this identity is that of another match, {home} against {away} in {code}"
        raise DataError(what, where=match_id, hint="write competition and teams as they are stored")


def _insert_matches(connection: sa.Connection, retrieved: Any) -> int:
    names = ("match_id", "competition", "season", "country", "home_team", "away_team")
    seen = sa.literal(retrieved, Moment)
    new = sa.select(*(_staged.c[name] for name in names), seen).where(_staged.c.match.is_(None)).order_by(_staged.c.row)
    return connection.execute(sa.insert(schema.matches).from_select([*names, "seen"], new)).rowcount


def _compare(connection: sa.Connection, fact: _Fact) -> int:
    """Fill the fact's table of changes; how many there are."""
    incoming, current = _incoming(fact), fact.table.alias("current")
    same = sa.and_(*(incoming.c[name] == current.c[name] for name in fact.key), current.c.until_seq.is_(None))
    merged = {name: incoming.c[name] for name in fact.given} | {
        name: _merged(fact, incoming.c, current.c, name) for name in fact.kept
    }
    differs = (value.is_distinct_from(current.c[name]) for name, value in merged.items())
    found = (
        sa.select(
            *(incoming.c[name] for name in fact.key),
            *(value.label(name) for name, value in merged.items()),
            incoming.c.payload,
            current.c.match.is_not(None).label("known"),
        )
        .select_from(incoming.outerjoin(current, same))
        .where(sa.or_(current.c.match.is_(None), *differs))
    )
    return connection.execute(sa.insert(fact.changed).from_select([*fact.columns, "known"], found)).rowcount


def _merged(fact: _Fact, incoming: Any, current: Any, name: str) -> sa.ColumnElement[Any]:
    """A missing value leaves the stored one; but another status comes with its own score, or with none."""
    kept: sa.ColumnElement[Any] = sa.func.coalesce(incoming[name], current[name])
    if fact is not _VERSIONS:
        return kept
    return sa.case((incoming.status == current.status, kept), else_=incoming[name])


def _incoming(fact: _Fact) -> sa.Subquery:
    if fact is _ODDS:
        columns = [_staged.c.match, _staged.c.payload, *(c for c in _staged_odds.c if c.name != "row")]
        joined = _staged_odds.join(_staged, _staged_odds.c.row == _staged.c.row)
        return sa.select(*columns).select_from(joined).subquery("incoming")
    columns = [_staged.c[name] for name in fact.columns]
    some = sa.or_(*(_staged.c[name].is_not(None) for name in STATISTICS)) if fact is _STATISTICS else sa.true()
    return sa.select(*columns).where(some).subquery("incoming")
