"""football-data.org, version 4 of its API: fixtures, results and how matches of today stand; needs a key.

Scores are those after 90 minutes: of a match that went on, `regularTime` counts, and without it the row is refused. A
match that was broken off (SUSPENDED) is abandoned until a result comes. Moments are UTC; a fixture that is
SCHEDULED at midnight, not TIMED, is taken for one without a time yet.
"""

from collections.abc import Generator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import compress
from typing import Any, Final

import msgspec
import pandas as pd

from touchline.collecting import LIVE_COLUMNS, About, Page, Scope, Verdict
from touchline.domain import seasons
from touchline.domain.competitions import competition
from touchline.domain.identity import LONDON
from touchline.domain.vocabulary import UNKNOWN_KICKOFF_HOUR
from touchline.errors import DataError, ShapeChanged
from touchline.manifest import sha256
from touchline.ports import Payload
from touchline.sources import leagues
from touchline.sources.shaped import is_over, known_as, opened, place, rows_of, seasons_of, shown
from touchline.sources.table import Parsed, finish

NAME: Final = "football-data-org"
KEY: Final = "TOUCHLINE_FOOTBALL_DATA_ORG_KEY"
"""Environment variable with the token of an account."""
AGAIN: Final = timedelta(hours=1)
"""While matches are still to be played."""
SETTLED: Final = timedelta(days=1)
"""Once all are played, until nothing can be corrected any more."""
_STATUS: Final = {
    "SCHEDULED": "scheduled", "TIMED": "scheduled", "IN_PLAY": "scheduled", "PAUSED": "scheduled",
    "FINISHED": "finished", "POSTPONED": "postponed", "SUSPENDED": "abandoned", "CANCELLED": "cancelled",
    "AWARDED": "awarded",
}  # fmt: skip
_SCORED: Final = ("FINISHED", "AWARDED")
"""Status with a score that counts; while a match is played it only says how things stand."""
_LIVE: Final = {
    "SCHEDULED": "scheduled", "TIMED": "scheduled", "IN_PLAY": "live", "PAUSED": "live", "FINISHED": "finished",
}  # fmt: skip
_DAYS: Final = "days/"
"""Beginning of the names of pages with all matches of a day."""
_RESULT: Final = {"HOME_TEAM": "H", "DRAW": "D", "AWAY_TEAM": "A"}


class _Team(msgspec.Struct):
    name: str | None = None


class _Goals(msgspec.Struct):
    home: int | None = None
    away: int | None = None


class _Score(msgspec.Struct, rename="camel"):
    winner: str | None = None
    duration: str | None = None
    full_time: _Goals | None = None
    half_time: _Goals | None = None
    regular_time: _Goals | None = None


class _Competition(msgspec.Struct):
    code: str | None = None


class _Season(msgspec.Struct, rename="camel"):
    start_date: date


class _Match(msgspec.Struct, rename="camel"):
    id: int
    utc_date: datetime
    status: str
    home_team: _Team
    away_team: _Team
    score: _Score | None = None
    competition: _Competition | None = None
    season: _Season | None = None
    minute: int | str | None = None


class _Counted(msgspec.Struct):
    count: int | None = None


class _Answer(msgspec.Struct, rename="camel"):
    matches: list[msgspec.Raw]
    result_set: _Counted | None = None
    competition: _Competition | None = None


