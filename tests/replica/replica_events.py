"""Everything that happens in a match, as columns: about 1,500 events that agree with its score, cards and changes."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica_game import SHOOTOUT, SQUAD, STARTERS, Game, Goal

PASS, OFFSIDE_PASS, TAKE_ON, FOUL, CORNER, TACKLE, INTERCEPTION, SAVE, CLEARANCE = 1, 2, 3, 4, 6, 7, 8, 10, 12
MISSED, POST, SAVED, GOAL, CARD, OFF, ON, END, START, FORMATION = 13, 14, 15, 16, 17, 18, 19, 30, 32, 34
CHANGED, AERIAL, CHALLENGE, RECOVERY, DISPOSSESSED, PICKUP, PROVOKED, TOUCH, BLOCKED_PASS = (
    40, 44, 45, 49, 50, 52, 55, 61, 74,
)  # fmt: skip
NAMES: Final = {
    PASS: "Pass", OFFSIDE_PASS: "OffsidePass", TAKE_ON: "TakeOn", FOUL: "Foul", CORNER: "CornerAwarded",
    TACKLE: "Tackle", INTERCEPTION: "Interception", SAVE: "Save", CLEARANCE: "Clearance", MISSED: "MissedShots",
    POST: "ShotOnPost", SAVED: "SavedShot", GOAL: "Goal", CARD: "Card", OFF: "SubstitutionOff", ON: "SubstitutionOn",
    END: "End", START: "Start", FORMATION: "FormationSet", CHANGED: "FormationChange", AERIAL: "Aerial",
    CHALLENGE: "Challenge", RECOVERY: "BallRecovery", DISPOSSESSED: "Dispossessed", PICKUP: "KeeperPickup",
    PROVOKED: "OffsideProvoked", TOUCH: "BallTouch", BLOCKED_PASS: "BlockedPass",
}  # fmt: skip
"""Names of the types."""
SHOTS: Final = (MISSED, POST, SAVED, GOAL)
TOUCHES: Final = (
    PASS, OFFSIDE_PASS, TAKE_ON, TACKLE, INTERCEPTION, SAVE, CLEARANCE, *SHOTS, RECOVERY, DISPOSSESSED, PICKUP, TOUCH,
)  # fmt: skip
_USUAL: Final = {
    TACKLE: (18, 0.65), INTERCEPTION: (9, 1.0), CLEARANCE: (20, 1.0), TAKE_ON: (18, 0.5), DISPOSSESSED: (10, 1.0),
    RECOVERY: (45, 1.0), PICKUP: (6, 1.0), TOUCH: (38, 0.7), CHALLENGE: (8, 0.0), BLOCKED_PASS: (11, 1.0),
}  # fmt: skip
"""Type -> how many there are of a side in a match, and the share of those that succeed."""
PREMATCH, POSTGAME = 16, 14

Column = NDArray[np.int64]
Reals = NDArray[np.float64]


class Special(NamedTuple):
    """An event that is more than its columns; `goal` is the place of the goal that it belongs to."""

    moment: int
    side: int
    player: int
    kind: int
    outcome: int = 1
    goal: int = -1
    spot: tuple[float, float] = (0.0, 0.0)
    extra: dict[str, Any] = {}  # noqa: RUF012 - nobody writes into it


@dataclass(frozen=True, eq=False)
class Events:
    """Columns of one length, in order of time. Players are places in the squad, -1 is nobody; `extra` is by place."""

    moment: Column
    side: Column
    player: Column
    kind: Column
    outcome: Column
    goal: Column
    x: Reals
    y: Reals
    end_x: Reals
    end_y: Reals
    extra: dict[int, dict[str, Any]]

    def flagged(self, name: str) -> NDArray[np.bool_]:
        """Events whose extra has something."""
        marks = np.zeros(len(self.kind), bool)
        marks[[place for place, extra in self.extra.items() if extra.get(name)]] = True
        return marks

    @cached_property
    def masks(self) -> dict[str, NDArray[np.bool_]]:
        """Name of a statistic on the site -> events that count for it; a shoot-out counts for nothing."""
        return _masks(self)

    def until(self, moment: int, goals: int) -> NDArray[np.bool_]:
        """Events before a moment, but those of goals from place `goals` on."""
        return (self.moment < moment) & (self.goal < goals)


@lru_cache(maxsize=64)
def events_of(game: Game, target: int, seed: int) -> Events:
    """All events of a whole match, about `target` of them."""
    draw = np.random.default_rng([seed, game.fixture.number, 2])
    specials = [*_frame(game), *_cards(game), *_changes(game), *_goals(game, draw), *_other_shots(game, draw)]
    specials += _shootout(game)
    usual = _usual(game, draw, target, len(specials))
    columns = [np.concatenate([np.array([row[index] for row in specials]), usual[index]]) for index in range(6)]
    spots = np.concatenate([np.array([row.spot for row in specials]), draw.uniform(1, 99, (len(usual[0]), 2))])
    ends = np.clip(spots + draw.normal(0, 15, spots.shape), 0, 100)
    order = np.argsort(columns[0], kind="stable")
    extra = {place: specials[row].extra for place, row in enumerate(order.tolist()) if row < len(specials)}
    x, y, end_x, end_y = (np.round(values[order], 1) for values in (*spots.T, *ends.T))
    moment, side, player, kind, outcome, goal = (column[order] for column in columns)
    return Events(moment, side, player, kind, outcome, goal, x, y, end_x, end_y, extra)


_PAIRS: Final = (
    (FOUL, FOUL, 0.0, 11.0, False), (CORNER, CORNER, 1.0, 5.0, False), (AERIAL, AERIAL, 1.0, 16.0, True),
    (OFFSIDE_PASS, PROVOKED, 1.0, 1.8, False),
)  # fmt: skip
"""What the one side does, what it is for the other one, who succeeds, how often a match, whether `target` matters."""


def _usual(game: Game, draw: np.random.Generator, target: int, specials: int) -> list[Column]:
    """Columns of what happens all the time: passes, tackles, fouls; the rest up to `target` are passes."""
    scale = target / 1500
    groups: list[tuple[Column, int, int, float]] = []

    def moments(count: int) -> Column:
        return draw.integers(0, game.end - 1, count)

    for side in (0, 1):
        for kind, (often, share) in _USUAL.items():
            groups.append((moments(draw.poisson(often * scale)), side, kind, share))
        for kind, other, won, mean, scaled in _PAIRS:
            when = moments(draw.poisson(mean * scale if scaled else mean))
            groups += [(when, side, kind, won), (when, 1 - side, other, 1 - won if kind == other else 1.0)]
    passes = max(target - specials - sum(len(group[0]) for group in groups), 40)
    first = round(passes * draw.uniform(0.35, 0.65))
    groups += [(moments(first), 0, PASS, 0.83), (moments(passes - first), 1, PASS, 0.8)]
    counts = [len(group[0]) for group in groups]
    when = np.concatenate([group[0] for group in groups])
    sides, kinds = (np.repeat([group[index] for group in groups], counts) for index in (1, 2))
    outcome = (draw.random(len(when)) < np.repeat([group[3] for group in groups], counts)).astype(np.int64)
    players = _players(game, sides, draw.integers(0, STARTERS, len(when)), when)
    return [when, sides, np.where(kinds == PICKUP, 0, players), kinds, outcome, np.full(len(when), -1)]


def _players(game: Game, side: Column, slot: Column, moment: Column) -> Column:
    """Who has a place at a moment; the keeper stands in for who was sent off."""
    player = slot.copy()
    for change in game.changes:
        player[(side == change.side) & (slot == change.slot) & (moment >= change.moment)] = change.on
    for each in (0, 1):
        for gone, when in game.sent_off(each).items():
            player[(side == each) & (player == gone) & (moment > when)] = 0
    return player


def _frame(game: Game) -> list[Special]:
    """Formations, beginnings and ends; nobody does them."""
    rows = [Special(0, side, -1, FORMATION, extra={"period": PREMATCH}) for side in (0, 1)]
    for half in game.halves:
        rows += [Special(half.start, side, -1, START) for side in (0, 1)]
        rows += [Special(half.end - 1, side, -1, END) for side in (0, 1)]
    return rows + [Special(game.end - 1, side, -1, END, extra={"period": POSTGAME}) for side in (0, 1)]


def _cards(game: Game) -> list[Special]:
    numbers = {"Yellow": 31, "SecondYellow": 32, "Red": 33}
    return [
        Special(
            card.moment, card.side, card.player, CARD,
            extra={
                "cardType": {"value": numbers[card.kind], "displayName": card.kind},
                "qualifiers": [("VoidYellowCard", 171, None)] if card.void else [(card.kind, numbers[card.kind], None)],
            },
        )
        for card in game.cards
    ]  # fmt: skip


def _changes(game: Game) -> list[Special]:
    rows = []
    for change in game.changes:
        rows.append(Special(change.moment, change.side, change.off, OFF, extra={"related": change.on}))
        rows.append(Special(change.moment, change.side, change.on, ON, extra={"related": change.off}))
    return rows


def _goals(game: Game, draw: np.random.Generator) -> list[Special]:
    return [row for place, goal in enumerate(game.goals) for row in _goal(game, draw, goal, place)]


def _goal(game: Game, draw: np.random.Generator, goal: Goal, place: int) -> list[Special]:
    """A goal, after the pass that led to it."""
    own = goal.kind == "own"
    x, y = (88.5, 50.0) if goal.kind == "penalty" else (draw.uniform(1, 8) if own else draw.uniform(80, 98), 50.0)
    mouth = (float(draw.uniform(45.5, 54.5)), float(draw.uniform(1, 36)))
    extra = {"isGoal": True, "isOwnGoal": own, "isShot": not own, "mouth": mouth, "result": "goal"}
    marks = {"own": [("OwnGoal", 28, None)], "penalty": [("Penalty", 9, None)], "goal": []}[goal.kind]
    rows = []
    if goal.assist >= 0:
        helped = {
            "key": True,
            "qualifiers": [("KeyPass", 11113, None), ("IntentionalGoalAssist", 11111, None)],
        }
        moment = max(goal.moment - 2, game.half(goal.moment).start)
        rows.append(Special(moment, goal.side, goal.assist, PASS, 1, place, (75.0, 40.0), helped))
        extra["related"] = goal.assist
        marks = [*marks, ("Assisted", 29, None), ("IntentionalAssist", 154, None)]
    spot = (float(x), float(y + draw.uniform(-12, 12) * (goal.kind != "penalty")))
    return [*rows, Special(goal.moment, goal.side, goal.scorer, GOAL, 1, place, spot, {**extra, "qualifiers": marks})]


_RESULTS: Final = (("missed", MISSED), ("saved", SAVED), ("blocked", SAVED), ("post", POST))


def _other_shots(game: Game, draw: np.random.Generator) -> list[Special]:
    """Shots that are no goals; keepers save what is saved."""
    rows = []
    for side in (0, 1):
        count = int(draw.poisson(10.5 - 1.5 * side))
        moments = draw.integers(30, game.end - 5, count)
        slots, sides = draw.integers(1, STARTERS, count), np.full(count, side)
        players = _players(game, sides, slots, moments).tolist()
        helpers = _players(game, sides, slots % 10 + 1, moments).tolist()
        results = draw.choice(len(_RESULTS), count, p=(0.42, 0.3, 0.25, 0.03)).tolist()
        helped = (draw.random(count) < 0.6).tolist()
        for index, moment in enumerate(moments.tolist()):
            result, kind = _RESULTS[results[index]]
            rows.append(_shot(draw, (moment, side, players[index]), (result, kind)))
            if helpers[index] != players[index] and helped[index]:
                marked = {"key": True, "qualifiers": [("KeyPass", 11113, None)]}
                rows.append(Special(moment, side, helpers[index], PASS, 1, -1, (70.0, 55.0), marked))
            if result == "saved":
                rows.append(Special(moment, 1 - side, 0, SAVE))
    return rows


def _shot(draw: np.random.Generator, who: tuple[int, int, int], what: tuple[str, int]) -> Special:
    result, kind = what
    first, second, third, fourth = draw.random(4).tolist()
    wide = 38 + 6 * first if first < 0.5 else 55 + 6 * first
    across = {"missed": wide, "post": 45.2}.get(result, 45.5 + 9 * first)
    extra: dict[str, Any] = {"isShot": True, "result": result, "qualifiers": [("RightFoot", 20, None)]}
    if result == "blocked":
        extra |= {"blocked": (96.1, 48.7), "qualifiers": [("Blocked", 82, None), ("RightFoot", 20, None)]}
    else:
        extra["mouth"] = (across, 0.5 + 35 * second)
    spot = (70 + 27 * third, 25 + 50 * fourth)
    return Special(*who, kind, 1, -1, spot, extra)


def _shootout(game: Game) -> list[Special]:
    rows = []
    for side, player, scored in game.shootout:
        extra = {
            "period": SHOOTOUT, "shootout": True, "isShot": True, "isGoal": scored, "mouth": (48.0, 12.0),
            "result": "goal" if scored else "saved", "qualifiers": [("Penalty", 9, None)],
        }  # fmt: skip
        rows.append(Special(game.end - 1, side, player, GOAL if scored else SAVED, 1, -1, (88.5, 50.0), extra))
    return rows


def _masks(events: Events) -> dict[str, NDArray[np.bool_]]:
    kind, good = events.kind, events.outcome == 1
    blocked, own, key = events.flagged("blocked"), events.flagged("isOwnGoal"), events.flagged("key")
    play = ~events.flagged("shootout")
    of_kind = {each: kind == each for each in NAMES}

    def of(*kinds: int) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.logical_or.reduce([of_kind[each] for each in kinds])
        return found & play

    shot = of(*SHOTS) & ~own
    return {
        "shotsTotal": shot,
        "shotsOnTarget": shot & ((kind == GOAL) | ((kind == SAVED) & ~blocked)),
        "shotsOffTarget": shot & (kind == MISSED),
        "shotsOnPost": shot & (kind == POST),
        "shotsBlocked": shot & blocked,
        "clearances": of(CLEARANCE),
        "interceptions": of(INTERCEPTION),
        "possession": of(PASS, OFFSIDE_PASS, TAKE_ON, RECOVERY, TOUCH),
        "touches": of(*TOUCHES) & ~own,
        "passesTotal": of(PASS),
        "passesAccurate": of(PASS) & good,
        "passesKey": key,
        "aerialsTotal": of(AERIAL),
        "aerialsWon": of(AERIAL) & good,
        "cornersTotal": of(CORNER) & good,
        "offsidesCaught": of(OFFSIDE_PASS),
        "foulsCommited": of(FOUL) & ~good,
        "tacklesTotal": of(TACKLE),
        "tackleSuccessful": of(TACKLE) & good,
        "tackleUnsuccesful": of(TACKLE) & ~good,
        "dribbledPast": of(CHALLENGE),
        "dribblesWon": of(TAKE_ON) & good,
        "dribblesAttempted": of(TAKE_ON),
        "dribblesLost": of(TAKE_ON) & ~good,
        "dispossessed": of(DISPOSSESSED),
    }


def totals(events: Events, shown: NDArray[np.bool_]) -> dict[str, Column]:
    """Name of a statistic -> its sums among the shown events, by side and place in the squad: (2, SQUAD)."""
    where = events.side * SQUAD + events.player
    return {
        name: np.bincount(where[mask & shown], minlength=2 * SQUAD).reshape(2, SQUAD)
        for name, mask in events.masks.items()
    }
