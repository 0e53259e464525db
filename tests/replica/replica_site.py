"""The site at a moment that can be set: how each match stands, and what was revised since."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from replica_game import Game, play
from replica_league import LONDON, MAX_TEAMS, PAGE_TRAITS, TRAITS, Fixture, make_league

NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
REVISIONS: Final = ("move", "correct")
MOVED_BY: Final = timedelta(days=35)
_POSTPONED, _UNKNOWN, _LIVE, _FINISHED, _SCHEDULED = 8, 14, 3, 6, 1


class Standing(NamedTuple):
    """How a match stands: the site's status, what it writes beside it, and the playing time (None: not begun)."""

    status: int
    elapsed: str | None
    until: int | None = None

    @property
    def finished(self) -> bool:
        """Whether it was played to its end, as far as the site knows."""
        return self.status == _FINISHED

    @property
    def begun(self) -> bool:
        """Whether there is a score."""
        return self.until is not None


class Site:
    """Everything that the replica shows.

    Args:
        teams: clubs of E0 (even, up to 20).
        seed: of what happens in matches.
        now: the site's clock; `now` may be set at any time.
        events: about so many a match.
        seasons: of E0.
        traits: which odd matches there are, see `Fixture`.
        vain: calendars mark a month too many.
    """

    def __init__(
        self,
        teams: int = MAX_TEAMS,
        seed: int = 7,
        now: datetime = NOW,
        events: int = 1500,
        seasons: int = 1,
        traits: Sequence[str] = TRAITS,
        vain: bool = False,
    ) -> None:
        self.league = make_league(teams, seasons, traits)
        self.seed, self.now, self.events, self.vain = seed, now, events, vain
        self._revised: set[str] = set()
        self._games: dict[int, Game] = {}

    def revise(self, *revisions: str) -> None:
        """Make revisions known: "move" takes the match `moved` to another month, "correct" corrects a score.

        Raises:
            ValueError: no such revision.
        """
        if unknown := set(revisions) - set(REVISIONS):
            raise ValueError(f"no such revision: {', '.join(sorted(unknown))}; there are {', '.join(REVISIONS)}")
        self._revised |= set(revisions)

    @property
    def revised(self) -> tuple[str, ...]:
        """Revisions that are known."""
        return tuple(sorted(self._revised))

    def fixture_of(self, trait: str) -> Fixture:
        """The match with a trait."""
        return next(fixture for fixture in self.league.fixtures.values() if fixture.trait == trait)

    def kickoff(self, fixture: Fixture) -> datetime:
        """When a match begins, as known today (UTC)."""
        moved = fixture.trait == "moved" and "move" in self._revised
        return fixture.kickoff + MOVED_BY * moved

    def local(self, fixture: Fixture) -> datetime:
        """The kick-off in UK time."""
        return self.kickoff(fixture).astimezone(LONDON)

    def game(self, fixture: Fixture) -> Game:
        """How a match goes, as known today."""
        whole = self.whole(fixture)
        wrong = fixture.trait == "corrected" and "correct" not in self._revised
        return whole.without_last_goal() if wrong else whole

    def whole(self, fixture: Fixture) -> Game:
        """How a match goes, corrections that are yet to come included."""
        if fixture.number not in self._games:
            self._games[fixture.number] = play(fixture, self.seed)
        return self._games[fixture.number]

    def standing(self, fixture: Fixture) -> Standing:
        """How a match stands now."""
        kickoff, trait = self.kickoff(fixture), fixture.trait
        if trait == "postponed":
            return Standing(_POSTPONED, "Postp.")
        if self.now < kickoff or trait == "stuck":
            return Standing(_SCHEDULED, None if fixture.number % 2 else "")
        if trait == "unknown":
            return Standing(_UNKNOWN, "Susp")
        game, passed = self.game(fixture), (self.now - kickoff).total_seconds()
        if passed >= game.seconds:
            return Standing(_FINISHED, "FT", game.end)
        until = game.played(passed)
        if until is None:
            breaks = [half for half in game.halves if half.start + 60 <= passed]
            return Standing(_LIVE, "HT", breaks[-1].end if len(breaks) < 2 else game.halves[-2].end)
        return Standing(_LIVE, f"{game.half(until).minute(until)}'", until)

    def page_of(self, fixture: Fixture) -> str:
        """What the match page holds: full, live, null, initial, truncated, never_served or future."""
        standing = self.standing(fixture)
        if not standing.begun:
            return "future"
        if not standing.finished:
            return "live"
        return fixture.trait if fixture.trait in PAGE_TRAITS else "full"

    def in_month(self, stage: int, month: str) -> list[Fixture]:
        """Matches of a stage in a month (YYYYMM, UK time), in order of kick-off."""
        found = self.league.stages.get(stage)
        fixtures = found[2].fixtures if found else ()
        return self._sorted([one for one in fixtures if f"{self.local(one):%Y%m}" == month])

    def on_day(self, day: date) -> list[Fixture]:
        """Matches of a day (UK time), in order of kick-off."""
        return self._sorted([one for one in self.league.fixtures.values() if self.local(one).date() == day])

    def _sorted(self, fixtures: Sequence[Fixture]) -> list[Fixture]:
        return sorted(fixtures, key=lambda fixture: (self.kickoff(fixture), fixture.number))
