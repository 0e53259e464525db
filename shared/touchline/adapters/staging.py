"""Rows of matches beside the stored ones: loaded into temporary tables, numbered, linked, compared with the facts.

Of how a match stands, of its statistics and of its prices it is known when the payload was retrieved that last told of
them. A newer row takes the place of what is stored; an older one only fills what is open.
"""

from datetime import timedelta
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd
import sqlalchemy as sa

from touchline.adapters import bulk, schema, schema_collected
from touchline.adapters.schema import GOALS, PRICES, STATISTICS, Moment
from touchline.adapters.staging_facts import Fact, compare, fact, temporary_table
from touchline.domain.tellings import MOMENTS, SCORE, SEEN
from touchline.domain.vocabulary import BOOKMAKERS, CLOSING_COLUMNS, ODDS_AVAILABLE, ODDS_COLUMNS
from touchline.errors import DataError

_temporary: Final = sa.MetaData()
_HALF_TIME: Final = tuple(name for name in GOALS if name not in SCORE)
_STANDS: Final = ("kickoff", "kickoff_known", "status", "available_time")
_FRESH: Final = ("fresh", "statistics_fresh", "prices_fresh")

_staged: Final = temporary_table(
    _temporary,
    "staged_matches",
    sa.Column("row", sa.Integer, primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("match_id", "competition", "season", "country", "home_team", "away_team")),
    sa.Column("kickoff", Moment),
    sa.Column("kickoff_known", sa.Boolean),
    *(sa.Column(name, sa.Text) for name in ("status", "raw_status")),
    sa.Column("available_time", Moment),
    *(sa.Column(name, Moment) for name in MOMENTS),
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
    *(sa.Column(name, sa.Boolean) for name in _FRESH),  # no later payload has told of that
)

