"""Counts what the service does, in plain numbers; `exposition` tells them to Prometheus."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the classes of durations, in seconds; what takes longer is counted above the last."""
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
Place = Literal["process", "shared", "none"]
"""Where an answer was found: in this process, in the cache that several share, nowhere."""


@dataclass
class Durations:
    """How many durations fell into each class, and their sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class Meters:
    """Requests, forecasts and looks into the cache of this process; a count may be lost to a race of two threads."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str]] = Counter()
        """By pattern of the route, method and status."""
        self.seconds: dict[str, Durations] = {}
        """By pattern of the route."""
        self.predictions: Counter[tuple[str, str]] = Counter()
        """Forecasts of matches told, by model version and arm."""
        self.inference = Durations()
        self.looks: Counter[Place] = Counter()
        """Looks for an answer that was made before."""
        self.refused: Counter[str] = Counter()
        """Requests without leave, by reason."""
        self.listeners = 0

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count and time one answer; `route` is the pattern, so that nothing a client sends makes a new series."""
        self.requests[route, method if method in _METHODS else "other", str(status)] += 1
        timed = self.seconds.get(route)
        if timed is None:
            timed = self.seconds[route] = Durations()
        timed.observe(seconds)
