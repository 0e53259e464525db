"""Events of a match centre as the site writes them."""

from typing import Any, Final

import msgspec
import numpy as np

from replica_events import NAMES, PASS, TOUCHES
from replica_game import SHOOTOUT, Game
from replica_sheet import Sheet

PERIODS: Final = {
    1: "FirstHalf", 2: "SecondHalf", 3: "FirstPeriodOfExtraTime", 4: "SecondPeriodOfExtraTime",
    5: "PenaltyShootout", 14: "PostGame", 16: "PreMatch",
}  # fmt: skip


def _named(names: dict[int, str]) -> dict[int, msgspec.Raw]:
    return {
        number: msgspec.Raw(msgspec.json.encode({"value": number, "displayName": name}))
        for number, name in names.items()
    }


_TYPES: Final = _named(NAMES)
_PERIODS: Final = _named(PERIODS)
_OUTCOMES: Final = _named({0: "Unsuccessful", 1: "Successful"})
_TEXTS: Final = [
    {number: bytes(raw).decode() for number, raw in each.items()} for each in (_PERIODS, _TYPES, _OUTCOMES)
]
_TOUCHES: Final = frozenset(TOUCHES)
_AREAS: Final = ("Back", "Left", "Center", "Right")


def event_list(sheet: Sheet, places: list[int]) -> msgspec.Raw:
    """JSON of events as the site writes them, with the keys that say something; as text, for there are many."""
    events, game = sheet.events, sheet.game
    squads = [[f'"playerId":{player.number},' for player in squad] + [""] for squad in game.squads]
    clubs, first = [club.number for club in game.fixture.clubs], sheet.number(0)
    halves, types, outcomes = _TEXTS
    texts = [
        f'{{"id":{first + place}.0,"eventId":{number},"minute":{minute},'
        f'{"" if second < 0 else _SECONDS[second]}"teamId":{clubs[side]},{squads[side][player]}'
        f'"x":{_TENTHS[x]},"y":{_TENTHS[y]},"expandedMinute":{expanded},"period":{halves[period]},"type":{types[kind]},'
        f'"outcomeType":{outcomes[outcome]},'
        f"{_passed(x, y, end_x, end_y) if kind == PASS else _PLAIN[kind in _TOUCHES]}}}"
        for place, expanded, minute, second, period, number, side, player, kind, outcome, x, y, end_x, end_y in zip(
            places, *_columns(sheet, places), strict=True
        )
    ]
    for index, place in enumerate(places):
        if place in events.extra:
            texts[index] = _adorned(texts[index], events.extra[place], game, int(events.side[place]))
    return msgspec.Raw(f"[{','.join(texts)}]".encode())


def _columns(sheet: Sheet, places: list[int]) -> list[list[int]]:
    """Minute of playing time, minute, second (-1: unknown), period, number within the side, and what an event is."""
    events, halves = sheet.events, sheet.game.halves
    moment, side = events.moment[places], events.side[places]
    half = np.searchsorted([half.end for half in halves[:-1]], moment, "right")
    shifted = moment + np.array([half.first * 60 - half.start for half in halves])[half]
    known = np.array([sheet.second_known(place) for place in places], bool)
    ordinals = np.array([np.cumsum(events.side == each) for each in (0, 1)])
    columns = [
        moment // 60, shifted // 60, np.where(known, moment % 60, -1), np.array([half.period for half in halves])[half],
        ordinals[side, places], side, events.player[places], events.kind[places], events.outcome[places],
    ]  # fmt: skip
    spots = (events.x, events.y, events.end_x, events.end_y)
    columns += [np.rint(spot[places] * 10).astype(np.int64) for spot in spots]
    return [column.tolist() for column in columns]


_TENTHS: Final = tuple(f"{tenths / 10}" for tenths in range(2001))
_SECONDS: Final = tuple(f'"second":{second},' for second in range(60))
_PLAIN: Final = tuple(f'"qualifiers":[],"satisfiedEventsTypes":[],"isTouch":{touch}' for touch in ("false", "true"))


def _passed(x: int, y: int, end_x: int, end_y: int) -> str:
    """What a pass has; all in tenths."""
    to_x, to_y = _TENTHS[end_x], _TENTHS[end_y]
    return (
        f'"qualifiers":[{{"type":{{"value":56,"displayName":"Zone"}},"value":"{_AREAS[(x + y) % 4]}"}},'
        f'{{"type":{{"value":140,"displayName":"PassEndX"}},"value":"{to_x}"}},'
        f'{{"type":{{"value":141,"displayName":"PassEndY"}},"value":"{to_y}"}},'
        f'{{"type":{{"value":212,"displayName":"Length"}},"value":"{_TENTHS[abs(end_x - x) + abs(end_y - y)]}"}},'
        f'{{"type":{{"value":213,"displayName":"Angle"}},"value":"{_TENTHS[(end_y - y) % 63]}"}}],'
        f'"satisfiedEventsTypes":[91,117],"isTouch":true,"endX":{to_x},"endY":{to_y}'
    )


def _adorned(text: str, extra: dict[str, Any], game: Game, side: int) -> str:
    """An event that has more than others."""
    event = msgspec.json.decode(text)
    _adorn(event, extra, game, side)
    return msgspec.json.encode(event).decode()


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
