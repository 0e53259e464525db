"""Rows of matches beside the stored ones: loaded into temporary tables, numbered, linked, compared with the facts."""

from datetime import timedelta
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd
import sqlalchemy as sa

from touchline.adapters import bulk, schema, schema_collected
from touchline.adapters.schema import GOALS, PRICES, STATISTICS, Moment
from touchline.adapters.staging_facts import Fact, compare, fact, temporary_table
from touchline.domain.vocabulary import BOOKMAKERS, CLOSING_COLUMNS, ODDS_AVAILABLE, ODDS_COLUMNS
from touchline.errors import DataError

_temporary: Final = sa.MetaData()

_staged: Final = temporary_table(
    _temporary,
    "staged_matches",
    sa.Column("row", sa.Integer, primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("match_id", "competition", "season", "country", "home_team", "away_team")),
    sa.Column("kickoff", Moment),
    sa.Column("kickoff_known", sa.Boolean),
    *(sa.Column(name, sa.Text) for name in ("status", "raw_status", "source", "source_id")),
    sa.Column("available_time", Moment),
    *(sa.Column(name, sa.Double) for name in (*GOALS, *STATISTICS)),
    sa.Column("payload", sa.BigInteger),
)

_numbered: Final = temporary_table(
    _temporary,
    "numbered_matches",
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("match", sa.BigInteger),
    sa.Column("payload", sa.BigInteger),
    sa.Column("same", sa.Boolean),  # what is stored under the identity is this match
    sa.Column("fresh", sa.Boolean),  # no later payload has described it
)

_staged_odds: Final = temporary_table(
    _temporary,
    "staged_odds",
    sa.Column("row", sa.Integer),
    sa.Column("bookmaker", sa.Text),
    sa.Column("closing", sa.Boolean),
    *(sa.Column(name, sa.Double) for name in PRICES),
    sa.Column("available_time", Moment),
)


def _merged(incoming: Any, current: Any, name: str) -> sa.ColumnElement[Any]:
    """A missing value leaves the stored one; but another status comes with its own score, or with none."""
    kept = sa.func.coalesce(incoming[name], current[name])
    return sa.case((incoming.status == current.status, kept), else_=incoming[name])


_VERSIONS: Final = fact(
    _temporary, schema.match_versions, ("match",), ("kickoff", "kickoff_known", "status", "available_time"),
    (*GOALS, "raw_status"), merge=_merged,
)  # fmt: skip
_STATISTICS: Final = fact(_temporary, schema.team_match_stats, ("match",), (), STATISTICS)
_ODDS: Final = fact(_temporary, schema.odds_quotes, ("match", "bookmaker", "closing"), ("available_time",), PRICES)
FACTS: Final = (_VERSIONS, _STATISTICS, _ODDS)


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

    Rows of matches that a later payload has described are left out, but for their links.

    Raises:
        DataError: a `match_id` is stored for other teams or another competition; a source's number is another match's.
    """
    _temporary.create_all(connection, checkfirst=False)
    rows = rows.assign(row=range(len(rows)))
    bulk.load(connection, _staged, rows[[column.name for column in _staged.columns]])
    bulk.load(connection, _staged_odds, _quotes(rows))
    new = _insert_matches(connection, retrieved)
    _number(connection, retrieved)
    _refuse_others(connection)
    if rows["source_id"].notna().any():
        _link(connection)
    connection.execute(
        sa.update(schema.matches)
        .where(schema.matches.c.number == _numbered.c.match, _numbered.c.fresh, schema.matches.c.seen < retrieved)
        .values(seen=retrieved)
    )
    counts = {fact.table.name: compare(connection, fact, _incoming(fact)) for fact in FACTS}
    return Found(new, counts["match_versions"] - new, counts["team_match_stats"], counts["odds_quotes"])


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


def _insert_matches(connection: sa.Connection, retrieved: Any) -> int:
    names = ("match_id", "competition", "season", "country", "home_team", "away_team")
    stored = sa.exists().where(schema.matches.c.match_id == _staged.c.match_id)
    seen = sa.literal(retrieved, Moment)
    new = sa.select(*(_staged.c[name] for name in names), seen).where(~stored).order_by(_staged.c.row)
    return connection.execute(sa.insert(schema.matches).from_select([*names, "seen"], new)).rowcount


def _number(connection: sa.Connection, retrieved: Any) -> None:
    stored = schema.matches
    same = sa.and_(*(stored.c[name] == _staged.c[name] for name in ("competition", "home_team", "away_team")))
    found = sa.select(_staged.c.row, stored.c.number, _staged.c.payload, same, stored.c.seen <= retrieved).join(
        stored, stored.c.match_id == _staged.c.match_id
    )
    connection.execute(sa.insert(_numbered).from_select([column.name for column in _numbered.columns], found))
    bulk.count(connection, _numbered)


def _refuse_others(connection: sa.Connection) -> None:
    """Stop before an identity is given to a second match."""
    stored = schema.matches
    query = sa.select(stored.c.match_id, stored.c.competition, stored.c.home_team, stored.c.away_team)
    others = query.join(_numbered, _numbered.c.match == stored.c.number).where(~_numbered.c.same).limit(1)
    taken = connection.execute(others).first()
    if taken is not None:
        match_id, code, home, away = taken
        what = f"this identity is that of another match, {home} against {away} in {code}"
        raise DataError(what, where=match_id, hint="write competition and teams as they are stored")


def _link(connection: sa.Connection) -> None:
    """Note the sources' own numbers of matches."""
    links, own, other = schema_collected.source_matches, schema.matches.alias("own"), schema.matches.alias("other")
    same = sa.and_(links.c.source == _staged.c.source, links.c.source_id == _staged.c.source_id)
    came = _staged.join(_numbered, _numbered.c.row == _staged.c.row)
    joined = (
        came.join(links, same).join(own, own.c.number == _numbered.c.match).join(other, other.c.number == links.c.match)
    )
    query = sa.select(links.c.source, links.c.source_id, own.c.match_id, other.c.match_id)
    taken = connection.execute(query.select_from(joined).where(links.c.match != _numbered.c.match).limit(1)).first()
    if taken is not None:
        source, source_id, here, there = taken
        what = f"number {source_id} of {source} is that of {there} already"
        raise DataError(what, where=here, hint="a match that was moved keeps its match_id")
    new = (
        sa.select(_staged.c.source, _staged.c.source_id, _numbered.c.match)
        .select_from(came)
        .where(_staged.c.source_id.is_not(None), ~sa.exists().where(same))
    )
    connection.execute(sa.insert(links).from_select(["source", "source_id", "match"], new))


def _incoming(fact: Fact) -> sa.Subquery:
    """Rows of a fact, of the matches that no later payload has described."""
    staged = _staged_odds if fact is _ODDS else _staged
    columns = ((_numbered if name in ("match", "payload") else staged).c[name] for name in fact.columns)
    found = sa.select(*columns).where(_numbered.c.fresh)
    if fact is _STATISTICS:
        found = found.where(sa.or_(*(staged.c[name].is_not(None) for name in STATISTICS)))
    return found.select_from(staged.join(_numbered, _numbered.c.row == staged.c.row)).subquery("incoming")
