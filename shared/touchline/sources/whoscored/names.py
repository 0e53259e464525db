"""Names of pages, and what they say: competition, season, stage, month, match or day."""

import re
from datetime import date
from typing import Final

import msgspec

from touchline.errors import DataError

NAME: Final = "whoscored"
_NAMES: Final = (
    ("home", re.compile(r"home\.html")),
    ("seasons", re.compile(r"(?P<competition>[^/]+)/seasons\.html")),
    ("season", re.compile(r"(?P<competition>[^/]+)/(?P<season>[^/]+)/season(?:-(?P<id>\d+))?\.html")),
    ("stage", re.compile(r"(?P<competition>[^/]+)/(?P<season>[^/]+)/stages/(?P<id>\d+)\.html")),
    ("month", re.compile(r"(?P<competition>[^/]+)/(?P<season>[^/]+)/months/(?P<id>\d+)-(?P<day>\d{6})\.json")),
    ("match", re.compile(r"(?P<competition>[^/]+)/(?P<season>[^/]+)/matches/(?P<id>\d+)\.html")),
    ("day", re.compile(r"days/(?P<day>\d{8})\.json")),
)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What a page's name says; empty where it does not."""

    endpoint: str
    competition: str = ""
    season: str = ""
    id: int = 0
    """Of the season, stage or match."""
    day: str = ""
    """YYYYMM of a month, YYYYMMDD of a day."""


def read(name: str) -> Named:
    """What a name says.

    Raises:
        DataError: it names no page of this source.

    >>> read("E0/2025-26/months/24533-202508.json").id, read("days/20250816.json").endpoint
    (24533, 'day')
    """
    for endpoint, pattern in _NAMES:
        if found := pattern.fullmatch(name):
            said = {key: value or "" for key, value in found.groupdict().items()}
            return Named(
                endpoint=endpoint,
                competition=said.get("competition", ""),
                season=said.get("season", ""),
                id=int(said.get("id") or 0),
                day=said.get("day", ""),
            )
    raise DataError(
        "no page of WhoScored has such a name", where=name, hint="take names as `touchline scrape` makes them"
    )


def month_span(day: str) -> tuple[date, date]:
    """First day of a month, and of the one after it.

    >>> month_span("202512")
    (datetime.date(2025, 12, 1), datetime.date(2026, 1, 1))
    """
    year, month = int(day[:4]), int(day[4:6])
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
