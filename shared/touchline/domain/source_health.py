"""Whether sources are well: what is looked at once a day, and what is worth waking somebody for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

Trouble = Literal["blocked", "silent", "changed", "stale", "shrunken"]
"""A wall in place of the page; no usable answer; an old page that says something else or has another shape; nothing new
although something is due; far fewer results than in the same week of the last year."""
WEEK: Final = timedelta(days=7)
YEAR: Final = timedelta(days=364)
"""52 weeks: the same days of the week."""
LATE: Final = timedelta(days=2)
"""A source whose newest good answer is older, although pages are due, is stale: it is asked twice a day."""
CHANGED: Final = 0.05
"""Share of old rows that may read otherwise before that is more than corrections."""
_FEW: Final = 4
"""Results of a week below which a comparison says nothing."""


class SourceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one source was found."""

    source: str
    troubles: tuple[Trouble, ...] = ()
    notes: tuple[str, ...] = ()
    """One sentence for each trouble, and what else is worth knowing."""
    page: str = ""
    """Old page that was asked for again, empty if there was none."""
    compared: int = 0
    """Rows of it that were compared with what was kept of it."""
    different: int = 0
    """Of these, rows that it does not have so any more."""
    newest: datetime | None = None
    """When the newest good answer came."""
    pages: int = 0
    """Pages that are kept of it."""
    due: int = 0
    """Of all that is remembered, pages that should have been asked for by now."""


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """Results of one competition in the last seven days."""

    competition: str
    finished: int
    usual: int
    """Results in the poorest of the three weeks around the same days of the last year, so that breaks which moved by a
    week are none here."""
    missing: int
    """Matches of these days, but the last two, that are still stored as scheduled."""
    calendar: bool
    """Whether coming matches are stored: then a week without matches is a break and no gap."""

    @property
    def shrunken(self) -> bool:
        """Whether so few results are no break and no end of a season.

        >>> week = Volume(competition="E0", finished=3, usual=10, missing=0, calendar=False)
        >>> week.shrunken, msgspec.structs.replace(week, calendar=True).shrunken
        (True, False)
        """
        if self.usual < _FEW or 2 * self.finished >= self.usual:
            return False
        return not self.calendar or self.missing > 0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How all sources were found on a day."""

    day: date
    looked: datetime
    sources: tuple[SourceHealth, ...]
    volumes: tuple[Volume, ...]

    def of(self, source: str) -> SourceHealth | None:
        """How a source was found, None if nobody looked."""
        return next((one for one in self.sources if one.source == source), None)


class Match(Protocol):
    """What must be known of a stored match; `touchline.ports.MatchRef` is one."""

    @property
    def competition(self) -> str:
        """Code."""
        ...

    @property
    def kickoff(self) -> datetime:
        """Kick-off, UTC."""
        ...

    @property
    def status(self) -> str:
        """One of STATUSES."""
        ...


def windows(now: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Spans of time of which the matches have to be known: about now, and the same weeks a year ago."""
    return (now - WEEK, now + 2 * WEEK), (now - YEAR - 2 * WEEK, now - YEAR + WEEK)


def volumes(matches: Iterable[Match], competitions: Sequence[str], now: datetime) -> tuple[Volume, ...]:
    """Results of each competition in the last week, beside what is usual.

    Args:
        matches: those of `windows(now)`.
        competitions: codes.
        now: the moment.
    """
    known = tuple(matches)
    return tuple(_volume([one for one in known if one.competition == code], code, now) for code in competitions)


def _volume(matches: Sequence[Match], code: str, now: datetime) -> Volume:
    def finished(end: datetime) -> int:
        return sum(one.status == "finished" and end - WEEK < one.kickoff <= end for one in matches)

    due = (one for one in matches if now - WEEK < one.kickoff <= now - LATE)
    return Volume(
        competition=code,
        finished=finished(now),
        usual=min(finished(now - YEAR + weeks * WEEK) for weeks in (-1, 0, 1)),
        missing=sum(one.status == "scheduled" for one in due),
        calendar=any(one.kickoff > now for one in matches),
    )


def is_stale(newest: datetime | None, due: int, now: datetime) -> bool:
    """Whether a source is behind: pages are due, and no good answer came for too long."""
    return due > 0 and newest is not None and now - newest > LATE


def alerts(health: Health) -> Mapping[tuple[str, Trouble], tuple[str, ...]]:
    """(source, trouble) -> what is to be told; gaps in the results stand under the name `matches`."""
    found = {(one.source, trouble): one.notes for one in health.sources for trouble in one.troubles}
    gaps = tuple(
        f"{one.competition}: {one.finished} results in seven days, {one.usual} are usual; {one.missing} are missing"
        for one in health.volumes
        if one.shrunken
    )
    return found | ({("matches", "shrunken"): gaps} if gaps else {})