class FootballDataOrg:
    """The API of the site.

    Args:
        url: address before `/v4`.
    """

    name = NAME
    about = About(
        gives="fixtures, results (full time, half-time) and live scores of nine leagues, numbered and in UTC",
        terms="its own terms (not checked); a free account, data for your own use",
        rate="10 requests a minute on the free plan",
        freshness="scores with some delay on the free plan, live on paid ones",
        pace_seconds=6.5,
        jitter_seconds=0.5,
        pages_per_day=1200,
        key=KEY,
        alternative="openfootball: no key, updated less often; football-data: also statistics and prices",
    )

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def pages(self, scope: Scope, now: datetime) -> Generator[Page, Payload | None, None]:
        """One page a competition and season."""
        for code in scope.competitions:
            called = known_as(NAME, code)
            for season in seasons_of(scope, code, now.date()):
                year = seasons.start_year(season)
                yield self._page(
                    "season", f"{code}/{season}/matches.json", f"competitions/{called}/matches?season={year}"
                )

    def verdict(self, page: Page, payload: Payload, now: datetime) -> Verdict:
        """A season does not change once its time is over; while it runs it is asked for again.

        Raises:
            DataError, ShapeChanged: it cannot be read, or speaks of another competition.
        """
        answer = opened(payload, _Answer)
        if page.endpoint == "live":
            return Verdict(again=timedelta(0), note=f"{len(answer.matches)} matches")
        code, season = place(payload)
        said = answer.competition.code if answer.competition else None
        if said not in (None, known_as(NAME, code)):
            raise ShapeChanged(f"of {said}, not of {code}", where=payload.name, hint="ask for it again")
        return _verdict(answer, is_over(season, now.date()))

    def live_page(self, day: date) -> Page:
        """All matches around a day; UTC days are asked for, and those of the UK day kept."""
        first, last = day - timedelta(days=1), day + timedelta(days=1)
        return self._page("live", f"{_DAYS}{day:%Y%m%d}.json", f"matches?dateFrom={first}&dateTo={last}")

    def live_rows(self, payload: Payload) -> pd.DataFrame:
        """LIVE_COLUMNS, one row a match of the page's day and of a competition that we know.

        Raises:
            DataError, ShapeChanged: it cannot be read.
        """
        day = _day_of(payload)
        codes = _codes()
        rows = [
            _live(row, codes)
            for row in rows_of(opened(payload, _Answer).matches, _Match)
            if isinstance(row, _Match) and _code(row, codes) and _kickoff(row)[0].astimezone(LONDON).date() == day
        ]
        frame = pd.DataFrame(rows, columns=list(LIVE_COLUMNS))
        return frame.astype(
            {"kickoff": "datetime64[us, UTC]", "home_goals": "float64", "away_goals": "float64"}
            | dict.fromkeys(set(LIVE_COLUMNS) - {"kickoff", "home_goals", "away_goals"}, "str")
        )

    def _page(self, endpoint: str, name: str, path: str) -> Page:
        return Page(
            source=NAME,
            endpoint=endpoint,
            name=name,
            url=f"{self._url}/v4/{path}",
            leaf=True,
            headers=(("X-Auth-Token", f"{{{KEY}}}"),),
        )


def _verdict(answer: _Answer, over: bool) -> Verdict:
    rows = [row for row in rows_of(answer.matches, _Match) if isinstance(row, _Match)]
    promised = answer.result_set.count if answer.result_set else None
    note = f"{len(answer.matches)} matches"
    if promised is not None and len(answer.matches) < promised:
        return Verdict(state="partial", again=AGAIN, note=f"{note} of {promised}")
    if not rows:
        return Verdict(state="not_available" if over else "expected", again=None if over else SETTLED, note=note)
    waiting = any(_STATUS.get(row.status) in ("scheduled", "postponed") for row in rows)
    return Verdict(again=None if over else AGAIN if waiting else SETTLED, note=note)


def parse(payload: Payload) -> Parsed:
    """Rows of a page with `source_id` and `raw_status`.

    Competition and season are those of the page's name; on a page of a day those that each match says, and matches of
    competitions that we do not know are left out.

    Raises:
        DataError, ShapeChanged: it cannot be read.
    """
    raws = opened(payload, _Answer).matches
    matches = rows_of(raws, _Match)
    if payload.name.startswith(_DAYS):
        codes = _codes()
        known = [_code(row, codes) != "" for row in matches]
        raws, matches = list(compress(raws, known)), list(compress(matches, known))
        places = [("", "") if isinstance(row, str) else (_code(row, codes), _season(row, codes)) for row in matches]
    else:
        places = [place(payload)] * len(matches)
    rows = [_cells(row) for row in matches]
    frame = pd.DataFrame(rows, columns=list(_BLANK)).assign(
        line=range(1, len(rows) + 1), time="",
        competition=[code for code, _ in places], season=[season for _, season in places],
    )  # fmt: skip
    frame = frame.astype({"competition": "str", "season": "str"})
    for name, kind in {"kickoff": "datetime64[us, UTC]", "day": "datetime64[us]", "kickoff_known": "bool"}.items():
        frame[name] = frame[name].astype(kind)
    return finish(frame, sha256(payload.body), lambda at: shown(raws[at]))


