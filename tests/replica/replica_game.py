"""The bones of one match: who plays, who scores, who is booked and replaced, and when; the rest hangs on them.

Moments are seconds of playing time, added time included, so that all halves follow each other without a gap: the site's
`expandedMinute` is a sixtieth of them.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import numpy as np

from replica_league import Club, Fixture
from replica_names import FAMILY, GIVEN

SQUAD: Final = 23
STARTERS: Final = 11
POSITIONS: Final = ("GK", "DR", "DC", "DC", "DL", "MC", "MC", "DMC", "AMR", "FW", "AML")
FORMATIONS: Final = ((4, "433"), (2, "442"), (8, "4231"), (13, "343"))
"""Number and name."""
SHOOTOUT: Final = 5
"""Period of the penalties that decide a match."""
_BREAK: Final = {2: 15 * 60, 3: 5 * 60, 4: 60}
"""Seconds of rest before a period."""


class Player(NamedTuple):
    """One of a club's squad; numbered for the whole site."""

    number: int
    name: str
    shirt: int
    position: str
    height: int
    weight: int
    age: int


class Half(NamedTuple):
    """A period: from `first` to `last` on the clock (minutes), from the second `start` of all playing time."""

    period: int
    first: int
    last: int
    start: int

    @property
    def end(self) -> int:
        """Second of playing time at which it is over."""
        return self.start + (self.last - self.first + 1) * 60

    def minute(self, moment: int) -> int:
        """Minute on the clock."""
        return self.first + (moment - self.start) // 60


class Goal(NamedTuple):
    """`side` is the scorer's; an own goal counts for the other one. Players are places in the squads; -1 is nobody."""

    moment: int
    side: int
    scorer: int
    assist: int
    kind: Literal["goal", "penalty", "own"]

    @property
    def counts_for(self) -> int:
        """Side that has the goal."""
        return 1 - self.side if self.kind == "own" else self.side


class Card(NamedTuple):
    """A card; one that was taken back is void."""

    moment: int
    side: int
    player: int
    kind: Literal["Yellow", "SecondYellow", "Red"]
    void: bool = False


class Change(NamedTuple):
    """A substitution; `slot` is the place among the eleven."""

    moment: int
    side: int
    slot: int
    off: int
    on: int


@dataclass(frozen=True)
class Game:
    """A match as it goes, to its end."""

    fixture: Fixture
    squads: tuple[tuple[Player, ...], tuple[Player, ...]]
    halves: tuple[Half, ...]
    goals: tuple[Goal, ...]
    cards: tuple[Card, ...]
    changes: tuple[Change, ...]
    shootout: tuple[tuple[int, int, bool], ...]
    """Side, player, scored."""
    formations: tuple[tuple[int, str], ...]
    captains: tuple[int, int]
    attendance: int
    referee: tuple[str, str]
    extra: bool = False

    @property
    def end(self) -> int:
        """Seconds of playing time."""
        return self.halves[-1].end

    def half(self, moment: int) -> Half:
        """The period of a moment."""
        return next((half for half in self.halves if moment < half.end), self.halves[-1])

    def score(self, until: int | None = None, since: int = 0) -> tuple[int, int]:
        """Goals up to a moment (all of them), shoot-outs aside."""
        sides = [
            goal.counts_for for goal in self.goals if goal.moment >= since and (until is None or goal.moment < until)
        ]
        return sides.count(0), sides.count(1)

    @property
    def half_time(self) -> tuple[int, int]:
        """Score after the first period."""
        return self.score(self.halves[0].end)

    @property
    def full_time(self) -> tuple[int, int]:
        """Score after the second period."""
        return self.score(self.halves[1].end)

    @property
    def extra_time(self) -> tuple[int, int] | None:
        """Goals of extra time, None where there was none."""
        return self.score(since=self.halves[1].end) if self.extra else None

    @property
    def penalties(self) -> tuple[int, int]:
        """Score of the shoot-out."""
        sides = [side for side, _, scored in self.shootout if scored]
        return sides.count(0), sides.count(1)

    def played(self, seconds: float) -> int | None:
        """Playing time at so many seconds after the kick-off; None while there is a break, the end if it is over."""
        passed = seconds
        for half in self.halves:
            passed -= _BREAK.get(half.period, 0)
            if passed < half.start:
                return None
            if passed < half.end:
                return int(passed)
        return self.end

    @property
    def seconds(self) -> int:
        """From kick-off to the end, breaks included; a shoot-out takes ten minutes."""
        return self.end + sum(_BREAK.get(half.period, 0) for half in self.halves) + 600 * bool(self.shootout)

    def on_pitch(self, side: int, slot: int, moment: int) -> int:
        """Who holds a place among the eleven at a moment: a player's place in the squad."""
        holder = slot
        for change in self.changes:
            if change.side == side and change.slot == slot and change.moment <= moment:
                holder = change.on
        return holder

    def sent_off(self, side: int) -> dict[int, int]:
        """Player -> moment at which he had to go."""
        return {card.player: card.moment for card in self.cards if card.side == side and card.kind != "Yellow"}

    def without_last_goal(self) -> "Game":
        """The match as it was first reported."""
        return replace(self, goals=self.goals[:-1])


