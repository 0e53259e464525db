"""Tables of the matches of a feed.

What the site's number for a status becomes:

* 6 is a finished match, if its score after 90 minutes is known.
* 0 and 1 are scheduled, also when kick-off has passed: the site leaves some so that were played. 2 to 5 are in play,
  which is no result yet: scheduled.
* Everything else, and a 6 without such a score, is `postponed`. What 7, 8 and 9 mean is not sure. Of all our words this
  is the one that takes nothing away: nobody learns from it or settles a forecast by it, it takes the place of no result
  of another source, and the match may still come.

`raw_status` keeps what the site said, as "6/FT". Scores are given for finished matches only. Prices stand in the feed
of few matches and name bookmakers by codes; they are left out.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import pandas as pd

from touchline.collecting import LIVE_COLUMNS
from touchline.manifest import sha256
from touchline.ports import Payload
from touchline.sources.table import Parsed, finish
from touchline.sources.whoscored import names, shapes
from touchline.sources.whoscored.cells import shown, text
from touchline.sources.whoscored.fixtures import FINISHED, IN_PLAY, SCHEDULED, Fixture

_PLAYED_BY: Final = timedelta(hours=3)
_SHOWN: Final = 10


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
