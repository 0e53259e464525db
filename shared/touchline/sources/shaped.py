"""Answers in JSON whose shape is declared as types: the whole must fit, a row that does not is refused by itself."""

from collections.abc import Sequence
from datetime import date
from typing import Final, TypeVar

import msgspec

from touchline.collecting import Scope
from touchline.domain import seasons
from touchline.domain.competitions import competition
from touchline.errors import ConfigurationError, DataError, ShapeChanged, UnknownName
from touchline.ports import Payload
from touchline.sources import leagues

_T = TypeVar("_T")
_MARK: Final = b"\xef\xbb\xbf"
_SHOWN: Final = 200


def opened(payload: Payload, kind: type[_T]) -> _T:
    """The body of a payload as a value of a type; fields that the type does not name are passed over.

    Raises:
        DataError: it is no JSON.
        ShapeChanged: it is JSON of another shape.
    """
    try:
        return msgspec.json.decode(payload.body.removeprefix(_MARK), type=kind)
    except msgspec.ValidationError as error:
        start = payload.body[:_SHOWN].decode(errors="replace")
        raise ShapeChanged(f"of another shape than known: {error}", where=payload.name, details=(start,)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"no JSON: {error}", where=payload.name, hint="open the address to see what it is") from error


def rows_of(raws: Sequence[msgspec.Raw], kind: type[_T]) -> list[_T | str]:
    """Each row as a value of a type, or why it cannot be one."""
    return [_row(raw, kind) for raw in raws]


def _row(raw: msgspec.Raw, kind: type[_T]) -> _T | str:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"a row of another shape than known: {error}"


def shown(raw: msgspec.Raw) -> str:
    """The beginning of a row as it came."""
    return bytes(raw)[:_SHOWN].decode(errors="replace")


def place(payload: Payload) -> tuple[str, str]:
    """Competition and season that the name of a season's page says: `E0/2025-26/...`.

    Raises:
        DataError: the name says neither.
    """
    code, _, rest = payload.name.partition("/")
    season = rest.partition("/")[0]
    try:
        seasons.start_year(season)
    except ValueError as error:
        hint = "such a name begins with competition and season, E0/2025-26/"
        raise DataError(f"no page of a season: {error}", where=payload.name, hint=hint) from error
    return code, season


def known_as(source: str, code: str) -> str:
    """What a source calls a competition that somebody asks it for.

    Raises:
        ConfigurationError: the source does not have it.
    """
    try:
        return leagues.known_as(source, code)
    except UnknownName as error:
        raise ConfigurationError(error.what, where="competitions", details=error.details, hint=error.hint) from error


def seasons_of(scope: Scope, code: str, today: date) -> tuple[str, ...]:
    """Seasons of a competition that a scope asks for, oldest first, without those that lie outside its days.

    Raises:
        ConfigurationError: a text is no season, or one that has not begun.

    >>> seasons_of(Scope(competitions=("E0",), seasons=("2023-",)), "E0", date(2026, 3, 2))
    ('2023-24', '2024-25', '2025-26')
    >>> seasons_of(Scope(competitions=("BRA",)), "BRA", date(2026, 3, 2))
    ('2026',)
    """
    calendar = competition(code).calendar_year
    current = seasons.start_year(seasons.season_of(today, calendar))
    try:
        years = seasons.years(scope.seasons, current)
    except ValueError as error:
        raise ConfigurationError(str(error), where="seasons", hint="as in 2024-25, 2018-2021 or 2018-") from error
    return tuple(name for name in (seasons.label(year, calendar) for year in years) if _meets(scope, name))


def _meets(scope: Scope, season: str) -> bool:
    first, last = seasons.bounds(season)
    return (scope.first is None or scope.first <= last) and (scope.last is None or first <= scope.last)


def is_over(season: str, now_day: date) -> bool:
    """Whether no match of a season can be played any more."""
    return now_day > seasons.bounds(season)[1]
