"""Line-ups, and what each player did."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from touchline.sources.whoscored import happenings, totals
from touchline.sources.whoscored.cells import flag, items, mapping, number, text, whole
from touchline.sources.whoscored.happenings import Card, Event, Shot

_COUNTED: Final = ("goals", "own_goals", "assists", "yellow_cards", "red_cards")


class Player(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on the team sheet."""

    id: int
    side: str
    name: str
    shirt_number: float | None
    position: str | None
    starter: bool
    captain: bool
    minute_on: float | None
    """None for those who never came on; 0 for those who began."""
    minute_off: float | None
    """None for those who were on at the end; for those sent off, the minute of the card."""
    stats: Mapping[str, Any]

    @property
    def played(self) -> bool:
        """Whether he was on the pitch."""
        return self.minute_on is not None


def squad(data: Mapping[str, Any], happened: list[Event], shown: list[Card]) -> list[Player]:
    """Everybody on the team sheets of a match, each once."""
    on, off = happenings.changes(happened)
    sent_off = {card.player: card.minute for card in shown if card.column == "red_cards" and card.minute is not None}
    minutes = _Minutes(on, sent_off | off, _minute_by_expanded(data))
    found: dict[int, Player] = {}
    for side in ("home", "away"):
        team = mapping(data.get(side))
        captain = whole(_first_formation(team).get("captainPlayerId"))
        for row in items(team.get("players")):
            player = whole(row.get("playerId"))
            if player is not None:
                found.setdefault(player, _player(row, player, side, captain, minutes))
    return list(found.values())


def _first_formation(team: Mapping[str, Any]) -> dict[str, Any]:
    return min(items(team.get("formations")), key=lambda one: number(one.get("startMinuteExpanded")) or 0.0, default={})


def formation(team: Mapping[str, Any]) -> str | None:
    """Formation at kick-off, such as "433"."""
    return text(_first_formation(team).get("formationName")) or None


class _Minutes(msgspec.Struct, frozen=True):
    """When players came and went: as the events say, else as the player's own entry does."""

    on: Mapping[int, float]
    off: Mapping[int, float]
    by_expanded: Mapping[tuple[int, int], int]
    """Period and minute counted on over added time -> minute as shown."""

    def entry(self, row: Mapping[str, Any], way: str) -> float | None:
        """Minute from the keys `subbed<way>Period` and `subbed<way>ExpandedMinute`."""
        period = whole(mapping(row.get(f"subbed{way}Period")).get("value"))
        expanded = whole(row.get(f"subbed{way}ExpandedMinute"))
        return self.by_expanded.get((period, expanded)) if period is not None and expanded is not None else None


def _minute_by_expanded(data: Mapping[str, Any]) -> dict[tuple[int, int], int]:
    return {
        (period, expanded): minute
        for key, minutes in mapping(data.get("expandedMinutes")).items()
        for shown, value in mapping(minutes).items()
        if (period := whole(key)) is not None
        and (minute := whole(shown)) is not None
        and (expanded := whole(value)) is not None
    }


def _player(row: Mapping[str, Any], player: int, side: str, captain: int | None, minutes: _Minutes) -> Player:
    starter = flag(row.get("isFirstEleven"))
    came_on = 0.0 if starter else minutes.on.get(player, minutes.entry(row, "In"))
    return Player(
        id=player,
        side=side,
        name=text(row.get("name")) or str(player),
        shirt_number=number(row.get("shirtNo")),
        position=text(row.get("position")) or None,
        starter=starter,
        captain=player == captain,
        minute_on=came_on,
        minute_off=None if came_on is None else minutes.off.get(player, minutes.entry(row, "Out")),
        stats=mapping(row.get("stats")),
    )


def line_up(player: Player) -> dict[str, Any]:
    """Row of the table `line_ups`."""
    return {"player": player.id} | {
        name: getattr(player, name)
        for name in ("side", "name", "shirt_number", "position", "starter", "captain", "minute_on", "minute_off")
    }


def statistics(squad: list[Player], attempts: list[Shot], shown: list[Card]) -> list[dict[str, Any]]:
    """Rows of the table `player_stats`: of those who played, and of others who were shown a card."""
    counted = {name: Counter[int | None]() for name in _COUNTED}
    for shot in attempts:
        if shot.result == "goal" and shot.period != happenings.SHOOT_OUT:
            counted["own_goals" if shot.own_goal else "goals"][shot.player] += 1
            counted["assists"][shot.assisted_by] += 1
    for card in shown:
        counted[card.column][card.player] += 1
    return [
        {
            "player": player.id,
            "side": player.side,
            "rating": totals.rating(player.stats),
            **totals.sums(player.stats, totals.PLAYER),
            **{name: float(counts[player.id]) for name, counts in counted.items()},
        }
        for player in squad
        if player.played or any(counts[player.id] for counts in counted.values())
    ]
