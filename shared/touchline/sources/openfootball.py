"""openfootball's football.json: fixtures and results of a season in one file, public domain, no key.

Times are local to the league and name no zone, so kick-off is known only where the country has one zone. A match
without a score is still to be played. Old files keep their matches in rounds, with `score1` and `score2`.
"""

import re
from collections.abc import Generator, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pandas as pd

from touchline.collecting import About, Page, Scope, Verdict
from touchline.domain.competitions import competition
from touchline.domain.identity import LONDON
from touchline.domain.vocabulary import STATUSES, UNKNOWN_KICKOFF_HOUR
from touchline.errors import ShapeChanged
from touchline.manifest import sha256
from touchline.ports import Payload
from touchline.sources.shaped import is_over, known_as, opened, place, rows_of, seasons_of, shown
from touchline.sources.table import Parsed, finish

NAME: Final = "openfootball"
AGAIN: Final = timedelta(hours=12)
_ZONES: Final = {
    "England": "Europe/London", "Scotland": "Europe/London", "Germany": "Europe/Berlin", "Italy": "Europe/Rome",
    "Spain": "Europe/Madrid", "France": "Europe/Paris", "Netherlands": "Europe/Amsterdam", "Austria": "Europe/Vienna",
    "Belgium": "Europe/Brussels", "Portugal": "Europe/Lisbon", "Switzerland": "Europe/Zurich",
    "Turkey": "Europe/Istanbul", "Greece": "Europe/Athens", "Japan": "Asia/Tokyo", "China": "Asia/Shanghai",
}  # fmt: skip
"""Country -> the zone of its clocks, where all of its grounds keep the same time."""
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)")
_FEWEST: Final = 0.5
"""Share of a double round that even a short season has: everybody meets everybody once."""


class _Team(msgspec.Struct):
    """A club as old files name it."""

    name: str = ""


class _Score(msgspec.Struct):
    """Goals of home and away after 90 minutes and at half-time; absent before the match."""

    ft: tuple[int, int] | None = None
    ht: tuple[int, int] | None = None


class _Match(msgspec.Struct):
    date: str
    team1: str | _Team
    team2: str | _Team
    time: str | None = None
    score: _Score | None = None
    score1: int | None = None
    score2: int | None = None
    status: str | None = None


class _Round(msgspec.Struct):
    matches: list[msgspec.Raw]


class _File(msgspec.Struct):
    """One of the two has the matches."""

    matches: list[msgspec.Raw] | None = None
    rounds: list[_Round] | None = None


class OpenFootball:
    """Season files of the project.

    Args:
        url: address under which `2024-25/en.1.json` lies.
    """

    name = NAME
    about = About(
        gives="fixtures and results (full time, half-time) of the leagues that volunteers keep",
        terms="public domain (CC0)",
        rate="none known; one file for each league and season",
        freshness="irregular: days to weeks after the matches",
        pace_seconds=2.0,
        jitter_seconds=1.0,
        pages_per_day=500,
        alternative="football-data: also statistics and prices, updated twice a week",
    )

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def pages(self, scope: Scope, now: datetime) -> Generator[Page, Payload | None, None]:
        """One page a competition and season; the project may lack any of them."""
        for code in scope.competitions:
            called = known_as(NAME, code)
            for season in seasons_of(scope, code, now.date()):
                yield Page(
                    source=NAME,
                    endpoint="season",
                    name=f"{code}/{season}/season.json",
                    url=f"{self._url}/{season}/{called}.json",
                    leaf=True,
                    optional=True,
                )

    def verdict(self, page: Page, payload: Payload, now: datetime) -> Verdict:
        """A season that is over does not change. Most of its matches missing is a fault of the file.

        Raises:
            DataError, ShapeChanged: it cannot be read, or a season that is over has lost most of its matches.
        """
        _, season = place(payload)
        matches = [row for row in rows_of(_raws(payload), _Match) if isinstance(row, _Match)]
        over = is_over(season, now.date())
        teams = {_name(team) for match in matches for team in (match.team1, match.team2)}
        few = len(matches) < _FEWEST * len(teams) * (len(teams) - 1)
        what = f"{len(matches)} matches of {len(teams)} teams"
        if over and (few or not matches):
            hint = "the file lost most of its matches: take another source until it is mended"
            raise ShapeChanged(f"only {what} in a season that is over", where=payload.name, hint=hint)
        if not matches:
            return Verdict(state="empty", again=AGAIN, note="no matches in it")
        if few:
            return Verdict(state="partial", again=AGAIN, note=f"{what}: fewer than each against each")
        return Verdict(again=None if over else AGAIN, note=what)


