"""Names of seasons ("2024-25", or "2024" where a season lies within one calendar year) and the days they may cover."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from touchline.domain.vocabulary import SEASON_DAYS

_TURN: Final = (7, 1)
"""Month and day on which a season begins where the file does not say which season a match belongs to."""

_LABEL: Final = re.compile(r"(\d{4})(?:[-/](\d{2}|\d{4}))?")
_RANGE: Final = re.compile(r"(\d{4})-(\d{4})?")


def label(year: int, calendar_year: bool = False) -> str:
    """Name of the season that starts in a year.

    >>> label(2024), label(1999), label(2024, calendar_year=True)
    ('2024-25', '1999-00', '2024')
    """
    return f"{year}" if calendar_year else f"{year}-{(year + 1) % 100:02d}"


def start_year(season: str) -> int:
    """Year in which a season starts; reads "2024-25", "2024/25", "2024/2025", "2024-2025" and "2024".

    Raises:
        ValueError: the text names no season, or its two years do not follow each other.

    >>> start_year("2024-25"), start_year("1999/2000"), start_year("2024")
    (2024, 1999, 2024)
    """
    found = _LABEL.fullmatch(season.strip())
    if not found or (found[2] and int(found[2]) % 100 != (int(found[1]) + 1) % 100):
        raise ValueError(f"{season!r} is no season; write 2024-25, or 2024 for a season within one year")
    return int(found[1])


def normalise(season: str) -> str:
    """A season as we write it.

    Raises:
        ValueError: the text names no season.

    >>> normalise("2012/2013"), normalise(" 2012 ")
    ('2012-13', '2012')
    """
    return label(start_year(season), calendar_year=season.strip().isdigit())


def season_of(day: date, calendar_year: bool = False) -> str:
    """Season of a day where nothing else is known: it turns on 1 July, or on 1 January.

    >>> season_of(date(2024, 6, 30)), season_of(date(2024, 7, 1)), season_of(date(2024, 6, 30), calendar_year=True)
    ('2023-24', '2024-25', '2024')
    """
    before = not calendar_year and (day.month, day.day) < _TURN
    return label(day.year - before, calendar_year)


def bounds(season: str) -> tuple[date, date]:
    """First and last day on which a match of a season may be played, play-offs and late endings included.

    Raises:
        ValueError: the text names no season.

    >>> bounds("2023-24"), bounds("2024")
    ((datetime.date(2023, 6, 15), datetime.date(2024, 9, 1)), (datetime.date(2024, 1, 1), datetime.date(2025, 3, 1)))
    """
    year, calendar_year = start_year(season), season.strip().isdigit()
    first, last = (date(year, 1, 1) + timedelta(days=days) for days in SEASON_DAYS[not calendar_year])
    return first, last


def around(day: date) -> frozenset[str]:
    """Every season, of either kind, in which a match of that day may be.

    >>> sorted(around(date(2024, 8, 1)))
    ['2023', '2023-24', '2024', '2024-25']
    """
    return frozenset(label(day.year - back, calendar_year) for back in (0, 1) for calendar_year in (False, True))


def years(texts: Iterable[str], current: int) -> tuple[int, ...]:
    """Starting years of the seasons that somebody asked for, sorted; nothing asked means the current one.

    "2018-19" and "2018" name one season, "2018-2021" those that start in 2018 to 2021, "2018-" all from 2018 on.

    Raises:
        ValueError: a text is none of these, or lies after the current season.

    >>> years(["2018-2020"], 2025), years(["2023-"], 2025), years(["2018-19", "2018"], 2025), years([], 2025)
    ((2018, 2019, 2020), (2023, 2024, 2025), (2018,), (2025,))
    """
    wanted = {year for text in texts for year in _span(text.strip(), current)} or {current}
    if max(wanted) > current:
        raise ValueError(f"season {label(max(wanted))} has not begun; the current one is {label(current)}")
    return tuple(sorted(wanted))


def _span(text: str, current: int) -> range:
    found = _RANGE.fullmatch(text)
    if not found:
        year = start_year(text)
        return range(year, year + 1)
    first, last = int(found[1]), int(found[2] or current)
    if first > last:
        raise ValueError(f"{text!r} is no range of seasons: it starts after it ends")
    return range(first, last + 1)
