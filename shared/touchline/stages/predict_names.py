"""Which matches, teams and competitions the online service knows; names are never guessed, but suggested."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from touchline.domain.forecasts import MatchForecast, resolve, suggestions
from touchline.errors import NotFound, UnknownName
from touchline.stages.predict_board import Board, require_published

_KEPT: Final = 4_096
"""Looks at names that are remembered: files ask for the same ones again and again."""


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
        details=_near(match_id, tuple(published.by_id)),
    )


def known_teams(board: Board, country: str = "") -> tuple[str, ...]:
    """Names of the teams that a country's matches have shown, of all countries by default."""
    return require_published(board).teams.get(country, ())


def require_team(name: str, known: Iterable[str], field: str) -> str:
    """A team under the name that it is stored with.

    Raises:
        UnknownName: nobody declared such a team; names that look like it are in `details`.
    """
    names = tuple(known)
    found = _found(name, names)
    if found is None:
        raise UnknownName(
            f"no team {name!r} in these data",
            where=field,
            details=_near(name, names),
            hint="names are never guessed",
        )
    return found


def known_competitions(board: Board) -> tuple[str, ...]:
    """Codes of the competitions that the data hold."""
    return require_published(board).competitions


def require_competition(code: str, known: Iterable[str]) -> str:
    """A competition's code as it is stored.

    Raises:
        UnknownName: the data hold no such competition; those that they hold are in `details`.
    """
    codes = tuple(known)
    found = _found(code, codes)
    if found is None:
        raise UnknownName(f"no competition {code!r} in these data", where="competition", details=codes)
    return found


@lru_cache(_KEPT)
def _found(name: str, known: tuple[str, ...]) -> str | None:
    return resolve(name, known)


@lru_cache(_KEPT)
def _near(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    return suggestions(name, known)
