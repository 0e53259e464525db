"""An installation that takes in payloads of several sources, and the payloads: real in form, invented in content."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import whoscored_pages as pages
from published import PLAIN, csv_of
from published import match as cells
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.stages import scrape
from touchline.stages.scrape_record import ingest, keep
from touchline.work import Event, Result

NOW = datetime(2025, 9, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = Scrape(competitions=("E0", "E1"))
DETAIL_TABLES = ("match_details", "team_details", "line_ups", "player_match_stats", "shots")


class Standing(VirtualClock):
    """A clock that is set by hand, over matches as they are."""

    mode = "live"


class Place:
    """An installation, and what it was sent."""

    def __init__(self, folder: Path, clock: VirtualClock | None = None) -> None:
        self.folder, self.clock = folder, clock or Standing(NOW)
        self.ports = bootstrap.ports({"TOUCHLINE_HOME": str(folder)}, clock=self.clock)
        self._count = 0

    def take(self, *payloads: Payload) -> Result:
        """Keep payloads and take them in."""
        for payload in payloads:
            keep(self.ports, payload)
        return ingest(self._event({}), self.ports, SETTINGS, payloads)

    def reparse(self, source: str, **more: Any) -> Result:
        """Ask scrape to take in what was kept of a source."""
        event = self._event({"reparse": {"source": source, **more}})
        return scrape.run(event, self.ports, SETTINGS)

    def table(self) -> dict[str, dict[str, Any]]:
        """Matches by their identity."""
        rows = self.ports.matches.snapshot(self.ports.matches.head())
        return {row["match_id"]: row for row in rows.to_dict("records")}

    def teams(self, country: str = "England") -> set[str]:
        return set(self.ports.matches.teams().get(country, {}).values())

    def _event(self, data: dict[str, Any]) -> Event:
        self._count += 1
        return Event(id=f"event-{self._count}", kind="http", source="test", time=self.clock.now(), data=data)


def csv_file(
    *matches: tuple[str, ...], at: datetime = NOW - 10 * DAY, source: str = "files", code: str = "E0"
) -> Payload:
    """A season file; each match is day, home, away, score."""
    body = csv_of(PLAIN, *(cells(*match, div=code) for match in matches))
    return Payload(source, f"{code}.csv", body.encode(), at)


def numbered(
    number: int, home: str, away: str, score: str = "2-1", *, day: str = "2025-08-16", **more: Any
) -> dict[str, Any]:
    """A match of a month's feed: finished, or scheduled where there is no score."""
    goals = [int(goal) for goal in score.split("-")] if score else [None, None]
    said = {} if score else {"status": 1, "period": 0, "elapsed": ""}
    return pages.row(
        number, homeTeamName=home, awayTeamName=away, homeScore=goals[0], awayScore=goals[1],
        homeTeamId=number * 10, awayTeamId=number * 10 + 1, startTimeUtc=f"{day}T14:00:00Z",
        startTime=f"{day}T15:00:00", **said | more,
    )  # fmt: skip


def month(*rows: dict[str, Any], at: datetime = NOW - DAY, name: str = pages.MONTH_NAME) -> Payload:
    """The feed of a month of a source that numbers its matches."""
    return Payload("whoscored", name, pages.feed(*rows).encode(), at)


def match_page(at: datetime = NOW, **changed: Any) -> Payload:
    """The page of match 1900001."""
    return Payload("whoscored", pages.MATCH_NAME, pages.match_page(pages.centre(**changed)).encode(), at)


def open_season(
    *matches: tuple[str, str, str, tuple[int, int] | None], at: datetime = NOW, code: str = "E0"
) -> Payload:
    """A season of a source without numbers; each match is day, home, away, score."""
    rows = [
        {
            "round": "1",
            "date": day,
            "time": "15:00",
            "team1": home,
            "team2": away,
            "score": {"ft": score} if score else {},
        }
        for day, home, away, score in matches
    ]
    body = json.dumps({"name": "A season", "matches": rows}, ensure_ascii=False).encode()
    return Payload("openfootball", f"{code}/2025-26/season.json", body, at)
