"""The feed of a month, and of a day: which matches there are, when, and how they stand.

What the site's number for a status becomes here:

* 6 is a finished match, if its score after 90 minutes is known. The score that the site shows includes extra time.
  Where extra time was played, its goals are taken off if that leaves a draw, as it must before extra time; if it does
  not (ties over two legs, or figures that mean something else), the score stays unknown.
* 0 and 1 are scheduled, also when kick-off has passed: the site leaves some so that were played. 2 to 5 are in play,
  which is no result yet: scheduled.
* Everything else, and a 6 without such a score, is `postponed`. What 7, 8 and 9 mean is not sure. Of all our words this
  is the one that takes nothing away: nobody learns from it or settles a forecast by it, it takes the place of no result
  of another source, and the match may still come.

`raw_status` keeps what the site said, as "6/FT". Scores are given for finished matches only. Prices stand in the feed
of few matches and name bookmakers by codes; they are left out.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import msgspec
import pandas as pd

from touchline.collecting import LIVE_COLUMNS
from touchline.domain import seasons as season_names
from touchline.domain.competitions import competition
from touchline.errors import DataError
from touchline.manifest import sha256
from touchline.ports import Payload
from touchline.sources import captured
from touchline.sources.table import LONDON, Parsed, finish
from touchline.sources.whoscored import names, shapes
from touchline.sources.whoscored.cells import items, shown, text, whole

Known = Callable[[int | None, int], str]
"""(region if it is given, tournament) -> our code, empty if we have none."""
FINISHED: Final = 6
SCHEDULED: Final = frozenset({0, 1})
IN_PLAY: Final = frozenset({2, 3, 4, 5})
_PLAYED_BY: Final = timedelta(hours=3)
_YEARS: Final = (1850, 2200)
_SHOWN: Final = 10


class Fixture(msgspec.Struct, frozen=True, kw_only=True):
    """One match of the feed, checked as far as one row can be."""

    id: int | None
    code: str
    season: str
    kickoff: datetime | None
    home: str
    away: str
    status: int | None
    elapsed: str
    score: tuple[int, int] | None
    """As shown: extra time is in it."""
    ninety: tuple[int, int] | None
    """After 90 minutes, None where that is not known."""
    raw: Mapping[str, Any]

    @property
    def finished(self) -> bool:
        """Whether the site says so."""
        return self.status == FINISHED

    @property
    def final(self) -> bool:
        """Nothing more is to come: the match is over, and its score is there."""
        return self.finished and self.score is not None

    @property
    def raw_status(self) -> str:
        """What the site says of the status, such as "6/FT"."""
        return "/".join(part for part in ("" if self.status is None else str(self.status), self.elapsed) if part)

    @property
    def day(self) -> datetime | None:
        """Midnight of the day of kick-off in the United Kingdom, without a zone."""
        if self.kickoff is None:
            return None
        return datetime.combine(self.kickoff.astimezone(LONDON), datetime.min.time())


def envelope(payload: Payload) -> list[dict[str, Any]]:
    """The tournaments of a feed, each with its matches.

    Raises:
        DataError: it is no JSON.
        ShapeChanged: it has no tournaments, or what it has lacks what each has.
    """
    try:
        value = json.loads(captured.page_of(payload.body).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"no JSON: {error}", where=payload.name, hint="fetch it again") from error
    if not isinstance(value, dict) or not isinstance(value.get("tournaments"), list):
        raise shapes.changed(payload, "no list of tournaments", value=value)
    found = items(value["tournaments"])
    rows = [row for tournament in found for row in items(tournament.get("matches"))]
    missing = [f"no tournament has {key}" for key in shapes.lacking(found, shapes.TOURNAMENT)]
    missing += [f"no match has {key}" for key in shapes.lacking(rows, shapes.ROW)]
    if rows and not any(key in row for row in rows for key in ("homeScore", "awayScore")):
        missing.append("no match has a score, not even an empty one")
    if missing:
        raise shapes.changed(payload, *missing, value=value)
    return found


def month(payload: Payload, known: Known) -> list[Fixture]:
    """Matches of a month of one stage, each once; the later of two entries with one number counts.

    Raises:
        ShapeChanged: there is none of its competition, though the calendar of the stage marks the month.
        DataError: it is another competition or season than its name says.
    """
    named = names.read(payload.name)
    found: dict[object, Fixture] = {}
    for tournament in envelope(payload):
        if _code(tournament, known) != named.competition:
            continue
        _check_season(tournament, named, payload)
        for row in items(tournament["matches"]) if isinstance(tournament.get("matches"), list) else []:
            fixture = _fixture(row, named.competition, named.season)
            found.pop(fixture.id, None)
            found[len(found) if fixture.id is None else fixture.id] = fixture
    if not found:
        raise shapes.changed(payload, "no match in a month that the calendar marks")
    return list(found.values())


def day(payload: Payload, known: Known) -> list[Fixture]:
    """Matches of a day in competitions that are known.

    Raises:
        ShapeChanged, DataError: as of `envelope`.
    """
    found: dict[object, Fixture] = {}
    for tournament in envelope(payload):
        code = _code(tournament, known)
        if not code:
            continue
        for row in items(tournament.get("matches")):
            fixture = _fixture(row, code, "")
            season = _season(tournament, code, fixture.kickoff)
            found[len(found) if fixture.id is None else fixture.id] = msgspec.structs.replace(fixture, season=season)
    return list(found.values())


def _code(tournament: Mapping[str, Any], known: Known) -> str:
    return known(whole(tournament.get("regionId")), whole(tournament.get("tournamentId")) or 0)


def _check_season(tournament: Mapping[str, Any], named: names.Named, payload: Payload) -> None:
    said = _normalised(text(tournament.get("seasonName")))
    if said and said != named.season:
        raise DataError(
            f"holds matches of season {said}, not {named.season}",
            where=payload.name,
            hint="fetch the season's pages again",
        )


def _season(tournament: Mapping[str, Any], code: str, kickoff: datetime | None) -> str:
    said = _normalised(text(tournament.get("seasonName")))
    if said or kickoff is None:
        return said
    return season_names.season_of(kickoff.astimezone(LONDON).date(), competition(code).calendar_year)


def _normalised(label: str) -> str:
    try:
        return season_names.normalise(label)
    except ValueError:
        return ""


def _fixture(row: Mapping[str, Any], code: str, season: str) -> Fixture:
    score = _pair(row, "Score")
    return Fixture(
        id=whole(row.get("id")),
        code=code,
        season=season,
        kickoff=kickoff(row),
        home=text(row.get("homeTeamName")),
        away=text(row.get("awayTeamName")),
        status=whole(row.get("status")),
        elapsed=text(row.get("elapsed")),
        score=score,
        ninety=_ninety(score, row),
        raw=row,
    )


def _pair(row: Mapping[str, Any], key: str) -> tuple[int, int] | None:
    home, away = whole(row.get(f"home{key}")), whole(row.get(f"away{key}"))
    return None if home is None or away is None or min(home, away) < 0 else (home, away)


def _ninety(score: tuple[int, int] | None, row: Mapping[str, Any]) -> tuple[int, int] | None:
    """Score after 90 minutes, as the head of this module says."""
    if score is None or all(row.get(f"{side}ExtratimeScore") is None for side in ("home", "away")):
        return score
    extra = _pair(row, "ExtratimeScore")
    if extra is None:
        return None
    before = score[0] - extra[0], score[1] - extra[1]
    return before if before[0] == before[1] >= 0 and (extra != score or score == (0, 0)) else None


def kickoff(row: Mapping[str, Any]) -> datetime | None:
    """Kick-off in UTC: from `startTimeUtc`; where that is missing from `startTime`, which is the time in London."""
    stated = moment(row.get("startTimeUtc"))
    if stated is not None:
        return (stated if stated.tzinfo else stated.replace(tzinfo=UTC)).astimezone(UTC)
    return london(row.get("startTime"))


def london(value: Any) -> datetime | None:
    """A UK local time without offset in UTC; of the hour that comes twice in autumn, the first is meant."""
    local = moment(value)
    if local is None:
        return None
    return (local if local.tzinfo else local.replace(tzinfo=LONDON)).astimezone(UTC)


def moment(value: Any) -> datetime | None:
    """A moment as the site writes it, None if it is none."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return found if _YEARS[0] <= found.year <= _YEARS[1] else None