@lru_cache(maxsize=64)
def club_squad(club: Club) -> tuple[Player, ...]:
    """All players of a club."""
    draw = np.random.default_rng([71, club.number])
    first = 70001 + (club.number - 901) * 40
    names = draw.permutation(len(GIVEN) * len(FAMILY))[:SQUAD]
    return tuple(
        Player(
            first + index,
            f"{GIVEN[name % len(GIVEN)]} {FAMILY[name // len(GIVEN)]}",
            index + 1 if index < STARTERS else index + 3,
            POSITIONS[index]
            if index < STARTERS
            else "GK"
            if index == STARTERS
            else POSITIONS[1 + index % (STARTERS - 1)],
            int(draw.integers(168, 199)),
            int(draw.integers(62, 95)),
            int(draw.integers(17, 38)),
        )
        for index, name in enumerate(names.tolist())
    )


def _squad(club: Club, draw: np.random.Generator) -> tuple[Player, ...]:
    """The squad of a match: the eleven first, keeper at its head, then the bench."""
    known = club_squad(club)
    field = [known[index] for index in (*range(1, STARTERS), *range(STARTERS + 1, SQUAD))]
    mixed = [field[index] for index in draw.permutation(len(field)).tolist()]
    starting = [known[0], *mixed[: STARTERS - 1]]
    placed = [player._replace(position=POSITIONS[index]) for index, player in enumerate(starting)]
    bench = [known[STARTERS], *mixed[STARTERS - 1 :]]
    return tuple(placed + [player._replace(position="Sub") for player in bench])


def play(fixture: Fixture, seed: int) -> Game:
    """Play a match: the same one for the same seed."""
    draw = np.random.default_rng([seed, fixture.number])
    squads = (_squad(fixture.home, draw), _squad(fixture.away, draw))
    long = fixture.trait in ("extra_time", "shootout")
    halves = _halves(draw, long)
    bare = Game(
        fixture, squads, halves, (), (), _changes(draw), (),
        tuple(FORMATIONS[index] for index in draw.integers(0, len(FORMATIONS), 2).tolist()),
        (int(draw.integers(0, 5)), int(draw.integers(0, 5))), int(draw.integers(4_000, 60_000)),
        (GIVEN[int(draw.integers(len(GIVEN)))], FAMILY[int(draw.integers(len(FAMILY)))]), long,
    )  # fmt: skip
    booked = replace(bare, cards=_cards(bare, draw))
    scored = replace(booked, goals=tuple(sorted(_goals(booked, draw))))
    return replace(scored, shootout=_shootout(scored, draw)) if fixture.trait == "shootout" else scored


