"""What a page of each kind must have, and what it is known to have: so that a change of the site is seen, not suffered.

A key that must be there and is in none of a page's rows means that the site has changed; a row that lacks it among
others that have it is a bad row. New keys are told, no more.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from touchline.errors import ShapeChanged
from touchline.ports import Payload

Types = tuple[type, ...]
_DEPTH: Final = 4
_SHOWN: Final = 20

TOURNAMENT: Final[Mapping[str, Types]] = {"tournamentId": (int, float), "stageId": (int, float), "matches": (list,)}
TOURNAMENT_MORE: Final = ("tournamentName", "regionId", "regionCode", "regionName", "seasonId", "seasonName", "sex")
ROW: Final[Mapping[str, Types]] = {
    "id": (int, float),
    "status": (int, float),
    "startTime": (str,),
    "homeTeamName": (str,),
    "awayTeamName": (str,),
}
ROW_MORE: Final = (
    "stageId", "startTimeUtc", "homeTeamId", "awayTeamId", "homeTeamCountryCode", "awayTeamCountryCode",
    "homeTeamCountryName", "awayTeamCountryName", "homeScore", "awayScore", "homeExtratimeScore", "awayExtratimeScore",
    "homePenaltyScore", "awayPenaltyScore", "homeYellowCards", "homeRedCards", "awayYellowCards", "awayRedCards",
    "period", "elapsed", "lastScorer", "winnerField", "aggregateWinnerField", "extraResultField", "hasIncidentsSummary",
    "hasPreview", "isTopMatch", "isLineupConfirmed", "isStreamAvailable", "matchIsOpta", "scoreChangedAt",
    "startedAtUtc", "firstHalfEndedAtUtc", "secondHalfStartedAtUtc", "commentCount", "incidents", "bets",
)  # fmt: skip
CENTRE: Final[Mapping[str, Types]] = {
    "home": (dict,),
    "away": (dict,),
    "events": (list,),
    "statusCode": (int, float),
}
CENTRE_MORE: Final = (
    "playerIdNameDictionary", "periodMinuteLimits", "timeStamp", "attendance", "venueName", "referee", "weatherCode",
    "elapsed", "startTime", "startDate", "score", "htScore", "ftScore", "etScore", "pkScore", "periodCode", "maxMinute",
    "minuteExpanded", "maxPeriod", "expandedMinutes", "expandedMaxMinute", "periodEndMinutes", "commonEvents",
    "timeoutInSeconds",
)  # fmt: skip
SIDE: Final[Mapping[str, Types]] = {"teamId": (int, float), "name": (str,), "stats": (dict,), "players": (list,)}
SIDE_MORE: Final = (
    "countryName", "managerName", "averageAge", "field", "scores", "formations", "incidentEvents", "shotZones",
)  # fmt: skip
STATS: Final[Mapping[str, Types]] = {"passesTotal": (dict,), "shotsTotal": (dict,), "foulsCommited": (dict,)}
"""Names of statistics that no match of 90 minutes is without, so that one that was renamed is not taken for 0."""
EVENT: Final[Mapping[str, Types]] = {
    "id": (int, float),
    "minute": (int, float),
    "teamId": (int, float),
    "type": (dict,),
    "period": (dict,),
}
EVENT_MORE: Final = (
    "eventId", "second", "expandedMinute", "playerId", "x", "y", "endX", "endY", "outcomeType", "qualifiers",
    "satisfiedEventsTypes", "isTouch", "isShot", "isGoal", "isOwnGoal", "cardType", "relatedEventId", "relatedPlayerId",
    "blockedX", "blockedY", "goalMouthY", "goalMouthZ",
)  # fmt: skip


def changed(payload: Payload, *missing: str, value: Any = ...) -> ShapeChanged:
    """The error to raise: what is missing on a page, and the fingerprint of what is there."""
    found = fingerprint(value) if value is not ... else ""
    known = (f"fingerprint {found}", f"found: {', '.join(paths(value)[:_SHOWN])}") if found else ()
    return ShapeChanged(
        f"not shaped like a page of its kind: {'; '.join(missing)}",
        where=payload.name,
        details=known,
        hint="the page is kept: look at it, and at whether the site has changed",
    )


def lacking(rows: Iterable[Mapping[str, Any]], required: Mapping[str, Types]) -> list[str]:
    """Required keys that none of the rows has with a value of the right type; nothing is said where there are no rows.

    >>> lacking([{"id": 1}, {"status": "6"}], {"id": (int,), "status": (int,), "elapsed": (str,)})
    ['elapsed', 'status']
    """
    rows = list(rows)
    if not rows:
        return []
    return sorted(key for key, kinds in required.items() if not any(isinstance(row.get(key), kinds) for row in rows))


def unknown(rows: Iterable[Mapping[str, Any]], *known: Iterable[str]) -> list[str]:
    """Keys of rows that are not known.

    >>> unknown([{"id": 1, "xg": 0.3}], {"id": int})
    ['xg']
    """
    listed = {key for keys in known for key in keys}
    return sorted({key for row in rows for key in row} - listed)


def fingerprint(value: Any) -> str:
    """Twelve digits that stay the same as long as keys and kinds of values do, whatever their order and number.

    >>> fingerprint({"a": 1, "b": [{"c": ""}]}) == fingerprint({"b": [{"c": "x"}, {"c": "y"}], "a": 2.5})
    True
    """
    return hashlib.sha256("\n".join(paths(value)).encode("utf-8", "replace")).hexdigest()[:12]


def paths(value: Any) -> list[str]:
    """Every path to a value with its kind, such as `events[].second:number`; keys that are numbers count as one."""
    return sorted(set(_paths(value, "", 0)))


def _paths(value: Any, at: str, depth: int) -> Iterable[str]:
    if isinstance(value, dict) and depth < _DEPTH:
        for key, member in value.items():
            name = "#" if key.lstrip("-").isdigit() else key
            yield from _paths(member, f"{at}.{name}" if at else name, depth + 1)
    elif isinstance(value, list) and depth < _DEPTH:
        for member in value:
            yield from _paths(member, f"{at}[]", depth)
    else:
        yield f"{at}:{_kind(value)}"


def _kind(value: Any) -> str:
    kinds = {bool: "flag", int: "number", float: "number", str: "text", list: "list", dict: "object"}
    return kinds.get(type(value), "nothing")
