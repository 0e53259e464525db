"""Which matches, teams and competitions the online service knows; names are never guessed, but suggested."""

from collections.abc import Iterable

from touchline.domain.forecasts import MatchForecast, resolve, suggestions
from touchline.errors import NotFound, UnknownName
from touchline.stages.predict_board import Board, require_published


def find_match(board: Board, match_id: str) -> MatchForecast:
    """Forecast of a match.

    Raises:
        NotFound: none is published for it.
    """
    published = require_published(board)
    if match_id in published.by_id:
        return published.by_id[match_id]
    raise NotFound(
        f"no forecast of match {match_id!r}",
        where="match_id",
        hint="only matches that are not played yet are forecast; GET /predict/predictions lists them",
        details=suggestions(match_id, published.by_id),
    )


def known_teams(board: Board, country: str = "") -> tuple[str, ...]:
    """Names of the teams that a country's matches have shown, of all countries by default."""
    published = require_published(board)
    return tuple(sorted({team for where, _, team in published.state.teams() if country in ("", where)}))


def require_team(name: str, known: Iterable[str], field: str) -> str:
    """A team under the name that it is stored with.

    Raises:
        UnknownName: nobody declared such a team; names that look like it are in `details`.
    """
    names = tuple(known)
    found = resolve(name, names)
    if found is None:
        raise UnknownName(
            f"no team {name!r} in these data",
            where=field,
            details=suggestions(name, names),
            hint="names are never guessed",
        )
    return found


def known_competitions(board: Board) -> tuple[str, ...]:
    """Codes of the competitions that the data hold."""
    return tuple(sorted({league for _, league, _ in require_published(board).state.teams()}))


def require_competition(code: str, known: Iterable[str]) -> str:
    """A competition's code as it is stored.

    Raises:
        UnknownName: the data hold no such competition; those that they hold are in `details`.
    """
    codes = tuple(known)
    found = resolve(code, codes)
    if found is None:
        raise UnknownName(f"no competition {code!r} in these data", where="competition", details=codes)
    return found
