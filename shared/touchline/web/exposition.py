"""What was counted, in the text format of Prometheus; loaded when it is first asked for."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from touchline.stages.predict_board import Board
from touchline.web.meters import BOUNDS, Durations, Meters

MEDIA_TYPE = CONTENT_TYPE_LATEST
MATCH_ROUTE = "/predict/{match_id}"
_CLASSES = (*map(str, BOUNDS), "+Inf")


def render(meters: Meters, board: Board | None, faults: dict[str, str]) -> bytes:
    """Everything in the text format, with the state of the moment; `faults` name a part and what is wrong with it."""
    registry = CollectorRegistry()
    registry.register(_Told(meters, board, faults))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, meters: Meters, board: Board | None, faults: dict[str, str]) -> None:
        self._meters, self._board, self._faults = meters, board, faults

    def collect(self) -> Iterator[Metric]:
        """Everything that is told."""
        yield from self._counted()
        yield from self._state()

    def _counted(self) -> Iterator[Metric]:
        meters = self._meters
        requests = CounterMetricFamily("http_requests", "Requests answered", labels=("route", "method", "status"))
        for labels, count in sorted(meters.requests.items()):
            requests.add_metric(labels, count)
        yield requests
        seconds = HistogramMetricFamily("http_request_duration_seconds", "Time to answer", labels=("route",))
        for route, timed in sorted(meters.seconds.items()):
            _add(seconds, (route,), timed)
        yield seconds
        told = CounterMetricFamily("prediction_requests", "Forecasts of matches told", labels=("model_version", "arm"))
        for pair, count in sorted(meters.predictions.items()):
            told.add_metric(pair, count)
        yield told
        yield _histogram(
            "prediction_duration_seconds", "Time to tell the forecast of a match", meters.seconds.get(MATCH_ROUTE)
        )
        yield _histogram("inference_duration_seconds", "Time that models took to compute a forecast", meters.inference)
        looks = CounterMetricFamily("cache_requests", "Looks for an answer made before", labels=("found",))
        for place, count in sorted(meters.looks.items()):
            looks.add_metric((place,), count)
        yield looks
        refused = CounterMetricFamily("access_refused", "Requests without leave", labels=("reason",))
        for reason, count in sorted(meters.refused.items()):
            refused.add_metric((reason,), count)
        yield refused

    def _state(self) -> Iterator[Metric]:
        board = self._board
        published = board.published if board else None
        faults = GaugeMetricFamily("touchline_predict_fault", "1 where a part does not do its work", labels=("part",))
        for part, fault in self._faults.items():
            faults.add_metric((part,), bool(fault))
        yield faults
        for name, about, value in (
            ("ready", "1 when a promoted model is loaded and checked", board is not None),
            ("degraded", "1 when something that is shown or kept could not be read", any(self._faults.values())),
            ("outdated", "1 when the forecasts come from an earlier champion", bool(board and board.outdated)),
            ("promotion", "Number of the promotion that serves", board.serving.promotion if board else 0),
            ("seq", "Sequence number of the data behind the forecasts", published.seq if published else 0),
            ("forecasts", "Forecasts published", len(published.forecasts.matches) if published else 0),
            ("listeners", "Listeners to the stream of news", self._meters.listeners),
        ):
            yield GaugeMetricFamily(f"touchline_predict_{name}", about, value=float(value))
        model = GaugeMetricFamily("model_info", "The model that serves", labels=("model_id", "version", "promotion"))
        if board:
            serving = board.serving
            model.add_metric((serving.model_id, serving.version, str(serving.promotion)), 1.0)
        yield model


def _histogram(name: str, about: str, timed: Durations | None) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, about, labels=())
    _add(family, (), timed or Durations())
    return family


def _add(family: HistogramMetricFamily, labels: tuple[str, ...], timed: Durations) -> None:
    upto = [float(count) for count in accumulate(timed.counts)]
    family.add_metric(labels, list(zip(_CLASSES, upto, strict=True)), timed.total)