_staged_links: Final = temporary_table(
    _temporary,
    "staged_links",
    *(sa.Column(name, sa.Text) for name in ("source", "source_id", "match_id")),
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


def _standing(incoming: Any, current: Any, name: str) -> sa.ColumnElement[Any]:
    """How a match stands: another status comes with its own score, or with none."""
    if name in _STANDS:
        return sa.case((incoming.fresh, incoming[name]), else_=current[name])
    if name in _HALF_TIME:
        return _half_time(incoming, current, name)
    same = incoming.status == current.status
    newer = sa.case((same, sa.func.coalesce(incoming[name], current[name])), else_=incoming[name])
    older = sa.case((same, sa.func.coalesce(current[name], incoming[name])), else_=current[name])
    return sa.case((incoming.fresh, newer), else_=older)


def _half_time(incoming: Any, current: Any, name: str) -> sa.ColumnElement[Any]:
    """As other statistics, but left out while the score says something else."""
    half = {one: _filled(incoming, current, one, incoming.statistics_fresh) for one in _HALF_TIME}
    ends = [_standing(incoming, current, one) for one in SCORE]
    odd = (sa.or_(end.is_(None), half[one] > end) for one, end in zip(_HALF_TIME, ends, strict=True))
    return sa.case((sa.or_(*odd), None), else_=half[name])


def _counted(incoming: Any, current: Any, name: str) -> sa.ColumnElement[Any]:
    return _filled(incoming, current, name, incoming.statistics_fresh)


def _quoted(incoming: Any, current: Any, name: str) -> sa.ColumnElement[Any]:
    return _filled(incoming, current, name, incoming.prices_fresh)


def _filled(incoming: Any, current: Any, name: str, fresh: Any) -> sa.ColumnElement[Any]:
    """A missing value leaves the stored one, and an older value only fills what is missing."""
    newer, older = sa.func.coalesce(incoming[name], current[name]), sa.func.coalesce(current[name], incoming[name])
    return sa.case((fresh, newer), else_=older)


_VERSIONS: Final = fact(
    _temporary, schema.match_versions, ("match",), (), (*_STANDS, *GOALS, "raw_status"), merge=_standing
)
_STATISTICS: Final = fact(_temporary, schema.team_match_stats, ("match",), (), STATISTICS, merge=_counted)
_ODDS: Final = fact(
    _temporary, schema.odds_quotes, ("match", "bookmaker", "closing"), (), ("available_time", *PRICES), merge=_quoted
)
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


def stage(connection: sa.Connection, rows: pd.DataFrame, links: pd.DataFrame) -> Found:
    """Load rows, give new matches a number, compare with the facts.

    Args:
        connection: of a transaction that writes.
        rows: one a match: tidy columns, MOMENTS, `country`, `payload` as its number.
        links: `source`, `source_id`, `match_id`.

    Raises:
        DataError: a `match_id` is stored for other teams or another competition, or not at all though its row says
            nothing of how it stands; a source's number is another match's.
    """
    _temporary.create_all(connection, checkfirst=False)
    rows = rows.assign(row=range(len(rows)))
    bulk.load(connection, _staged, rows[[column.name for column in _staged.columns]])
    bulk.load(connection, _staged_odds, _quotes(rows))
    if rows["retrieved"].isna().any():
        _require_matches(connection)
    new = _insert_matches(connection)
    _number(connection)
    _refuse_others(connection)
    if len(links):
        bulk.load(connection, _staged_links, links)
        _link(connection)
    _note_seen(connection)
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


def _require_matches(connection: sa.Connection) -> None:
    stored = sa.exists().where(schema.matches.c.match_id == _staged.c.match_id)
    lost = connection.scalar(sa.select(_staged.c.match_id).where(_staged.c.retrieved.is_(None), ~stored).limit(1))
    if lost is not None:
        raise DataError("nobody told how this match stands", where=lost, hint="store the match first")


def _insert_matches(connection: sa.Connection) -> int:
    names = ("match_id", "competition", "season", "country", "home_team", "away_team")
    stored = sa.exists().where(schema.matches.c.match_id == _staged.c.match_id)
    columns = (_staged.c[name] for name in (*names, *MOMENTS))
    new = sa.select(*columns).where(~stored).order_by(_staged.c.row)
    return connection.execute(sa.insert(schema.matches).from_select([*names, *SEEN], new)).rowcount


def _number(connection: sa.Connection) -> None:
    stored = schema.matches
    same = sa.and_(*(stored.c[name] == _staged.c[name] for name in ("competition", "home_team", "away_team")))
    fresh = (
        sa.and_(_staged.c[moment].is_not(None), sa.or_(stored.c[seen].is_(None), stored.c[seen] <= _staged.c[moment]))
        for seen, moment in zip(SEEN, MOMENTS, strict=True)
    )
    found = sa.select(_staged.c.row, stored.c.number, _staged.c.payload, same, *fresh).join(
        stored, stored.c.match_id == _staged.c.match_id
    )
    connection.execute(sa.insert(_numbered).from_select([column.name for column in _numbered.columns], found))
    bulk.count(connection, _numbered)


def _note_seen(connection: sa.Connection) -> None:
    """Remember the moments of what is newer than that which is stored."""
    stored, values, any_later = schema.matches, {}, []
    for seen, moment in zip(SEEN, MOMENTS, strict=True):
        known, came = stored.c[seen], _staged.c[moment]
        later = sa.and_(came.is_not(None), sa.or_(known.is_(None), known < came))
        any_later.append(later)
        values[seen] = sa.case((later, came), else_=known)
    mine = (stored.c.number == _numbered.c.match, _numbered.c.row == _staged.c.row)
    connection.execute(sa.update(stored).where(*mine, sa.or_(*any_later)).values(values))


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
    same = sa.and_(links.c.source == _staged_links.c.source, links.c.source_id == _staged_links.c.source_id)
    came = _staged_links.join(own, own.c.match_id == _staged_links.c.match_id)
    joined = came.join(links, same).join(other, other.c.number == links.c.match)
    query = sa.select(links.c.source, links.c.source_id, own.c.match_id, other.c.match_id)
    taken = connection.execute(query.select_from(joined).where(links.c.match != own.c.number).limit(1)).first()
    if taken is not None:
        source, source_id, here, there = taken
        what = f"number {source_id} of {source} is that of {there} already"
        raise DataError(what, where=here, hint="a match that was moved keeps its match_id")
    new = (
        sa.select(_staged_links.c.source, _staged_links.c.source_id, own.c.number)
        .select_from(came)
        .where(~sa.exists().where(same))
    )
    connection.execute(sa.insert(links).from_select(["source", "source_id", "match"], new))


def _incoming(fact: Fact) -> sa.Subquery:
    """Rows that tell of a fact."""
    staged = _staged_odds if fact is _ODDS else _staged
    columns = ((_numbered if name in ("match", "payload") else staged).c[name] for name in fact.columns)
    found = sa.select(*columns, *(_numbered.c[name] for name in _FRESH))
    if fact is not _ODDS:
        told = STATISTICS if fact is _STATISTICS else ("retrieved", *_HALF_TIME)
        found = found.where(sa.or_(*(staged.c[name].is_not(None) for name in told)))
    return found.select_from(staged.join(_numbered, _numbered.c.row == staged.c.row)).subquery("incoming")
