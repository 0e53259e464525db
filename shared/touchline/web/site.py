"""What every part of the service is given; made once a process."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from touchline.settings import Predict
from touchline.stages.predict_board import Board
from touchline.web.access import Access
from touchline.web.health_watch import HealthWatch
from touchline.web.memory import Memory
from touchline.web.meters import Meters
from touchline.web.scoreboard import Scoreboard
from touchline.web.watch import Watcher
from touchline.work import Ports


@dataclass(frozen=True)
class Site:
    """The service's parts, shared by all its routes.

    Only the object store, the clock, the model loader and the cache are used of `ports`; `elapsed` are seconds that
    only go forward; `assets` is the folder with `templates` and `static`.
    """

    ports: Ports
    settings: Predict
    assets: Path
    watcher: Watcher
    memory: Memory
    measured: Meters
    access: Access
    scores: Scoreboard
    elapsed: Callable[[], float]

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong with each part, empty where nothing is."""
        return {"board": self.watcher.fault, "cache": self.ports.cache.fault, "keys": self.access.fault}

    @property
    def fault(self) -> str:
        """What is wrong, empty if nothing is."""
        board, cache, keys = self.watcher.fault, self.ports.cache.fault, self.access.fault
        return "; ".join(filter(None, (board, cache, keys))) if board or cache or keys else ""


def site_of(ports: Ports, settings: Predict, assets: Path, elapsed: Callable[[], float] = time.monotonic) -> Site:
    """The service's parts over ports."""
    measured = Meters()
    access = Access(ports.store, settings, elapsed, ports.clock)
    health = HealthWatch(ports.store, settings, measured, elapsed)

    def also(board: Board | None) -> None:
        health.look(board.serving.promotion if board else 0)

    return Site(
        ports=ports,
        settings=settings,
        assets=assets,
        watcher=Watcher(ports, settings.refresh_seconds, elapsed, also),
        memory=Memory(ports.cache, measured),
        measured=measured,
        access=access,
        scores=Scoreboard(ports.store, settings.refresh_seconds, elapsed),
        elapsed=elapsed,
    )
