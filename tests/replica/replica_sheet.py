"""A match as far as it is shown, added up."""

from functools import cached_property
from typing import Any, Final

import numpy as np

from replica_events import events_of, totals
from replica_game import SQUAD, STARTERS, Game, Goal
from replica_names import FAMILY, GIVEN
from replica_site import Site, Standing

_NO_SECOND: Final = 187
"""One event in so many lacks its second."""


class Sheet:
    """A match as far as it is shown: its events before a moment, and what they add up to.

    Args:
        whole: the match, with every goal that it will ever have.
        shown: the match as known today.
        until: moment of playing time.
    """

    def __init__(self, whole: Game, shown: Game, until: int, target: int, seed: int) -> None:
        self.game, self.until = shown, until
        self.events = events_of(whole, target, seed)
        self.shown = self.events.until(until, len(shown.goals))
        self.totals = totals(self.events, self.shown)

    @property
    def places(self) -> list[int]:
        """Places of the shown events among all, which is what numbers them."""
        found: list[int] = np.flatnonzero(self.shown).tolist()
        return found

    @property
    def last(self) -> int:
        """Moment of the last event that is shown."""
        return int(self.events.moment[self.shown].max(initial=0))

    def number(self, place: int) -> int:
        """Number of an event."""
        return self.game.fixture.number * 2048 + place

    def second_known(self, place: int) -> bool:
        """Whether the site knows the second of an event."""
        return place % _NO_SECOND != 93

    def period(self, place: int) -> int:
        """Period of an event."""
        said = self.events.extra.get(place, {}).get("period")
        return said or self.game.half(int(self.events.moment[place])).period

    def goals(self) -> list[Goal]:
        """Goals that are shown."""
        return [goal for goal in self.game.goals if goal.moment < self.until]

    def times(self, side: int, place: int) -> tuple[int, int] | None:
        """Minutes (expanded) in which a player of a squad came and went; None for who did not play."""
        return self._times.get((side, place))

    @cached_property
    def _times(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Side and place -> minutes."""
        end = max((self.until - 1) // 60, 0)
        found = {(side, place): (0, end) for side in (0, 1) for place in range(STARTERS)}
        for change in self.game.changes:
            if change.moment < self.until:
                minute = change.moment // 60
                found[change.side, change.on] = (minute, end)
                found[change.side, change.off] = (found[change.side, change.off][0], minute)
        for side in (0, 1):
            for place, moment in self.game.sent_off(side).items():
                if moment < self.until:
                    found[side, place] = (found[side, place][0], moment // 60)
        return found

    @cached_property
    def _marks(self) -> list[list[float]]:
        """Marks of both squads."""
        value = np.full((2, SQUAD), 6.0)
        for name, weight in _WEIGHTS.items():
            value += weight * self.totals[name]
        for goal in self.goals():
            value[goal.side, goal.scorer] += goal.kind != "own"
        marks: list[list[float]] = np.round(np.clip(value, 4.0, 10.0), 2).tolist()
        return marks

    def rating(self, side: int, place: int) -> float:
        """A player's mark at the end."""
        return self._marks[side][place]

    def team_rating(self, side: int) -> float:
        """Mean mark of all who played."""
        marks = [mark for place, mark in enumerate(self._marks[side]) if self.times(side, place)]
        return round(sum(marks) / len(marks), 2)


_WEIGHTS: Final = {
    "passesAccurate": 0.012, "tackleSuccessful": 0.08, "shotsOnTarget": 0.2, "passesKey": 0.15,
    "foulsCommited": -0.1, "dispossessed": -0.1, "dribblesLost": -0.06,
}  # fmt: skip
"""What a mark is made of."""


def sheet(site: Site, standing: Standing, fixture: Any, until: int | None = None) -> Sheet:
    """The sheet of a match as it stands."""
    moment = standing.until if until is None else until
    return Sheet(site.whole(fixture), site.game(fixture), moment or 0, site.events, site.seed)


def manager(club: int) -> str:
    """Who manages a club."""
    return f"{GIVEN[club * 7 % len(GIVEN)]} {FAMILY[club * 11 % len(FAMILY)]}"
