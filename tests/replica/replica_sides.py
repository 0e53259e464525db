"""The two sides of a match centre: statistics by minute, line-ups, formations."""

from collections import defaultdict
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np

from replica_event_list import event_list
from replica_events import CARD, GOAL, OFF, ON, Column
from replica_game import STARTERS
from replica_sheet import Sheet, manager
from replica_site import Standing

PERCENTS: Final = {
    "passSuccess": ("passesAccurate", "passesTotal"),
    "tackleSuccess": ("tackleSuccessful", "tacklesTotal"),
    "dribbleSuccess": ("dribblesWon", "dribblesAttempted"),
    "aerialSuccess": ("aerialsWon", "aerialsTotal"),
}
_ZONES: Final = (
    *(f"{how}{where}" for how in ("miss", "post", "onTarget") for where in ("Left", "Centre", "Right", "High")),
    "blocked", "ownGoal",
)  # fmt: skip

Minutes = dict[str, dict[str, float]]


Statistics = tuple[list[Minutes], dict[tuple[int, int], Minutes]]
_MINUTES: Final = tuple(map(str, range(256)))


def statistics(sheet: Sheet) -> Statistics:
    """Counts by minute, of the sides and of the players; what did not happen has no key."""
    events = sheet.events
    players = _by_minute(sheet, events.side * 32 + events.player)
    sides = _by_minute(sheet, events.side)
    for minutes in sides.values():
        for name, (part, whole) in PERCENTS.items():
            if part in minutes:
                good = minutes[part]
                pairs = minutes[whole].items()
                minutes[name] = {minute: round(100 * good.get(minute, 0.0) / number, 1) for minute, number in pairs}
    return [sides.get(0, {}), sides.get(1, {})], {divmod(who, 32): minutes for who, minutes in players.items()}


def _by_minute(sheet: Sheet, who: Column) -> dict[int, Minutes]:
    """Who -> statistic -> minute -> count."""
    names = tuple(sheet.events.masks)
    which, place = np.nonzero(np.array([mask & sheet.shown for mask in sheet.events.masks.values()]))
    keys = (which * 64 + who[place]) * 256 + sheet.events.moment[place] // 60
    found, counts = np.unique(keys, return_counts=True)
    heads = found // 256
    bounds = [0, *(np.flatnonzero(np.diff(heads)) + 1).tolist(), len(found)]
    minutes, numbers = [_MINUTES[minute] for minute in (found % 256).tolist()], counts.astype(float).tolist()
    made: dict[int, Minutes] = defaultdict(dict)
    for first, end in pairwise(bounds):
        if first < end:
            name, one = divmod(int(heads[first]), 64)
            made[one][names[name]] = dict(zip(minutes[first:end], numbers[first:end], strict=True))
    return made


def _ratings(first: int, last: int, final: float) -> dict[str, float]:
    """How a mark grew from 6; the last one counts."""
    steps = max(last - first, 1)
    grown: list[float] = np.round(np.linspace(6.0, final, steps + 1), 2).tolist()
    return dict(zip(_MINUTES[first : first + steps + 1], [*grown[:-1], final], strict=True))


