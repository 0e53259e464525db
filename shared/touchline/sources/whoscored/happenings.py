"""What happened in a match: goals, shots, cards and substitutions among its events.

Conventions, since sources count differently:

* The site files a goal under the team of the player who scored it; an own goal therefore counts for the other team.
* A second yellow card is one red card and no further yellow one: whoever is sent off by it has one of each. Cards that
  were taken back count as nothing, and neither do cards of people who are no players.
* An assist is the player whom a goal names as related, unless it was a penalty or an own goal.
* What happens in a shoot-out is no goal or assist of the match; among the shots it is marked by its period.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from touchline.sources.whoscored.cells import flag, items, mapping, number, whole, word

Event = dict[str, Any]
SHOOT_OUT: Final = "shoot_out"
EXTRA_TIME: Final = ("extra_first_half", "extra_second_half")
_PERIODS: Final = {
    "FirstHalf": "first_half",
    "SecondHalf": "second_half",
    "FirstPeriodOfExtraTime": EXTRA_TIME[0],
    "SecondPeriodOfExtraTime": EXTRA_TIME[1],
    "PenaltyShootout": SHOOT_OUT,
}
_BY_NUMBER: Final = dict(enumerate(_PERIODS.values(), start=1))
_SHOTS: Final = {"Goal": "goal", "SavedShot": "saved", "MissedShots": "missed", "ShotOnPost": "post"}
_CHANGES: Final = ("SubstitutionOn", "SubstitutionOff")
_WANTED: Final = frozenset({*_SHOTS, *_CHANGES, "Card"})
_CARDS: Final = {"Yellow": "yellow_cards", "SecondYellow": "red_cards", "Red": "red_cards"}


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at goal. Coordinates run from 0 to 100 towards the goal that is attacked."""

    shot: int | None
    side: str
    player: int | None
    minute: float | None
    second: float | None
    period: str
    result: str
    """goal, saved, missed, post or blocked."""
    x: float | None
    y: float | None
    goal_y: float | None
    goal_z: float | None
    penalty: bool
    own_goal: bool
    assisted_by: int | None


def qualified(event: Event) -> set[str]:
    """Names of what qualifies an event."""
    return {word(qualifier.get("type")) for qualifier in items(event.get("qualifiers"))}


def kind(event: Event) -> str:
    """What sort of event it is, as the site names it."""
    return word(event.get("type"))


def counted(happened: Iterable[Event]) -> list[Event]:
    """Those of which anything is counted here: shots, cards and substitutions, a few among very many."""
    return [event for event in happened if kind(event) in _WANTED]


def player_of(event: Event) -> int | None:
    """Who did it; 0 stands for nobody."""
    return whole(event.get("playerId")) or None


def period(event: Event) -> str:
    """Part of the match, in our words; as the site says where we have none."""
    said = mapping(event.get("period"))
    return _BY_NUMBER.get(whole(said.get("value")) or 0) or _PERIODS.get(word(said)) or word(said) or "unknown"


def shots(happened: Iterable[Event], sides: Mapping[int, str]) -> list[Shot]:
    """Every shot and own goal, those of a shoot-out too; goals that were not given are none."""
    return [shot for event in happened if (shot := _shot(event, sides)) is not None]


def _shot(event: Event, sides: Mapping[int, str]) -> Shot | None:
    result, side = _SHOTS.get(kind(event), ""), sides.get(whole(event.get("teamId")) or 0, "")
    if not result or not side:
        return None
    said = qualified(event)
    if result == "goal" and _not_given(event, said):
        return None
    own_goal = flag(event.get("isOwnGoal")) or "OwnGoal" in said
    penalty = "Penalty" in said
    credited = result == "goal" and not penalty and not own_goal
    return Shot(
        shot=whole(event.get("id")),
        side=side,
        player=player_of(event),
        minute=number(event.get("minute")),
        second=number(event.get("second")),
        period=period(event),
        result="blocked" if result == "saved" and "Blocked" in said else result,
        x=number(event.get("x")),
        y=number(event.get("y")),
        goal_y=number(event.get("goalMouthY")),
        goal_z=number(event.get("goalMouthZ")),
        penalty=penalty,
        own_goal=own_goal,
        assisted_by=(whole(event.get("relatedPlayerId")) or None) if credited else None,
    )


def _not_given(event: Event, said: set[str]) -> bool:
    denied = word(event.get("outcomeType")) == "Unsuccessful" and not flag(event.get("isGoal"))
    return "GoalDisallowed" in said or denied


def scored(attempts: Iterable[Shot], periods: Iterable[str]) -> tuple[int, int]:
    """Goals of both sides in some parts of a match."""
    wanted, score = set(periods), Counter[str]()
    for shot in attempts:
        if shot.result == "goal" and shot.period in wanted:
            score[_other(shot.side) if shot.own_goal else shot.side] += 1
    return score["home"], score["away"]


def _other(side: str) -> str:
    return "away" if side == "home" else "home"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card that stood; `column` says which of our statistics it counts in."""

    side: str
    player: int
    minute: float | None
    column: str


def cards(happened: Iterable[Event], sides: Mapping[int, str]) -> list[Card]:
    """Cards of players that were not taken back."""
    return [card for event in happened if kind(event) == "Card" and (card := _card(event, sides)) is not None]


def _card(event: Event, sides: Mapping[int, str]) -> Card | None:
    side, player, said = sides.get(whole(event.get("teamId")) or 0), player_of(event), qualified(event)
    named = [word(event.get("cardType")), *sorted(said)]
    column = next((_CARDS[name] for name in named if name in _CARDS), "")
    if not side or not player or not column or "VoidYellowCard" in said:
        return None
    return Card(side=side, player=player, minute=number(event.get("minute")), column=column)


def changes(happened: Iterable[Event]) -> tuple[dict[int, float], dict[int, float]]:
    """Minutes at which players came on (the first time), and went off (the last time)."""
    on: dict[int, float] = {}
    off: dict[int, float] = {}
    for event in happened:
        if (change := kind(event)) not in _CHANGES:
            continue
        player, minute = player_of(event), number(event.get("minute"))
        if player is not None and minute is not None:
            if change == "SubstitutionOn":
                on.setdefault(player, minute)
            else:
                off[player] = minute
    return on, off