def parse(payload: Payload, fixtures: list[Fixture]) -> Parsed:
    """Rows of a feed with `source_id` and `raw_status`; statuses and scores as the head of this module says."""
    lines = [_line(at, fixture) for at, fixture in enumerate(fixtures, start=1)]
    frame = pd.DataFrame(lines, columns=list(_line(0, _EMPTY)))
    frame["kickoff"] = pd.to_datetime(frame["kickoff"], utc=True).dt.as_unit("us")
    frame["day"] = pd.to_datetime(frame["day"]).dt.as_unit("us")
    for column in ("home_goals", "away_goals"):
        frame[column] = frame[column].astype("float64")
    return finish(frame, sha256(payload.body), lambda at: shown(fixtures[at].raw), notes(fixtures, payload.retrieved))


@cache
def nothing() -> Parsed:
    """What a page without matches of its own holds; copy the rows before they are changed."""
    return parse(Payload(names.NAME, "", b"", datetime.min.replace(tzinfo=UTC)), [])


def _line(at: int, fixture: Fixture) -> dict[str, Any]:
    status = _status(fixture)
    goals = fixture.ninety if status == "finished" else None
    return {
        "line": at,
        "competition": fixture.code,
        "season": fixture.season,
        "kickoff": fixture.kickoff,
        "kickoff_known": fixture.kickoff is not None,
        "day": fixture.day,
        "day_text": text(fixture.raw.get("startTimeUtc")) or text(fixture.raw.get("startTime")),
        "home_team": fixture.home,
        "away_team": fixture.away,
        "status": status,
        "home_goals": goals[0] if goals else None,
        "away_goals": goals[1] if goals else None,
        "source_id": "" if fixture.id is None else str(fixture.id),
        "raw_status": fixture.raw_status,
        "refused": "no number of a match" if fixture.id is None else "",
    }