def side_of(sheet: Sheet, side: int, standing: Standing, found: Statistics) -> dict[str, Any]:
    """`home` or `away`."""
    game, club = sheet.game, sheet.game.fixture.clubs[side]
    teams, players = found
    minutes = max((sheet.until - 1) // 60, 0)
    scores = {
        "halftime": game.half_time[side],
        "fulltime": game.full_time[side],
        "running": game.score(standing.until)[side],
    }
    if game.extra and standing.finished:
        scores["extratime"] = game.score()[side]
    if game.shootout and standing.finished:
        scores["penalty"] = game.penalties[side]
    ages = [player.age for player in game.squads[side][:STARTERS]]
    ratings = _ratings(0, minutes, sheet.team_rating(side))
    return {
        "teamId": club.number,
        "name": club.centre_name,
        "countryName": club.country,
        "managerName": manager(club.number),
        "averageAge": round(sum(ages) / len(ages), 1),
        "field": ("home", "away")[side],
        "scores": scores,
        "formations": _formations(sheet, side),
        "stats": {"minutesWithStats": list(range(minutes + 1)), "ratings": ratings, **teams[side]},
        "incidentEvents": _incident_events(sheet, side),
        "shotZones": _zones(sheet, side),
        "players": [_player(sheet, side, place, players) for place in range(len(game.squads[side]))],
    }


def _formations(sheet: Sheet, side: int) -> list[dict[str, Any]]:
    """What the side began with, and what it was after each change."""
    game = sheet.game
    number, name = game.formations[side]
    changes = [change for change in game.changes if change.side == side and change.moment < sheet.until]
    bounds = [0, *(change.moment // 60 for change in changes), max((sheet.until - 1) // 60, 0)]
    eleven = list(range(STARTERS))
    made: list[dict[str, Any]] = []
    for index in range(len(changes) + 1):
        changed = {}
        if index:
            change = changes[index - 1]
            eleven[change.slot] = change.on
            squad = game.squads[side]
            changed = {"subOnPlayerId": squad[change.on].number, "subOffPlayerId": squad[change.off].number}
        there = [game.squads[side][place] for place in eleven]
        made.append({
            "formationId": number,
            "formationName": name,
            "captainPlayerId": game.squads[side][game.captains[side]].number,
            "period": 16 if not index else 2,
            "startMinuteExpanded": bounds[index],
            "endMinuteExpanded": bounds[index + 1],
            "jerseyNumbers": [player.shirt for player in there],
            "formationSlots": list(range(1, STARTERS + 1)),
            "playerIds": [player.number for player in there],
            "formationPositions": [
                {"vertical": float(place // 3 * 2.5), "horizontal": float(place * 7 % 10)} for place in range(STARTERS)
            ],
            **changed,
        })  # fmt: skip
    return made


def _incident_events(sheet: Sheet, side: int) -> msgspec.Raw:
    events = sheet.events
    wanted = (GOAL, CARD, OFF, ON)
    mine = sheet.shown & (events.side == side) & np.isin(events.kind, wanted)
    places: list[int] = np.flatnonzero(mine).tolist()
    return event_list(sheet, places)


def _zones(sheet: Sheet, side: int) -> dict[str, Any]:
    """Fourteen zones with the shots that went there."""
    zones: dict[str, Any] = {zone: {"stats": {}} for zone in _ZONES}
    events = sheet.events
    for place, extra in sorted(events.extra.items()):
        if not sheet.shown[place] or events.side[place] != side or not extra.get("isShot"):
            continue
        across = extra.get("mouth", (50.0, 0.0))[0]
        where = "Left" if across < 47 else "Right" if across > 53 else "Centre"
        how = {"missed": "miss", "post": "post"}.get(extra["result"], "onTarget")
        zone = "blocked" if extra["result"] == "blocked" else f"{how}{where}"
        minute = str(int(events.moment[place]) // 60)
        counts = zones[zone]["stats"].setdefault(minute, {"goalCount": 0, "count": 0})
        counts["count"] += 1
        counts["goalCount"] += bool(extra.get("isGoal"))
    return zones


def _player(sheet: Sheet, side: int, place: int, players: dict[tuple[int, int], Minutes]) -> dict[str, Any]:
    """One of the squad: substitutes lack `isFirstEleven`, and who did not play has no statistics."""
    player, times = sheet.game.squads[side][place], sheet.times(side, place)
    made: dict[str, Any] = {
        "playerId": player.number,
        "shirtNo": player.shirt,
        "name": player.name,
        "position": player.position,
        "height": player.height,
        "weight": player.weight,
        "age": player.age,
        "isManOfTheMatch": (side, place) == (0, 0),
        "field": ("home", "away")[side],
        "stats": {},
    }
    if place < STARTERS:
        made["isFirstEleven"] = True
    if times:
        made["stats"] = {"ratings": _ratings(*times, sheet.rating(side, place)), **players.get((side, place), {})}
    return made | _changed(sheet, side, place)


def _changed(sheet: Sheet, side: int, place: int) -> dict[str, Any]:
    """How a player came and went."""
    made: dict[str, Any] = {}
    squad = sheet.game.squads[side]
    for change in sheet.game.changes:
        if change.side != side or change.moment >= sheet.until:
            continue
        period = {"value": 2, "displayName": "SecondHalf"}
        if change.off == place:
            made |= {"subbedInPlayerId": squad[change.on].number, "subbedOutPeriod": period}
            made["subbedOutExpandedMinute"] = change.moment // 60
        if change.on == place:
            made |= {"subbedOutPlayerId": squad[change.off].number, "subbedInPeriod": period}
            made["subbedInExpandedMinute"] = change.moment // 60
    return made