_BLANK: Final[dict[str, Any]] = {
    "refused": "", "source_id": "", "raw_status": "", "day": None, "day_text": "", "kickoff": None,
    "kickoff_known": False, "home_team": "", "away_team": "", "status": "", "result": "", "home_goals": None,
    "away_goals": None, "home_goals_half_time": None, "away_goals_half_time": None,
}  # fmt: skip


def _cells(row: _Match | str) -> dict[str, Any]:
    """Cells of one row of the table that is checked."""
    if isinstance(row, str):
        return _BLANK | {"refused": row}
    kickoff, known = _kickoff(row)
    cells = _BLANK | {
        "source_id": str(row.id),
        "raw_status": row.status,
        "status": _STATUS.get(row.status, ""),
        "refused": "" if row.status in _STATUS else f"unknown status {row.status!r}",
        "day": kickoff.astimezone(LONDON).replace(hour=0, minute=0, second=0, tzinfo=None),
        "day_text": f"{row.utc_date}",
        "kickoff": kickoff,
        "kickoff_known": known,
        "home_team": _name(row.home_team),
        "away_team": _name(row.away_team),
    }
    return cells | (_scores(row.score or _Score(), row.status) if row.status in _SCORED else {})


def _kickoff(row: _Match) -> tuple[datetime, bool]:
    """Kick-off in UTC and whether its time is known: a fixture at midnight that is not TIMED has a day only."""
    moment = row.utc_date.astimezone(UTC) if row.utc_date.tzinfo else row.utc_date.replace(tzinfo=UTC)
    if row.status == "SCHEDULED" and (moment.hour, moment.minute) == (0, 0):
        return moment.replace(hour=UNKNOWN_KICKOFF_HOUR), False
    return moment, True


def _scores(score: _Score, status: str) -> dict[str, Any]:
    """Goals after 90 minutes; who won is compared with them where nothing came after."""
    regular = score.duration in (None, "REGULAR")
    full = score.full_time if regular else score.regular_time
    if full is None and not regular:
        return {"refused": f"it went on ({score.duration}), and the score after 90 minutes is not given"}
    half = score.half_time or _Goals()
    return {
        "home_goals": full.home if full else None,
        "away_goals": full.away if full else None,
        "home_goals_half_time": half.home,
        "away_goals_half_time": half.away,
        "result": _RESULT.get(score.winner or "", "") if regular and status == "FINISHED" else "",
    }


def _codes() -> dict[str, str]:
    """The site's code of a competition -> ours."""
    return {leagues.known_as(NAME, code): code for code in leagues.codes(NAME)}


def _code(row: _Match | str, codes: Mapping[str, str]) -> str:
    """Our code of a match's competition, empty if we do not know it; of a row that cannot be read, anything else."""
    if isinstance(row, str):
        return "?"
    return codes.get(row.competition.code or "", "") if row.competition else ""


def _season(row: _Match, codes: Mapping[str, str]) -> str:
    calendar = competition(_code(row, codes)).calendar_year
    if row.season:
        return seasons.label(row.season.start_date.year, calendar)
    return seasons.season_of(_kickoff(row)[0].date(), calendar)


def _live(row: _Match, codes: Mapping[str, str]) -> dict[str, Any]:
    kickoff, _ = _kickoff(row)
    begun = row.status not in ("SCHEDULED", "TIMED", "POSTPONED", "CANCELLED")
    goals = (row.score.full_time if begun and row.score else None) or _Goals()
    minute = "HT" if row.status == "PAUSED" else str(row.minute or "") if row.status == "IN_PLAY" else ""
    return {
        "source_id": str(row.id), "competition": _code(row, codes), "season": _season(row, codes), "kickoff": kickoff,
        "home_team": _name(row.home_team), "away_team": _name(row.away_team),
        "state": _LIVE.get(row.status, "other"), "raw_status": row.status, "minute": minute,
        "home_goals": goals.home, "away_goals": goals.away,
    }  # fmt: skip


def _name(team: _Team) -> str:
    return " ".join((team.name or "").split())


def _day_of(payload: Payload) -> date:
    try:
        return datetime.strptime(payload.name, f"{_DAYS}%Y%m%d.json").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise DataError(
            f"no page of a day: {error}", where=payload.name, hint="such a name is days/20250816.json"
        ) from error
