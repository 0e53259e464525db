"""Recognising stored matches again: a result belongs to the fixture that announced it, also after it was moved.

`match_id` is `<competition>-<season>-<home>-<away>`, with `-2`, `-3` for further meetings of one season.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import pandas as pd

from touchline.domain.vocabulary import slug

LONDON: Final = ZoneInfo("Europe/London")
"""Days are counted where the sources count them, so that a kick-off after midnight and a bare date agree."""
UNPLAYED: Final = frozenset({"scheduled", "postponed", "cancelled"})
"""Status of a match that may still be played, on whatever day."""
_KEY = ("competition", "season", "home_team", "away_team")
_EPOCH = datetime(1970, 1, 1).toordinal()


class Stored(Protocol):
    """What must be known of a stored match; `touchline.ports.MatchRef` is one."""

    @property
    def match_id(self) -> str:
        """Its identity."""
        ...

    @property
    def competition(self) -> str:
        """Code of the competition."""
        ...

    @property
    def season(self) -> str:
        """Season."""
        ...

    @property
    def home_team(self) -> str:
        """Canonical name."""
        ...

    @property
    def away_team(self) -> str:
        """Canonical name."""
        ...

    @property
    def kickoff(self) -> datetime:
        """Kick-off as last known."""
        ...

    @property
    def status(self) -> str:
        """Status as last known."""
        ...

    @property
    def seen(self) -> datetime:
        """When the payload was retrieved that last spoke of it."""
        ...


class Identified(NamedTuple):
    """Rows with their `match_id`, one row a match; and how many were left out."""

    rows: pd.DataFrame
    stale: int
    """Fixtures that say how things stood before what is stored."""
    repeated: int
    """Rows whose match a later row speaks of as well."""


def identify(
    rows: pd.DataFrame,
    stored: Iterable[Stored],
    retrieved: datetime,
    linked: Mapping[str, str] | None = None,
    numbered: Collection[str] = (),
) -> Identified:
    """Give each row the identity of its match.

    On the same day it is the same match. Otherwise a row belongs to the earliest stored match of the same teams and
    season that is still to be played, if neither the row's day nor its retrieval lies before that one was last seen: it
    was moved. Otherwise it is a further meeting. A fixture is left out where its match is stored with a result, or
    where it is older than what is stored and only says how things stood then.

    Args:
        rows: competition, season, home_team and away_team (canonical names), `kickoff`, `status`.
        stored: current state of at least the matches of these competitions and seasons.
        retrieved: when the payload was retrieved that the rows come from.
        linked: number in the source (column `source_id`) -> `match_id` of the stored match that it is, on any day.
        numbered: `match_id` of stored matches to which the source gave a number: a row with another one is no move of
            them, but the same match only on the same day.

    >>> rows = pd.DataFrame({"competition": "SC3", "season": "2024-25", "home_team": "Stirling", "away_team": "Elgin",
    ...                      "kickoff": pd.to_datetime(["2024-09-07 14:00Z", "2025-03-01 15:00Z"]),
    ...                      "status": "finished"})
    >>> identify(rows, [], datetime(2025, 3, 1, tzinfo=LONDON)).rows["match_id"].tolist()
    ['sc3-2024-25-stirling-elgin', 'sc3-2024-25-stirling-elgin-2']
    """
    groups, days = _groups(rows), _days(rows["kickoff"])
    unplayed = rows["status"].isin(UNPLAYED).tolist()
    stored = list(stored)
    sure = _sure(rows, stored, linked or {})
    left = {match.match_id for place, match in sure.items() if _day(match.kickoff) != days[place]}
    known = _by_group(stored)
    same_day = _by_day(known, left)
    met = Counter(groups)
    ids, keep = list(groups), [True] * len(groups)
    waiting: set[str] = set()
    for place, group in enumerate(groups):
        match = sure.get(place) or same_day.get((group, days[place]))
        if match is not None:
            ids[place], keep[place] = match.match_id, not unplayed[place] or match.status in UNPLAYED
        elif group in known or met[group] > 1:
            waiting.add(group)
    fixed = {*numbered, *(match.match_id for match in sure.values())}
    for group, places in _places(groups, waiting, sure).items():
        meetings = _Meetings(group, known.get(group, []), retrieved, left, fixed)
        for place in sorted(places, key=lambda place: (not meetings.on(days[place]), days[place])):
            ids[place], keep[place] = meetings.place(days[place], unplayed[place])
    return _without(rows.assign(match_id=pd.Series(ids, rows.index, dtype="str")), keep)


def _places(groups: Sequence[str], wanted: Collection[str], sure: Collection[int]) -> dict[str, list[int]]:
    """Places of the rows of some groups, but for those whose match is sure."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        if group in wanted and place not in sure:
            found[group].append(place)
    return found


