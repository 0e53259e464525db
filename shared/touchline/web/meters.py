"""What Prometheus scrapes from the service, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from touchline.stages.predict_board import Board

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Meters:
    """Requests, and what the service serves."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "touchline_predict_requests", "Requests answered", ("route", "method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "touchline_predict_seconds", "Time to answer", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._remembered = Counter(
            "touchline_predict_remembered", "Answers looked for in the cache", ("found",), registry=self.registry
        )
        self._ready = self._gauge("ready", "1 when a promoted model is loaded and checked")
        self._degraded = self._gauge("degraded", "1 when newer objects could not be read")
        self._outdated = self._gauge("outdated", "1 when the forecasts come from an earlier champion")
        self._promotion = self._gauge("promotion", "Number of the promotion that serves")
        self._seq = self._gauge("seq", "Sequence number of the data behind the forecasts")
        self._forecasts = self._gauge("forecasts", "Forecasts published")

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count and time one answer; `route` is the pattern, so that ids make no new series."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def remembered(self, *, hit: bool) -> None:
        """Count a look into the cache."""
        self._remembered.labels(str(hit).lower()).inc()

    def render(self, board: Board | None, fault: str) -> bytes:
        """Everything in the text format, with the state of the moment."""
        self._ready.set(board is not None)
        self._degraded.set(bool(board and fault))
        self._outdated.set(bool(board and board.outdated))
        self._promotion.set(board.serving.promotion if board else 0)
        published = board.published if board else None
        self._seq.set(published.seq if published else 0)
        self._forecasts.set(len(published.forecasts.matches) if published else 0)
        return generate_latest(self.registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"touchline_predict_{name}", about, registry=self.registry)
