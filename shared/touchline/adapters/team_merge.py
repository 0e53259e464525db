"""Two clubs that are one: everything of the wrongly named one is given to the other."""

from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from touchline.adapters.schema import match_versions, matches, team_aliases, teams
from touchline.domain.identity import LONDON
from touchline.errors import DataError, NotFound

_SIDES: Final = ("home_team", "away_team")
_NOT_PLAYED: Final = ("postponed", "cancelled")


def check(connection: sa.Connection, country: str, wrong: str, right: str) -> int:
    """Whether two teams may be one; how many matches are those of the wrong one.

    Raises:
        NotFound: there is no such team.
        DataError: they are one already, played each other, or played on the same day.
    """
    if wrong == right:
        raise DataError(f"{wrong!r} and {right!r} are one team already", where=country)
    for team in (wrong, right):
        if connection.scalar(sa.select(teams.c.team).where(teams.c.country == country, teams.c.team == team)) is None:
            raise NotFound(f"no team {team!r} in {country}", where="teams", hint="names are those of `touchline teams`")
    sides = (matches.c.home_team, matches.c.away_team)
    both = sa.or_(*(sa.and_(one == wrong, other == right) for one, other in (sides, sides[::-1])))
    met = connection.scalar(sa.select(matches.c.match_id).where(matches.c.country == country, both).limit(1))
    if met is not None:
        raise DataError(f"{wrong!r} and {right!r} played each other, so they are two teams", where=met)
    theirs, others = _days(connection, country, wrong), _days(connection, country, right)
    for day in sorted(theirs.keys() & others.keys()):
        what = f"{wrong!r} and {right!r} both played on {day}: here, and in {others[day]}"
        raise DataError(what, where=theirs[day], hint="no team plays twice a day; one of these names is wrong there")
    return connection.scalar(sa.select(sa.func.count()).select_from(matches).where(_of(country, wrong))) or 0


def merge(connection: sa.Connection, country: str, wrong: str, right: str, seq: int) -> None:
    """Give names and matches of one team to another; matches keep their `match_id`, and get a version at `seq`."""
    _open_again(connection, _of(country, wrong), seq)
    for side in _SIDES:
        column = matches.c[side]
        connection.execute(
            sa.update(matches).where(matches.c.country == country, column == wrong).values({column: right})
        )
    theirs = sa.and_(team_aliases.c.country == country, team_aliases.c.team == wrong)
    connection.execute(sa.update(team_aliases).where(theirs).values(team=right))
    connection.execute(sa.delete(teams).where(teams.c.country == country, teams.c.team == wrong))
    connection.execute(sa.insert(team_aliases).values(country=country, alias=wrong, team=right))


def _of(country: str, team: str) -> sa.ColumnElement[bool]:
    return sa.and_(matches.c.country == country, sa.or_(*(matches.c[side] == team for side in _SIDES)))


def _days(connection: sa.Connection, country: str, team: str) -> dict[date, str]:
    """Day of each match, as the sources count them -> its `match_id`."""
    query = (
        sa.select(match_versions.c.kickoff, matches.c.match_id)
        .join(matches, matches.c.number == match_versions.c.match)
        .where(_of(country, team), match_versions.c.until_seq.is_(None))
        .where(match_versions.c.status.not_in(_NOT_PLAYED))
    )
    return {kickoff.astimezone(LONDON).date(): match_id for kickoff, match_id in connection.execute(query)}


def _open_again(connection: sa.Connection, which: sa.ColumnElement[bool], seq: int) -> None:
    """Let the current versions of some matches begin anew at `seq`, so that the table is exported again."""
    versions: Any = match_versions
    names = [column.name for column in versions.columns if column.name not in ("seq", "until_seq")]
    those = versions.c.match.in_(sa.select(matches.c.number).where(which))
    current = sa.select(*(versions.c[name] for name in names), sa.literal(seq)).where(
        those, versions.c.until_seq.is_(None)
    )
    connection.execute(sa.insert(versions).from_select([*names, "seq"], current))
    earlier = sa.and_(those, versions.c.until_seq.is_(None), versions.c.seq < seq)
    connection.execute(sa.update(versions).where(earlier).values(until_seq=seq))
