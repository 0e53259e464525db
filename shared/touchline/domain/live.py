"""How matches stand while they are played: what is told, and which of it is news to the match tables."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

from touchline.domain.vocabulary import Status

POINTER: Final = "live/latest.json"
"""Object with the `LiveScores` that were told last."""
State = Literal["scheduled", "live", "finished", "other"]
BEFORE: Final = timedelta(hours=3)
"""A match that kicked off longer ago is over, extra time and delays included."""
AHEAD: Final = timedelta(minutes=15)
"""Kick-offs so near are looked after: line-ups are out, and late changes come now."""
STALE: Final = timedelta(minutes=5)
"""What was read longer ago is no live score."""
_STATES: Final[Mapping[str, State]] = {"scheduled": "scheduled", "finished": "finished", "awarded": "finished"}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one match stands."""

    match_id: str
    competition: str
    season: str
    kickoff: datetime
    home_team: str
    away_team: str
    state: State
    raw_status: str = ""
    """As the source says it."""
    minute: str = ""
    """As the source shows it, empty before kick-off."""
    home_goals: int | None = None
    away_goals: int | None = None

    @property
    def settled(self) -> tuple[State, datetime, int | None, int | None]:
        """What the match tables hold of it: state, kick-off, and the score once that is final."""
        final = self.state == "finished"
        return self.state, self.kickoff, self.home_goals if final else None, self.away_goals if final else None


class LiveScores(msgspec.Struct, frozen=True, kw_only=True):
    """How the matches of these hours stand; `as_of` is the moment at which the source said so."""

    as_of: datetime
    source: str
    matches: tuple[Standing, ...] = ()

    def stale(self, now: datetime) -> bool:
        """Whether this is too old to be called live."""
        return now - self.as_of > STALE


class Stored(Protocol):
    """What must be known of a stored match; `touchline.ports.MatchRef` is one."""

    @property
    def kickoff(self) -> datetime:
        """Kick-off as stored."""
        ...

    @property
    def status(self) -> str:
        """Status as stored, one of STATUSES."""
        ...


def may_be_in_play(kickoff: datetime, status: Status | str, now: datetime) -> bool:
    """Whether a stored match is worth looking at now.

    >>> from datetime import UTC
    >>> kickoff = datetime(2026, 3, 7, 15, tzinfo=UTC)
    >>> [may_be_in_play(kickoff, "scheduled", kickoff.replace(hour=hour)) for hour in (14, 15, 18, 19)]
    [False, True, True, False]
    """
    return status == "scheduled" and now - BEFORE <= kickoff <= now + AHEAD


def is_news(told: Standing, before: Standing | None, stored: Stored) -> bool:
    """Whether the match tables should hear of it: it began, ended, was moved, or its final score was corrected.

    It is compared with what was told last, so that what the tables do not accept is not offered every minute; the first
    time with what is stored.
    """
    if before is not None:
        return told.settled != before.settled
    return (told.state, told.kickoff) != (_STATES.get(stored.status, "other"), stored.kickoff)
