"""What stands around a coming match: form, earlier meetings, prices, what was said of it before, and Elo ratings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

Result = Literal["W", "D", "L"]


class Meeting(msgspec.Struct, frozen=True):
    """One finished match."""

    day: str
    """Of kick-off, UTC, as 2026-03-02."""
    competition: str
    home_team: str
    away_team: str
    home_goals: int
    away_goals: int

    def result(self, team: str) -> Result:
        """Won, drawn or lost, as one of the two teams sees it."""
        ahead = self.home_goals - self.away_goals
        if ahead == 0:
            return "D"
        return "W" if (ahead > 0) == (team == self.home_team) else "L"


def form(team: str, meetings: Sequence[Meeting]) -> tuple[Result, ...]:
    """How a team did, the newest last; the meetings come newest first.

    >>> drawn, met = Meeting("2026-03-08", "E0", "Stoke", "Leeds", 0, 0), Meeting("", "E0", "Leeds", "Everton", 2, 1)
    >>> form("Everton", (met, met)), form("Leeds", (drawn, met))
    (('L', 'L'), ('W', 'D'))
    """
    return tuple(meeting.result(team) for meeting in reversed(meetings))


class Quoted(msgspec.Struct, frozen=True):
    """Decimal prices of a match before kick-off."""

    quoted_at: datetime | None
    """None where the source says only that they are of before the match."""
    source: str
    """Bookmaker."""
    home: float
    draw: float
    away: float


def newest_prices(odds: Sequence[Quoted]) -> Quoted | None:
    """The newest whole prices among some that come oldest first; None without any.

    >>> newest_prices((Quoted(None, "b365", 2.0, 3.0, 4.0), Quoted(None, "other", 2.0, 3.0, float("nan")))).source
    'b365'
    """
    whole = (row for row in reversed(odds) if all(price > 1 for price in (row.home, row.draw, row.away)))
    return next(whole, None)


class Sealed(msgspec.Struct, frozen=True):
    """A forecast as it was sealed."""

    sealed_at: datetime
    model_version: str
    home: float
    draw: float
    away: float
    features_hash: str = ""


class MatchContext(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around one match; everything was known when the forecast was published."""

    match_id: str
    form_home: tuple[Meeting, ...] = ()
    """Last matches of the home team, newest first."""
    form_away: tuple[Meeting, ...] = ()
    head_to_head: tuple[Meeting, ...] = ()
    """Last meetings of the two, newest first."""
    head_to_head_counts: tuple[int, int, int] = (0, 0, 0)
    """Wins of today's home team, draws, wins of today's away team in all known meetings, wherever they were played."""
    odds: tuple[Quoted, ...] = ()
    """Oldest first; empty if there are none."""
    history: tuple[Sealed, ...] = ()
    """Oldest first."""


class EloLine(msgspec.Struct, frozen=True):
    """Ratings of a team before each of its matches, in points above the mean of its competition then; the last is that
    before its next match.
    """

    country: str
    team: str
    points: tuple[tuple[str, float], ...]
    """Day as 2026-03-02, rating; oldest first."""


class Around(msgspec.Struct, frozen=True, array_like=True):
    """`MatchContext` of one match in `Contexts`: numbers of meetings."""

    form_home: tuple[int, ...]
    form_away: tuple[int, ...]
    head_to_head: tuple[int, ...]
    counts: tuple[int, int, int]
    price: tuple[str, float, float, float] | None = None
    """Bookmaker, and prices of before the match."""


class Contexts(msgspec.Struct, frozen=True):
    """What stands around all matches of a publication; a meeting that matters to several is kept once."""

    meetings: tuple[tuple[str, str, str, str, int, int], ...]
    matches: dict[str, Around]

    def of(self, match_id: str) -> MatchContext:
        """What stands around a match; nothing where the match is not known.

        >>> met = ("2026-01-03", "E0", "Leeds", "Everton", 2, 1)
        >>> known = Contexts((met,), {"m1": Around((0,), (), (0,), (1, 0, 0), ("b365", 2.1, 3.3, 3.5))})
        >>> found = known.of("m1")
        >>> found.form_home[0].home_team, found.head_to_head_counts, found.odds[0].home, known.of("m2").odds
        ('Leeds', (1, 0, 0), 2.1, ())
        """
        around = self.matches.get(match_id)
        if around is None:
            return MatchContext(match_id=match_id)
        return MatchContext(
            match_id=match_id,
            form_home=self._meetings(around.form_home),
            form_away=self._meetings(around.form_away),
            head_to_head=self._meetings(around.head_to_head),
            head_to_head_counts=around.counts,
            odds=(Quoted(None, *around.price),) if around.price else (),
        )

    def _meetings(self, numbers: Sequence[int]) -> tuple[Meeting, ...]:
        return tuple(Meeting(*self.meetings[number]) for number in numbers)


class EloLines(msgspec.Struct, frozen=True):
    """Elo lines of all teams of the countries that have fixtures."""

    lines: tuple[EloLine, ...]


class Records(msgspec.Struct, frozen=True):
    """What was sealed of, and quoted for, the matches of a publication: it depends on when runs happened."""

    sealed: dict[str, tuple[Sealed, ...]] = {}
    """By match, oldest first."""
    quoted: dict[str, tuple[Quoted, ...]] = {}
    """By match, oldest first."""