_EMPTY: Final = Fixture(
    id=None,
    code="",
    season="",
    kickoff=None,
    home="",
    away="",
    status=None,
    elapsed="",
    score=None,
    ninety=None,
    raw={},
)


def _status(fixture: Fixture) -> str:
    if fixture.finished and fixture.ninety is not None:
        return "finished"
    return "scheduled" if fixture.status in SCHEDULED | IN_PLAY else "postponed"


def notes(fixtures: list[Fixture], now: datetime) -> tuple[str, ...]:
    """What is odd about the matches of a feed, in sentences."""
    new = shapes.unknown((fixture.raw for fixture in fixtures), shapes.ROW, shapes.ROW_MORE)
    said = [
        ("kick-off has passed, and there is no result", [one for one in fixtures if _overdue(one, now)]),
        ("over, but the score after 90 minutes is not known", [one for one in fixtures if _unclear(one)]),
        ("of a status that is not known", [one for one in fixtures if one.status not in _KNOWN]),
    ]
    lines = [f"{len(those)} matches: {what} ({_listed(those)})" for what, those in said if those]
    return (*lines, *((f"new keys: {', '.join(new[:_SHOWN])}",) if new else ()))


_KNOWN: Final = SCHEDULED | IN_PLAY | {FINISHED}


def _overdue(fixture: Fixture, now: datetime) -> bool:
    return fixture.status in SCHEDULED and fixture.kickoff is not None and fixture.kickoff + _PLAYED_BY < now


def _unclear(fixture: Fixture) -> bool:
    return fixture.finished and fixture.ninety is None


def _listed(fixtures: list[Fixture]) -> str:
    return ", ".join(f"{fixture.id} {fixture.raw_status}" for fixture in fixtures[:5]) + ", ..." * (len(fixtures) > 5)


def live(fixtures: list[Fixture]) -> pd.DataFrame:
    """How matches stand (LIVE_COLUMNS); the goals are those shown, extra time included."""
    rows = [_standing(fixture) for fixture in fixtures if fixture.id is not None and fixture.kickoff is not None]
    frame = pd.DataFrame(rows, columns=list(LIVE_COLUMNS))
    frame["kickoff"] = pd.to_datetime(frame["kickoff"], utc=True).dt.as_unit("us")
    return frame.astype({"home_goals": "float64", "away_goals": "float64"})


def _standing(fixture: Fixture) -> tuple[Any, ...]:
    known = {FINISHED: "finished", **dict.fromkeys(SCHEDULED, "scheduled"), **dict.fromkeys(IN_PLAY, "live")}
    state = known.get(-1 if fixture.status is None else fixture.status, "other")
    goals = fixture.score if fixture.score and state in ("live", "finished") else (None, None)
    minute = fixture.elapsed if state != "scheduled" else ""
    return (
        str(fixture.id), fixture.code, fixture.season, fixture.kickoff, fixture.home, fixture.away, state,
        fixture.raw_status, minute, *goals,
    )  # fmt: skip
