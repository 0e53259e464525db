"""The two sides of a match centre: statistics by minute, line-ups, formations."""

from collections import defaultdict
from typing import Any, Final

import numpy as np

from replica_event_list import event_list
from replica_events import CARD, GOAL, OFF, ON, masks
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


def statistics(sheet: Sheet) -> tuple[list[Minutes], dict[tuple[int, int], Minutes]]:
    """Counts by minute, of the sides and of the players; what did not happen has no key."""
    teams: list[Minutes] = [{}, {}]
    players: dict[tuple[int, int], Minutes] = defaultdict(dict)
    where = (sheet.events.side * 32 + sheet.events.player) * 256 + sheet.events.moment // 60
    for name, mask in masks(sheet.events).items():
        found, counts = np.unique(where[mask & sheet.shown], return_counts=True)
        for key, count in zip(found.tolist(), counts.tolist(), strict=True):
            who, minute = divmod(key, 256)
            side, place = divmod(who, 32)
            text = str(minute)
            players[side, place].setdefault(name, {})[text] = float(count)
            team = teams[side].setdefault(name, {})
            team[text] = team.get(text, 0.0) + count
    for minutes in (*teams, *players.values()):
        for name, (part, whole) in PERCENTS.items():
            if part in minutes:
                minutes[name] = {
                    minute: round(100 * minutes[part].get(minute, 0.0) / number, 1)
                    for minute, number in minutes[whole].items()
                }
    return teams, players


def _ratings(first: int, last: int, final: float) -> dict[str, float]:
    """How a mark grew from 6; the last one counts."""
    steps = max(last - first, 1)
    grown = {str(first + step): round(6.0 + (final - 6.0) * step / steps, 2) for step in range(steps)}
    return {**grown, str(first + steps): final}


Statistics = tuple[list[Minutes], dict[tuple[int, int], Minutes]]


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


def _incident_events(sheet: Sheet, side: int) -> list[dict[str, Any]]:
    events = sheet.events
    wanted = (GOAL, CARD, OFF, ON)
    places = [place for place in sheet.places if events.side[place] == side and int(events.kind[place]) in wanted]
    return event_list(sheet, places)


def _zones(sheet: Sheet, side: int) -> dict[str, Any]:
    """Fourteen zones with the shots that went there."""
    zones: dict[str, Any] = {zone: {"stats": {}} for zone in _ZONES}
    events = sheet.events
    for place in sheet.places:
        extra = events.extra.get(place, {})
        if events.side[place] != side or not extra.get("isShot"):
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