def _halves(draw: np.random.Generator, long: bool) -> tuple[Half, ...]:
    made: list[Half] = []
    for period, first in enumerate((0, 45, 90, 105)[: 4 if long else 2], 1):
        last = (45, 90, 105, 120)[period - 1] + int(draw.integers(1, 3 if period > 2 else 6))
        made.append(Half(period, first, last, made[-1].end if made else 0))
    return tuple(made)


def _changes(draw: np.random.Generator) -> tuple[Change, ...]:
    """Up to five substitutions a side, all in the second half, each of another place; keepers stay."""
    made = []
    for side in (0, 1):
        count = int(draw.integers(2, 6))
        slots = (draw.permutation(STARTERS - 1)[:count] + 1).tolist()
        moments = np.sort(draw.integers(54 * 60, 88 * 60, count)).tolist()
        made += [
            Change(moment, side, slot, slot, STARTERS + 1 + index)
            for index, (slot, moment) in enumerate(zip(slots, moments, strict=True))
        ]
    return tuple(sorted(made))


def _cards(game: Game, draw: np.random.Generator) -> tuple[Card, ...]:
    """Bookings; nobody has two but who is sent off for the second, and nobody is booked who is not on the pitch."""
    made = []
    for side in (0, 1):
        slots = draw.permutation(STARTERS).tolist()
        for slot in slots[: min(int(draw.poisson(1.9)), 6)]:
            moment = int(draw.integers(5 * 60, 90 * 60))
            made.append(Card(moment, side, game.on_pitch(side, slot, moment), "Yellow", bool(draw.random() < 0.01)))
        replaced = {change.slot for change in game.changes if change.side == side}
        stays = next(slot for slot in slots[6:] if (slot and slot not in replaced) or slot == slots[-1])
        if draw.random() < 0.08 and stays and stays not in replaced:
            moment = int(draw.integers(30 * 60, 88 * 60))
            if draw.random() < 0.4:
                made.append(Card(moment - 600, side, stays, "Yellow"))
                made.append(Card(moment, side, stays, "SecondYellow"))
            else:
                made.append(Card(moment, side, stays, "Red"))
    return tuple(sorted(made))


def _goals(game: Game, draw: np.random.Generator) -> list[Goal]:
    expected = (1.5, 1.2)
    made: list[Goal] = []
    for side in (0, 1):
        count = int(min(draw.poisson(expected[side]), 8)) if game.fixture.trait != "goalless" else 0
        count = 1 if game.fixture.trait in ("extra_time", "shootout") else count
        if game.fixture.trait == "corrected" and side == 0:
            count = max(count, 1)
        made += [_goal(game, draw, side, int(moment)) for moment in draw.integers(60, 90 * 60, count)]
    if game.fixture.trait == "extra_time":
        made.append(_goal(game, draw, 0, game.halves[2].start + int(draw.integers(60, 700))))
    return made


def _goal(game: Game, draw: np.random.Generator, side: int, moment: int) -> Goal:
    """A goal for a side by somebody who is on the pitch."""
    chance = draw.random()
    kind: Literal["goal", "penalty", "own"] = "own" if chance < 0.03 else "penalty" if chance < 0.11 else "goal"
    scoring = 1 - side if kind == "own" else side
    slots = [slot for slot in draw.permutation(STARTERS).tolist() if slot or kind == "own"]
    gone = game.sent_off(scoring)
    there = [game.on_pitch(scoring, slot, moment) for slot in slots]
    there = [player for player in there if gone.get(player, moment + 1) > moment]
    assisted = kind == "goal" and draw.random() < 0.75
    return Goal(moment, scoring, there[0], there[1] if assisted else -1, kind)


def _shootout(game: Game, draw: np.random.Generator) -> tuple[tuple[int, int, bool], ...]:
    """Five penalties a side; the home side scores four, the other one three."""
    missed = {(0, int(draw.integers(0, 5))), (1, 0), (1, 3)}
    return tuple(
        (side, game.on_pitch(side, 2 + turn, game.end), (side, turn) not in missed)
        for turn in range(5)
        for side in (0, 1)
    )
