"""A match as far as it is shown, added up."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from replica_events import events_of, totals
from replica_game import STARTERS, Game, Goal
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
        self.shown: NDArray[np.bool_] = self.events.until(until, len(shown.goals))
        self.totals = totals(self.events, self.shown)

    @property
    def places(self) -> list[int]:
        """Places of the shown events among all, which is what numbers them."""
        found: list[int] = np.flatnonzero(self.shown).tolist()
        return found

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
        start, end = (0 if place < STARTERS else None), (self.until - 1) // 60
        for change in self.game.changes:
            if change.side == side and change.moment < self.until:
                start = change.moment // 60 if change.on == place else start
                end = change.moment // 60 if change.off == place else end
        gone = self.game.sent_off(side).get(place)
        end = min(end, gone // 60) if gone is not None and gone < self.until else end
        return None if start is None else (start, end)

    def rating(self, side: int, place: int) -> float:
        """A player's mark at the end."""
        good = {"passesAccurate": 0.012, "tackleSuccessful": 0.08, "shotsOnTarget": 0.2, "passesKey": 0.15}
        bad = {"foulsCommited": 0.1, "dispossessed": 0.1, "dribblesLost": 0.06}
        value = 6.0 + sum(weight * int(self.totals[name][side, place]) for name, weight in good.items())
        value -= sum(weight * int(self.totals[name][side, place]) for name, weight in bad.items())
        value += sum((goal.side, goal.scorer) == (side, place) and goal.kind != "own" for goal in self.goals())
        return round(min(max(value, 4.0), 10.0), 2)

    def team_rating(self, side: int) -> float:
        """Mean mark of all who played."""
        marks = [self.rating(side, place) for place in range(len(self.game.squads[side])) if self.times(side, place)]
        return round(sum(marks) / len(marks), 2)


def sheet(site: Site, standing: Standing, fixture: Any, until: int | None = None) -> Sheet:
    """The sheet of a match as it stands."""
    moment = standing.until if until is None else until
    return Sheet(site.whole(fixture), site.game(fixture), moment or 0, site.events, site.seed)


def manager(club: int) -> str:
    """Who manages a club."""
    return f"{GIVEN[club * 7 % len(GIVEN)]} {FAMILY[club * 11 % len(FAMILY)]}"