def parse(payload: Payload) -> Parsed:
    """Rows of a season's file; competition and season are those of the page's name.

    Raises:
        DataError, ShapeChanged: it cannot be read.
    """
    code, season = place(payload)
    raws = _raws(payload)
    zone = _ZONES.get(competition(code).country)
    rows = [_cells(row, ZoneInfo(zone) if zone else None) for row in rows_of(raws, _Match)]
    frame = pd.DataFrame(rows, columns=list(_BLANK)).assign(
        line=range(1, len(rows) + 1), competition=code, season=season, time=""
    )
    for name, kind in {"kickoff": "datetime64[us, UTC]", "day": "datetime64[us]", "kickoff_known": "bool"}.items():
        frame[name] = frame[name].astype(kind)
    return finish(frame, sha256(payload.body), lambda at: shown(raws[at]))


def _raws(payload: Payload) -> list[msgspec.Raw]:
    """Matches of a file as they stand there.

    Raises:
        ShapeChanged: it has none of the two layouts.
    """
    found = opened(payload, _File)
    if found.matches is None and found.rounds is None:
        raise ShapeChanged("neither matches nor rounds", where=payload.name, hint="the layout of the project changed")
    return [*(found.matches or ()), *(raw for some in found.rounds or () for raw in some.matches)]


_BLANK: Final[dict[str, Any]] = {
    "refused": "", "day": None, "day_text": "", "kickoff": None, "kickoff_known": False, "home_team": "",
    "away_team": "", "status": "", "home_goals": None, "away_goals": None, "home_goals_half_time": None,
    "away_goals_half_time": None,
}  # fmt: skip


def _cells(row: _Match | str, zone: ZoneInfo | None) -> dict[str, Any]:
    """Cells of one row of the table that is checked."""
    if isinstance(row, str):
        return _BLANK | {"refused": row}
    status = (row.status or "").strip().lower()
    if status not in ("", *STATUSES):
        return _BLANK | {"refused": f"unknown status {row.status!r}"}
    full = row.score.ft if row.score else None
    if full is None and row.score1 is not None and row.score2 is not None:
        full = (row.score1, row.score2)
    cells = _BLANK | {"status": status, "day_text": row.date, **dict(_when(row, zone))}
    cells |= {"home_team": _name(row.team1), "away_team": _name(row.team2)}
    for name, pair in {"goals": full, "goals_half_time": row.score.ht if row.score and full else None}.items():
        cells |= {f"home_{name}": pair[0], f"away_{name}": pair[1]} if pair else {}
    return cells


def _when(row: _Match, zone: ZoneInfo | None) -> Iterator[tuple[str, Any]]:
    """Day and kick-off; at noon UTC where the time or its zone is not known."""
    try:
        day = date.fromisoformat(row.date.strip())
    except ValueError:
        return
    clock = _clock(row.time or "")
    if zone is None or clock is None:
        kickoff, known = datetime.combine(day, time(UNKNOWN_KICKOFF_HOUR, tzinfo=UTC)), False
    else:
        kickoff, known = datetime.combine(day, clock, zone).astimezone(UTC), True
    yield "day", kickoff.astimezone(LONDON).replace(hour=0, minute=0, tzinfo=None)
    yield "kickoff", kickoff
    yield "kickoff_known", known


def _clock(text: str) -> time | None:
    found = _CLOCK.fullmatch(text.strip())
    try:
        return time(int(found[1]), int(found[2])) if found else None
    except ValueError:
        return None


def _name(team: str | _Team) -> str:
    return " ".join((team if isinstance(team, str) else team.name).split())
