"""Counts what the service does, in plain numbers; `exposition` tells them to Prometheus."""

from collections import Counter
from typing import Final, Literal

from touchline.stages.predict_match import Chances
from touchline.watch.classes import Classes

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the classes of durations, in seconds; what takes longer is counted above the last."""
CONFIDENCE: Final = tuple(round(0.35 + 0.05 * step, 2) for step in range(14))
"""Upper bounds of the classes of the likeliest outcome's probability, which is never below a third."""
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
Place = Literal["process", "shared", "none"]
"""Where an answer was found: in this process, in the cache that several share, nowhere."""
TELLS: Final = frozenset(
    {
        "/predict/{match_id}", "/predict/{match_id}/goals", "/predict/{match_id}/explain", "/predict/match",
        "/predict/precomputed/{match_id}", "/predict/predictions", "/predict/predictions.parquet", "/predict/cards",
        "/predict/player", "/", "/match/{match_id}",
    }
)  # fmt: skip
"""Patterns of all routes that tell forecasts, for programs and for people."""
_TOLD: Final = frozenset({200, 304})


class Meters:
    """Requests, forecasts and looks into the cache of this process; a count may be lost to a race of two threads."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str]] = Counter()
        """By pattern of the route, method and status."""
        self.seconds: dict[str, Classes] = {}
        """By pattern of the route."""
        self.predictions: Counter[tuple[str, str]] = Counter()
        """Forecasts of matches told, by model version and arm."""
        self.told = Classes(BOUNDS)
        """Time to tell forecasts, by whatever route."""
        self.inference = Classes(BOUNDS)
        self.confidence = Classes(CONFIDENCE)
        """Probability of the likeliest outcome of each forecast that a model computed."""
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
            timed = self.seconds[route] = Classes(BOUNDS)
        timed.observe(seconds)
        if route in TELLS and status in _TOLD:
            self.told.observe(seconds)

    def sure(self, chances: Chances) -> None:
        """Count how sure a forecast is that a model computed."""
        self.confidence.observe(max(chances.home, chances.draw, chances.away))
