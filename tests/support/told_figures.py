"""Figures of a home as Prometheus reads them, and a season in which functions were killed."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from touchline.testing.deliveries import Chances
from touchline.testing.league import play
from touchline.watch.exporter import exporter

BAD = Chances(lost=0.1, doubled=0.15, late=0.3, crash=0.004, zombie=0.01)
Labels = frozenset[tuple[str, str]]
Told = dict[tuple[str, Labels], float]


def told(text: bytes) -> Told:
    """Every number, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def of(found: Told, name: str) -> dict[str, float]:
    """Numbers of a family with one label, by its value."""
    return {next(iter(labels))[1]: value for (one, labels), value in found.items() if one == name}


def records(home: Path) -> list[dict[str, Any]]:
    """Run records of a home, as they lie there."""
    return [json.loads(path.read_bytes()) for path in sorted((home / "objects" / "runs").rglob("*.json"))]


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    """What the database of a home says."""
    with closing(sqlite3.connect(home / "touchline.db")) as database:
        return database.execute(query).fetchall()


class Season:
    """A bad season in a folder, and what the exporter says of it."""

    def __init__(self, folder: Path) -> None:
        world, _ = play(folder, 3, chances=BAD)
        self.home, self.counted, self.now = folder / "home", world.counted, world.ports.clock.now()
        self.records = records(self.home)
        self.told = told(exporter(world.ports, world.ports.wiring, every=0).render())
        world.ports.engine.dispose()
