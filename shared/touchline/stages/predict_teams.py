"""What is known of teams, and around a match: Elo ratings, form, meetings, prices, earlier forecasts."""

import msgspec

from touchline.domain.context import EloLine, MatchContext
from touchline.domain.forecasts import suggestions
from touchline.domain.vocabulary import slug
from touchline.errors import NotFound, UnknownName
from touchline.stages.predict_board import Board, Published, require_published
from touchline.stages.predict_names import find_match


def context_of(board: Board, match_id: str) -> MatchContext:
    """Form, meetings, prices and earlier forecasts of a match.

    Raises:
        NotFound: no forecast of it is published.
    """
    return around(require_published(board), find_match(board, match_id).match_id)


def around(published: Published, match_id: str) -> MatchContext:
    """The same of a publication; empty of a match that it does not know."""
    records, known = published.records(), published.context().of(match_id)
    return msgspec.structs.replace(
        known,
        odds=(*known.odds, *records.quoted.get(match_id, ())),
        history=records.sealed.get(match_id, ()),
    )


def elo_of(board: Board, team: str) -> EloLine:
    """Elo ratings of a team before its matches, by the slug of its name, or country and name: `england-leeds`.

    Raises:
        UnknownName: no country with fixtures has such a team, or several have; names that are meant are in `details`.
    """
    lines, wanted = require_published(board).elo(), _slug(team)
    found = [line for line in lines.lines if wanted in (slug(line.team), slug(f"{line.country} {line.team}"))]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownName(
            f"{len(found)} countries have a team {team!r}",
            where="team",
            details=tuple(slug(f"{line.country} {line.team}") for line in found),
            hint="put its country before its name",
        )
    raise UnknownName(
        f"no Elo ratings of a team {team!r}",
        where="team",
        details=suggestions(team, [slug(line.team) for line in lines.lines]),
        hint="ratings are published for the countries that have fixtures",
    )


def _slug(name: str) -> str:
    try:
        return slug(name)
    except ValueError as error:
        raise NotFound(f"no name of a team: {name!r}", where="team") from error