def _sure(rows: pd.DataFrame, stored: Iterable[Stored], linked: Mapping[str, str]) -> dict[int, Stored]:
    """Place of a row -> the stored match that its source's number says it is."""
    if not linked or "source_id" not in rows:
        return {}
    matches = {match.match_id: match for match in stored}
    found = (matches.get(linked.get(number, "")) for number in rows["source_id"])
    return {place: match for place, match in enumerate(found) if match is not None}


class _Meetings:
    """The meetings of two teams, one of them at home, in one season.

    Matches in `left` are not on their stored day any more; those in `fixed` are no other row's, whatever day.
    """

    def __init__(
        self,
        group: str,
        stored: Sequence[Stored],
        retrieved: datetime,
        left: Collection[str],
        fixed: Collection[str],
    ) -> None:
        self._group, self._retrieved = group, retrieved
        self._stored = sorted(stored, key=lambda match: (match.kickoff, match.match_id))
        self._on = {
            _day(match.kickoff): match.match_id for match in reversed(self._stored) if match.match_id not in left
        }
        self._played = {match.match_id for match in stored if match.status not in UNPLAYED}
        self._open = [match for match in self._stored if match.status in UNPLAYED and match.match_id not in fixed]
        self._used = {match.match_id for match in stored}

    def on(self, day: int) -> bool:
        """Whether a meeting on that day is known."""
        return day in self._on

    def place(self, day: int, unplayed: bool) -> tuple[str, bool]:
        """Identity of the meeting that a row speaks of, and whether the row is to be kept."""
        if day in self._on:
            match_id = self._on[day]
            self._open = [match for match in self._open if match.match_id != match_id]
            return match_id, not (unplayed and match_id in self._played)
        for match in self._open:
            if day >= _day(match.seen) and self._retrieved >= match.seen:
                self._open.remove(match)
                self._on[day] = match.match_id
                return match.match_id, True
        if unplayed and any(self._outdates(match, day) for match in self._stored):
            return self._group, False
        self._on[day] = match_id = self._next()
        return match_id, True

    def _outdates(self, match: Stored, day: int) -> bool:
        """Whether a fixture of that day is only what was known before a stored match was last seen."""
        return self._retrieved < match.seen and (match.status in UNPLAYED or day < _day(match.seen))

    def _next(self) -> str:
        number = 1
        while (match_id := self._group if number == 1 else f"{self._group}-{number}") in self._used:
            number += 1
        self._used.add(match_id)
        return match_id


def _groups(rows: pd.DataFrame) -> list[str]:
    """`match_id` of each row's first meeting."""
    slugs = {name: slug(str(name)) for column in _KEY for name in rows[column].unique()}
    columns = [rows[column].map(slugs).tolist() for column in _KEY]
    return ["-".join(parts) for parts in zip(*columns, strict=True)]


def _by_group(stored: Iterable[Stored]) -> dict[str, list[Stored]]:
    stored = list(stored)
    slugs = {name: slug(name) for name in {part for match in stored for part in _parts(match)}}
    found: dict[str, list[Stored]] = defaultdict(list)
    for match in stored:
        found["-".join([slugs[part] for part in _parts(match)])].append(match)
    return found


def _by_day(known: Mapping[str, Sequence[Stored]], left: Collection[str]) -> dict[tuple[str, int], Stored]:
    """Group and day -> the match that stands there."""
    return {
        (group, _day(match.kickoff)): match
        for group, some in known.items()
        for match in reversed(some)
        if match.match_id not in left
    }


def _parts(match: Stored) -> tuple[str, str, str, str]:
    return match.competition, match.season, match.home_team, match.away_team


def _days(kickoff: pd.Series) -> list[int]:
    """Days of kick-off, in London, counted from 1 January 1970."""
    local = kickoff.dt.tz_convert(LONDON).dt.tz_localize(None)
    days: list[int] = (local - pd.Timestamp(0)).dt.days.tolist()
    return days


def _day(moment: datetime) -> int:
    return moment.astimezone(LONDON).toordinal() - _EPOCH


def _without(rows: pd.DataFrame, keep: list[bool]) -> Identified:
    current = rows[pd.Series(keep, rows.index, dtype=bool)]
    single = current.drop_duplicates("match_id", keep="last")
    return Identified(single.reset_index(drop=True), len(rows) - len(current), len(current) - len(single))
