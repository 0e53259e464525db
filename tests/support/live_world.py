"""A Saturday of three matches, as a source of live scores tells of it, and an installation that watches."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from small_site import Page, Site
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.domain.live import POINTER
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.sources import files
from touchline.sources.football_data_org import KEY, NAME
from touchline.stages import scrape, scrape_live
from touchline.stages.scrape_record import ingest, keep
from touchline.work import Event, Result

KICKOFF = datetime(2026, 3, 7, 15, tzinfo=UTC)
FIXTURES = """competition,season,kickoff,home_team,away_team
E0,2025-26,2026-03-07T12:30Z,Aldermoor,Foxglove
E0,2025-26,2026-03-07T15:00Z,Honeyfell,Ironmead
E1,2025-26,2026-03-07T15:00Z,Brackenby,Dunmere
E0,2025-26,2026-03-14T15:00Z,Foxglove,Honeyfell
"""
DAY = "/v4/matches?dateFrom=2026-03-06&dateTo=2026-03-08"


class RealClock(VirtualClock):
    """Time that is moved by hand, and yet counts as real."""

    mode = "live"


def told(number: int, home: str, away: str, status: str, *score: int, **more: Any) -> dict[str, Any]:
    """A match as the source tells of it."""
    code = more.pop("code", "PL")
    goals = {"home": score[0], "away": score[1]} if score else {"home": None, "away": None}
    return {
        "id": number, "utcDate": "2026-03-07T15:00:00Z", "status": status, "competition": {"code": code},
        "season": {"startDate": "2025-08-15"}, "homeTeam": {"name": home}, "awayTeam": {"name": away},
        "score": {"duration": "REGULAR", "winner": None, "fullTime": goals},
    } | more  # fmt: skip


class Watched:
    """An installation, the site that it watches, and its ticks."""

    def __init__(self, folder: Path, site: Site, now: datetime = KICKOFF - timedelta(days=1)) -> None:
        environ = {
            "TOUCHLINE_HOME": str(folder), "TOUCHLINE_SCRAPE_FOOTBALL_DATA_ORG_URL": site.url, KEY: "a-key",
            "TOUCHLINE_SCRAPE_PACE_SECONDS": "0",
        }  # fmt: skip
        self.clock, self.site = RealClock(now), site
        self.ports = bootstrap.ports(environ, clock=self.clock)
        self.settings = Scrape(live_source=NAME, pace_seconds=0, backoff_seconds=0, competitions=("E0", "E1"))

    def put(self, table: str) -> Result:
        """Ingest a file."""
        key = files.incoming_key("fixtures.csv", table.encode(), self.clock.now())
        self.ports.store.create(key, table.encode())
        event = Event(id=key, kind="object", source="test", time=self.clock.now(), key=key)
        return scrape.run(event, self.ports, self.settings)

    def collected(self, *matches: dict[str, Any]) -> Result:
        """Take in what a collection of the season would bring."""
        body = json.dumps({"matches": list(matches)}).encode()
        event = Event(id="collected", kind="cron", source="test", time=self.clock.now(), key="twice-daily")
        payload = Payload(NAME, "E0/2025-26/matches.json", body, self.clock.now())
        keep(self.ports, payload)
        return ingest(event, self.ports, self.settings, [payload])

    def says(self, *matches: dict[str, Any]) -> None:
        """Let the source tell of these matches."""
        self.site.put(DAY, json.dumps({"resultSet": {"count": len(matches)}, "matches": list(matches)}))

    def fails(self, status: int, body: bytes = b"") -> None:
        """Let the source fail."""
        self.site.put(DAY, Page(body, status))

    def tick(self, minutes: float = 0, waited: float = 0, **options: Any) -> Result:
        """A tick that is delivered so many minutes after 15:00, having waited so many."""
        self.clock.move(max(self.clock.now(), KICKOFF + timedelta(minutes=minutes)))
        due = self.clock.now() - timedelta(minutes=waited)
        event = Event(id=f"tick-{minutes}", kind="cron", source="test", time=due, key="live")
        return scrape_live.run(event, self.ports, msgspec.structs.replace(self.settings, **options))

    @property
    def scores(self) -> dict[str, Any]:
        """What is told now; empty before anything was."""
        info = self.ports.store.stat(POINTER)
        return msgspec.json.decode(self.ports.store.get(POINTER)) if info else {}

    @property
    def published(self) -> list[str]:
        """Keys of all publications."""
        return [info.key for info in self.ports.store.list("scrapes/published/")]

    def stored(self, match_id: str) -> dict[str, Any]:
        """A match as it is stored."""
        rows = self.ports.matches.snapshot(self.ports.matches.head())
        return dict(rows[rows["match_id"] == match_id].to_dict("records")[0])
