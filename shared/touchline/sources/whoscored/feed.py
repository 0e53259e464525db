"""The feed of a month of one stage, and of a day: which matches there are, in checked form."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from touchline.domain import seasons as season_names
from touchline.domain.competitions import competition
from touchline.errors import DataError
from touchline.ports import Payload
from touchline.sources import captured
from touchline.sources.table import LONDON
from touchline.sources.whoscored import names, shapes
from touchline.sources.whoscored.cells import items, text, whole
from touchline.sources.whoscored.fixtures import Fixture, fixture_of

Known = Callable[[int | None, int], str]
"""(region if it is given, tournament) -> our code, empty if we have none."""


def envelope(payload: Payload) -> list[dict[str, Any]]:
    """The tournaments of a feed, each with its matches.

    Raises:
        DataError: it is no JSON.
        ShapeChanged: it has no tournaments, or what it has lacks what each has.
    """
    try:
        value = json.loads(captured.page_of(payload.body).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"no JSON: {error}", where=payload.name, hint="fetch it again") from error
    if not isinstance(value, dict) or not isinstance(value.get("tournaments"), list):
        raise shapes.changed(payload, "no list of tournaments", value=value)
    found = items(value["tournaments"])
    rows = [row for tournament in found for row in items(tournament.get("matches"))]
    missing = [f"no tournament has {key}" for key in shapes.lacking(found, shapes.TOURNAMENT)]
    missing += [f"no match has {key}" for key in shapes.lacking(rows, shapes.ROW)]
    if rows and not any(key in row for row in rows for key in ("homeScore", "awayScore")):
        missing.append("no match has a score, not even an empty one")
    if missing:
        raise shapes.changed(payload, *missing, value=value)
    return found


def month(payload: Payload, known: Known) -> list[Fixture]:
    """Matches of a month of one stage, each once; the later of two entries with one number counts.

    Raises:
        ShapeChanged: there is none of its competition, though the calendar of the stage marks the month.
        DataError: it is another competition or season than its name says.
    """
    named = names.read(payload.name)
    found: dict[object, Fixture] = {}
    for tournament in envelope(payload):
        if _code(tournament, known) != named.competition:
            continue
        _check_season(tournament, named, payload)
        for row in items(tournament["matches"]) if isinstance(tournament.get("matches"), list) else []:
            fixture = fixture_of(row, named.competition, named.season)
            found.pop(fixture.id, None)
            found[len(found) if fixture.id is None else fixture.id] = fixture
    if not found:
        raise shapes.changed(payload, "no match in a month that the calendar marks")
    return list(found.values())


def day(payload: Payload, known: Known) -> list[Fixture]:
    """Matches of a day in competitions that are known.

    Raises:
        ShapeChanged, DataError: as of `envelope`.
    """
    found: dict[object, Fixture] = {}
    for tournament in envelope(payload):
        code = _code(tournament, known)
        if not code:
            continue
        for row in items(tournament.get("matches")):
            fixture = fixture_of(row, code, "")
            season = _season(tournament, code, fixture.kickoff)
            found[len(found) if fixture.id is None else fixture.id] = msgspec.structs.replace(fixture, season=season)
    return list(found.values())


def _code(tournament: Mapping[str, Any], known: Known) -> str:
    return known(whole(tournament.get("regionId")), whole(tournament.get("tournamentId")) or 0)


def _check_season(tournament: Mapping[str, Any], named: names.Named, payload: Payload) -> None:
    said = _normalised(text(tournament.get("seasonName")))
    if said and said != named.season:
        raise DataError(
            f"holds matches of season {said}, not {named.season}",
            where=payload.name,
            hint="fetch the season's pages again",
        )


def _season(tournament: Mapping[str, Any], code: str, kickoff: datetime | None) -> str:
    said = _normalised(text(tournament.get("seasonName")))
    if said or kickoff is None:
        return said
    return season_names.season_of(kickoff.astimezone(LONDON).date(), competition(code).calendar_year)


def _normalised(label: str) -> str:
    try:
        return season_names.normalise(label)
    except ValueError:
        return ""
