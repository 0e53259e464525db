"""Events of a match centre as the site writes them."""

from typing import Any, Final

from replica_events import NAMES, PASS, TOUCHES
from replica_game import SHOOTOUT, Game
from replica_sheet import Sheet

PERIODS: Final = {
    1: "FirstHalf", 2: "SecondHalf", 3: "FirstPeriodOfExtraTime", 4: "SecondPeriodOfExtraTime",
    5: "PenaltyShootout", 14: "PostGame", 16: "PreMatch",
}  # fmt: skip
_TYPES: Final = {number: {"value": number, "displayName": name} for number, name in NAMES.items()}
_OUTCOMES: Final = (
    {"value": 0, "displayName": "Unsuccessful"},
    {"value": 1, "displayName": "Successful"},
)
_PERIODS: Final = {number: {"value": number, "displayName": name} for number, name in PERIODS.items()}


def event_list(sheet: Sheet, places: list[int]) -> list[dict[str, Any]]:
    """Events as the site writes them; keys that say nothing are left out."""
    events, game = sheet.events, sheet.game
    columns = [
        values[places].tolist() for values in (events.moment, events.side, events.player, events.kind, events.outcome)
    ]
    spots = [values[places].tolist() for values in (events.x, events.y, events.end_x, events.end_y)]
    counted = [0, 0]
    made = []
    for place, moment, side, player, kind, outcome, x, y, end_x, end_y in zip(places, *columns, *spots, strict=True):
        counted[side] += 1
        half = game.half(moment)
        event: dict[str, Any] = {
            "id": float(sheet.number(place)),
            "eventId": counted[side],
            "minute": half.minute(moment),
            "second": moment % 60,
            "teamId": game.fixture.clubs[side].number,
            "x": x,
            "y": y,
            "expandedMinute": moment // 60,
            "period": _PERIODS[half.period],
            "type": _TYPES[kind],
            "outcomeType": _OUTCOMES[outcome],
            "qualifiers": _pass_qualifiers(x, y, end_x, end_y) if kind == PASS else [],
            "satisfiedEventsTypes": [kind % 90, 91] if kind == PASS else [],
            "isTouch": kind in _TOUCHES,
        }
        if not sheet.second_known(place):
            del event["second"]
        if player >= 0:
            event["playerId"] = game.squads[side][player].number
        if kind == PASS:
            event["endX"], event["endY"] = end_x, end_y
        if place in events.extra:
            _adorn(event, events.extra[place], game, side)
        made.append(event)
    return made


_TOUCHES: Final = frozenset(TOUCHES)
_AREAS: Final = ("Back", "Left", "Center", "Right")


def _pass_qualifiers(x: float, y: float, end_x: float, end_y: float) -> list[dict[str, Any]]:
    return [
        {"type": {"value": 56, "displayName": "Zone"}, "value": _AREAS[int(x + y) % 4]},
        {"type": {"value": 140, "displayName": "PassEndX"}, "value": f"{end_x}"},
        {"type": {"value": 141, "displayName": "PassEndY"}, "value": f"{end_y}"},
        {"type": {"value": 212, "displayName": "Length"}, "value": f"{abs(end_x - x) + abs(end_y - y):.1f}"},
        {"type": {"value": 213, "displayName": "Angle"}, "value": f"{(end_y - y) / 16:.2f}"},
    ]


def _adorn(event: dict[str, Any], extra: dict[str, Any], game: Game, side: int) -> None:
    """What only some events have."""
    if "period" in extra:
        event["period"] = _PERIODS[extra["period"]]
        if extra["period"] == SHOOTOUT:
            event["minute"] = 120
    for name in ("isShot", "isGoal", "isOwnGoal", "cardType"):
        if extra.get(name):
            event[name] = extra[name]
    if "related" in extra:
        event["relatedPlayerId"] = game.squads[side][extra["related"]].number
    if "mouth" in extra:
        event["goalMouthY"], event["goalMouthZ"] = (round(value, 1) for value in extra["mouth"])
    if "blocked" in extra:
        event["blockedX"], event["blockedY"] = extra["blocked"]
    event["qualifiers"] = event["qualifiers"] + [
        {"type": {"value": number, "displayName": name}, **({} if value is None else {"value": value})}
        for name, number, value in extra.get("qualifiers", ())
    ]
