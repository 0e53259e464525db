"""Finding the way: tournaments, their seasons, the stages of a season, and the days on which a stage is played."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from touchline.domain import seasons as season_names
from touchline.errors import DataError, ShapeChanged
from touchline.ports import Payload
from touchline.sources import captured
from touchline.sources.whoscored import javascript
from touchline.sources.whoscored.cells import items, mapping, text, whole
from touchline.sources.whoscored.elements import Elements
from touchline.sources.whoscored.shapes import changed

REGIONS: Final = "allRegions"
CALENDAR: Final = "wsCalendar.mask"
"""What a browser evaluates in the home page and in the page of a stage."""
_SEASON: Final = re.compile(r"/regions/\d+/tournaments/\d+/seasons/(\d+)", re.IGNORECASE)
_STAGE: Final = re.compile(r"/seasons/(\d+)/stages/(\d+)", re.IGNORECASE)


class Season(msgspec.Struct, frozen=True):
    """A season that the site lists: its name as we write it (as seen where it fits none of ours), number, and path."""

    label: str
    id: int
    path: str


class Stage(msgspec.Struct, frozen=True):
    """A stage of a season; `name` is empty for the only one."""

    id: int
    name: str
    path: str


def decoded(payload: Payload) -> str:
    """Text of a page, without what the browser evaluated in it."""
    return captured.page_of(payload.body).decode("utf-8", "replace")


def tournaments(payload: Payload) -> dict[tuple[int, int], str]:
    """Region and tournament -> "England: Premier League", of all that the site has.

    Raises:
        ShapeChanged: the page has no list of them, or an empty one.
    """
    found = {
        (region, tournament): f"{text(listed.get('name'))}: {text(one.get('name'))}"
        for listed in items(_regions(payload))
        for one in items(listed.get("tournaments"))
        if (region := whole(listed.get("id"))) is not None and (tournament := whole(one.get("id"))) is not None
    }
    if not found:
        raise changed(payload, f"no tournament in {REGIONS}")
    return found


def _regions(payload: Payload) -> Any:
    values = captured.values_of(payload.body)
    if values.get(REGIONS):
        return values[REGIONS]
    page = decoded(payload)
    at = javascript.after(page, rf"\b{REGIONS}\s*=\s*")
    if at is None:
        raise changed(payload, f"no {REGIONS}")
    return javascript.literal(page, at)


def seasons(payload: Payload) -> list[Season]:
    """Seasons of a tournament in the order of its page, the newest first as a rule.

    Raises:
        ShapeChanged: the page lists none.
    """
    found: dict[int, Season] = {}
    for value, label in Elements.of(decoded(payload)).options("seasons"):
        path = urlsplit(value).path
        if match := _SEASON.match(path):  # from its root, so that nothing but this site can be meant
            found.setdefault(int(match[1]), Season(_label(label), int(match[1]), path))
    if not found:
        raise changed(payload, "no seasons to choose from")
    return list(found.values())


def _label(shown: str) -> str:
    """A season as we write it, or as the site does where it is none of ours ("2019/2021").

    >>> _label("2025/2026"), _label("2026"), _label("2021 Apertura")
    ('2025-26', '2026', '2021 Apertura')
    """
    try:
        return season_names.normalise(shown)
    except ValueError:
        return shown


def stages(payload: Payload) -> list[Stage]:
    """Stages of a season: those to choose from, and the one that its fixtures lead to, which most seasons have alone.

    Seasons without such a link (they exist) are known by any other link to a stage of theirs.

    Raises:
        ShapeChanged: nothing leads to a stage.
    """
    elements = Elements.of(decoded(payload))
    chosen = _stages(elements.options("stages"))
    if chosen:
        return chosen
    linked = _stages([(href, "") for href, shown in elements.links if shown.lower() == "fixtures"])
    if linked:
        return linked[:1]
    season = _SEASON.search(payload.url)
    others = _stages([(href, "") for href, _ in elements.links], season[1] if season else "")
    if not others:
        raise changed(payload, "no link to the fixtures, and to no stage at all")
    return others


def _stages(links: list[tuple[str, str]], season: str = "") -> list[Stage]:
    found: dict[int, Stage] = {}
    for href, name in links:
        if (match := _STAGE.search(href)) and season in ("", match[1]):
            found.setdefault(int(match[2]), Stage(int(match[2]), name, urlsplit(href).path))
    return list(found.values())


def calendar(payload: Payload) -> dict[str, tuple[int, ...]]:
    """Month (YYYYMM) -> days of it on which the stage is played. The site counts its months from zero.

    Raises:
        ShapeChanged: the page has no calendar, or one that no calendar can be.
    """
    months: dict[str, tuple[int, ...]] = {}
    for year, by_month in _whole_keys(_mask(payload)):
        for month, by_day in _whole_keys(by_month):
            days = tuple(sorted(day for day, played in _whole_keys(by_day) if played))
            if not (1900 <= year <= 2200 and 0 <= month <= 11 and all(1 <= day <= 31 for day in days)):
                raise changed(payload, f"month {month} of {year} in a calendar that counts months from zero")
            if days:
                months[f"{year}{month + 1:02d}"] = days
    return dict(sorted(months.items()))


def _whole_keys(value: Any) -> list[tuple[int, Any]]:
    return [(number, member) for key, member in mapping(value).items() if (number := whole(key)) is not None]


def _mask(payload: Payload) -> Mapping[str, Any]:
    values = captured.values_of(payload.body)
    if isinstance(values.get(CALENDAR), dict):
        return mapping(values[CALENDAR])
    page = decoded(payload)
    start = javascript.after(page, r"\bwsCalendar\s*=\s*\{")
    at = javascript.after(page[start:], r"""\bmask["']?\s*:\s*""") if start is not None else None
    if start is None or at is None:
        raise changed(payload, "no wsCalendar with a mask")
    try:
        return mapping(javascript.literal(page, start + at))
    except DataError as error:
        raise ShapeChanged(f"a calendar that cannot be read: {error.what}", where=payload.name) from error
