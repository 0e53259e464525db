"""What every part of the service is given; made once a process."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from touchline.settings import Predict
from touchline.web.access import Access
from touchline.web.memory import Memory
from touchline.web.meters import Meters
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
    elapsed: Callable[[], float]


def site_of(ports: Ports, settings: Predict, assets: Path, elapsed: Callable[[], float] = time.monotonic) -> Site:
    """The service's parts over ports."""
    measured = Meters()
    return Site(
        ports=ports,
        settings=settings,
        assets=assets,
        watcher=Watcher(ports, settings.refresh_seconds, elapsed),
        memory=Memory(ports.cache, measured),
        measured=measured,
        access=Access(ports.store, settings, elapsed, ports.clock),
        elapsed=elapsed,
    )
