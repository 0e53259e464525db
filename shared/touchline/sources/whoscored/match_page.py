"""A match page: which match it is, and how much of it the site gives.

| state | sign |
|---|---|
| available | events up to the end |
| partial | over, with fewer than 1,000 events or none after minute 74: sums over it would be too low |
| empty | over, but the data are null or missing, which may change |
| not_available | only data of the older kind, without events: there is never more |
| expected | not over yet |
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from touchline.collecting import Completeness
from touchline.errors import DataError
from touchline.ports import Payload
from touchline.sources import captured
from touchline.sources.whoscored import javascript, names, shapes, totals
from touchline.sources.whoscored.cells import items, mapping, numbers, text, whole
from touchline.sources.whoscored.discovery import decoded
from touchline.sources.whoscored.fixtures import FINISHED
from touchline.sources.whoscored.moments import london

HEADER: Final = "require.config.params['matchheader']"
CENTRE: Final = "require.config.params['args'].matchCentreData"
"""What a browser evaluates in the page."""
ENOUGH_EVENTS: Final = 1000
"""Of 17,950 matches one in a hundred had fewer than 1,325."""
LATE_MINUTE: Final = 75
_SHOWN: Final = 10
_HEADER_MARK: Final = r"""require\.config\.params\[\s*["']matchheader["']\s*\]\s*=\s*"""
_ARGS_MARK: Final = r"""require\.config\.params\[\s*["']args["']\s*\]\s*=\s*"""
_CENTRE_MARK: Final = r"""\bmatchCentreData\s*=\s*"""
"""How pages were laid out until June 2024, and may be again."""
_SCORE: Final = re.compile(r"\s*(\d{1,2})\s*:\s*(\d{1,2})\s*")
_PLACES: Final = ("home_id", "away_id", "home", "away", "start", "date", "status", "elapsed")


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Which match a page is about."""

    match: int
    home_id: int | None
    away_id: int | None
    status: int | None
    kickoff: datetime | None


class MatchPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page, read."""

    header: Header
    state: Completeness
    data: Mapping[str, Any]
    """`matchCentreData`, empty where the page has none."""
    events: list[dict[str, Any]]
    """What happened, each event once."""
    last_minute: float | None
    """Minute of the last event, None without any."""
    notes: tuple[str, ...]


def read(payload: Payload) -> MatchPage:
    """Read a match page.

    Raises:
        ShapeChanged: it says neither which match it is nor where its data are, or these lack what they always have.
        DataError: it is about another match than its name says.
    """
    return _read(payload.source, payload.name, payload.body, payload.retrieved)


def forget() -> None:
    """Let go of the page that was read last: its hundred thousand values would be looked through for garbage."""
    _read.cache_clear()


@lru_cache(maxsize=1)  # a page is judged before it is kept, and taken when it was: the same bytes, twice in a row
def _read(source: str, name: str, body: bytes, retrieved: datetime) -> MatchPage:
    payload = Payload(source, name, body, retrieved)
    values = captured.values_of(payload.body)
    page = decoded(payload)
    header = _header(payload, values.get(HEADER), page)
    wanted = names.read(payload.name).id
    if header.match != wanted:
        raise DataError(f"a page about match {header.match}, not {wanted}", where=payload.name, hint="fetch it again")
    args = _args(payload, values, page)
    if (said := whole(args.get("matchId"))) not in (None, wanted):
        raise DataError(f"data of match {said}, not {wanted}", where=payload.name, hint="fetch it again")
    data = mapping(args.get("matchCentreData"))
    happened = events(data)
    last = last_minute(happened)
    state, note = _state(header, args, data, happened, last)
    if data and state != "expected":
        _check(payload, header, data, happened, state)
    notes = (*filter(None, [note]), *_new(data, happened))
    return MatchPage(header=header, state=state, data=data, events=happened, last_minute=last, notes=notes)


def events(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Events of `matchCentreData`, each once: numbers are their identity, however they are written."""
    found: dict[object, dict[str, Any]] = {}
    for at, event in enumerate(items(data.get("events"))):
        known = whole(event.get("id"))
        found.setdefault(known if known is not None else f"#{at}", event)
    return list(found.values())


def last_minute(happened: list[dict[str, Any]]) -> float | None:
    """Minute of the last event, None without any."""
    return max(numbers([event.get("minute") for event in happened]), default=None)


def goals(value: Any) -> tuple[int, int] | None:
    """A score such as "2 : 1", None where there is none.

    >>> goals("2 : 1"), goals("")
    ((2, 1), None)
    """
    found = _SCORE.fullmatch(value) if isinstance(value, str) else None
    return (int(found[1]), int(found[2])) if found else None


def _header(payload: Payload, value: Any, page: str) -> Header:
    if not isinstance(value, dict):
        at = javascript.after(page, _HEADER_MARK)
        if at is None:
            raise shapes.changed(payload, "no matchheader")
        value = mapping(javascript.literal(page, at))
    given = value.get("input")
    said = dict(zip(_PLACES, given if isinstance(given, list) else [], strict=False))
    match = whole(value.get("matchId"))
    if match is None or len(said) < len(_PLACES):
        raise shapes.changed(payload, "a matchheader without its match, or with fewer entries than eight", value=value)
    return Header(
        match=match,
        home_id=whole(said["home_id"]),
        away_id=whole(said["away_id"]),
        status=whole(said["status"]),
        kickoff=_start(said["start"]),
    )


def _start(value: Any) -> datetime | None:
    try:
        local = datetime.strptime(text(value), "%d/%m/%Y %H:%M:%S")
    except ValueError:
        return None
    return london(local.isoformat())


def _args(payload: Payload, values: Mapping[str, Any], page: str) -> dict[str, Any]:
    """What the page hands to its scripts: as the browser saw it, else as it stands there."""
    if isinstance(values.get(CENTRE), dict):
        return {"matchCentreData": values[CENTRE]}
    at = javascript.after(page, _ARGS_MARK)
    if at is not None:
        return javascript.members(page, at)
    at = javascript.after(page, _CENTRE_MARK)
    if at is not None:
        return {"matchCentreData": javascript.value(page, at)}
    raise shapes.changed(payload, "no data for the match centre")


def _state(
    header: Header,
    args: Mapping[str, Any],
    data: Mapping[str, Any],
    happened: list[dict[str, Any]],
    last: float | None,
) -> tuple[Completeness, str]:
    status = whole(data.get("statusCode")) if data else None
    over = FINISHED in (status, header.status)
    if not data:
        if args.get("initialMatchDataForScrappers") and "matchCentreData" not in args:
            return "not_available", "only data of the older kind, without events"
        return ("empty", "over, but without data") if over else ("expected", "")
    if not over:
        return "expected", ""
    if not happened:
        return "empty", "over, but without events"
    if len(happened) < ENOUGH_EVENTS or (last or 0) < LATE_MINUTE:
        return "partial", f"{len(happened)} events, the last in minute {last or 0:.0f}"
    return "available", ""


def _new(data: Mapping[str, Any], happened: list[dict[str, Any]]) -> list[str]:
    """Keys that pages did not have when this was written."""
    sides = [mapping(data.get(side)) for side in ("home", "away")]
    new = {
        "page": shapes.unknown([data], shapes.CENTRE, shapes.CENTRE_MORE),
        "sides": shapes.unknown(sides, shapes.SIDE, shapes.SIDE_MORE),
        "events": shapes.unknown(happened, shapes.EVENT, shapes.EVENT_MORE),
    }
    return [f"new keys of {part}: {', '.join(keys[:_SHOWN])}" for part, keys in new.items() if keys]


def _check(
    payload: Payload, header: Header, data: Mapping[str, Any], happened: list[dict[str, Any]], state: Completeness
) -> None:
    """Look for what no page of a match that is over is without."""
    sides = [mapping(data.get(side)) for side in ("home", "away")]
    missing = shapes.lacking([data], shapes.CENTRE)
    if state != "empty":
        missing += [f"{key} of a side" for key in shapes.lacking(sides, shapes.SIDE)]
        missing += [f"{key} of any event" for key in shapes.lacking(happened, shapes.EVENT)]
    if state == "available":
        stats = [found for side in sides if totals.given(found := mapping(side.get("stats")))]
        missing += [f"{key} among the statistics" for key in shapes.lacking(stats, shapes.STATS)]
    if missing:
        raise shapes.changed(payload, f"no {', no '.join(missing)}", value=dict(data))
    teams = [whole(side.get("teamId")) for side in sides]
    if any(
        None not in pair and pair[0] != pair[1] for pair in zip(teams, (header.home_id, header.away_id), strict=True)
    ):
        raise DataError(
            f"teams {teams[0]} and {teams[1]} in the data, {header.home_id} and {header.away_id} in the header",
            where=payload.name,
            hint="fetch it again",
        )
