"""An installation of which only scrape runs, and what is sent to it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from published import PLAIN, csv_of, match
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.manifest import sha256
from touchline.settings import Scrape
from touchline.sources import files
from touchline.stages import scrape
from touchline.work import Event, Result

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROUND = [match("21/02/2026", "Aldermoor", "Foxglove", "2-1"), match("21/02/2026", "Honeyfell", "Ironmead", "0-0")]


class World:
    """One installation, and what is sent to it."""

    def __init__(self, ports: Container, clock: VirtualClock) -> None:
        self.ports, self.clock = ports, clock

    def put(self, body: str | bytes, name: str = "e0_2025-26.csv", *, generation: int = 0) -> Result:
        """Ingest a file."""
        data = body.encode() if isinstance(body, str) else body
        key = files.incoming_key(name, data, self.clock.now())
        self.ports.store.create(key, data)
        return self.wake("object", key, sha256=sha256(data), generation=generation)

    def season(self, *rows: Any) -> Result:
        return self.put(csv_of(PLAIN, *rows))

    def tick(self, identity: str = "tick", **options: Any) -> Result:
        return self.wake("cron", "twice-daily", id=identity, **options)

    def wake(self, kind: Any, key: str, id: str = "e", sha256: str = "", generation: int = 0, **options: Any) -> Result:
        event = Event(
            id=id, kind=kind, source="test", time=self.clock.now(), key=key, sha256=sha256, generation=generation
        )
        return scrape.run(event, self.ports, Scrape(pace_seconds=0, **options))

    def keys(self, prefix: str) -> list[str]:
        return [info.key for info in self.ports.store.list(prefix)]

    def json(self, key: str) -> Any:
        return msgspec.json.decode(self.ports.store.get(key))

    def table(self) -> dict[str, dict[str, Any]]:
        rows = self.ports.matches.snapshot(self.ports.matches.head())
        return {row["match_id"]: row for row in rows.to_dict("records")}


def world_at(folder: Path, clock: VirtualClock) -> World:
    """An installation in a folder."""
    return World(bootstrap.ports({"TOUCHLINE_HOME": str(folder)}, clock=clock), clock)
