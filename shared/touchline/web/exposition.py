"""What was counted, in the text format of Prometheus; loaded when it is first asked for."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from touchline.stages.predict_board import Board
from touchline.watch import families
from touchline.watch.families import counter, gauge, histogram, single
from touchline.web.meters import Meters
from touchline.web.model_figures import ModelFigures

MEDIA_TYPE = families.MEDIA_TYPE


def render(meters: Meters, board: Board | None, faults: dict[str, str], model: ModelFigures) -> bytes:
    """Everything in the text format, with the state of the moment; `faults` name a part and what is wrong with it."""
    return families.text((*_counted(meters), *_state(meters, board, faults), *_model(board, model)))


def _counted(meters: Meters) -> Iterator[Metric]:
    asked = ("route", "method", "status")
    yield counter("http_requests_total", "Requests answered", asked, sorted(meters.requests.items()))
    timed = (((route,), classes) for route, classes in sorted(meters.seconds.items()))
    yield histogram("http_request_duration_seconds", "Time to answer", ("route",), timed)
    told, by = sorted(meters.predictions.items()), ("model_version", "arm")
    yield counter("prediction_requests_total", "Forecasts of matches told", by, told)
    for name, about, classes in (
        ("prediction_duration_seconds", "Time to tell forecasts, by whatever route", meters.told),
        ("inference_duration_seconds", "Time that models took to compute forecasts", meters.inference),
        ("prediction_confidence", "Probability of the likeliest outcome of computed forecasts", meters.confidence),
    ):
        yield histogram(name, about, (), [((), classes)])
    looks = (((place,), n) for place, n in sorted(meters.looks.items()))
    yield counter("cache_requests_total", "Looks for an answer made before", ("found",), looks)
    refused = (((reason,), n) for reason, n in sorted(meters.refused.items()))
    yield counter("access_refused_total", "Requests without leave", ("reason",), refused)


def _state(meters: Meters, board: Board | None, faults: dict[str, str]) -> Iterator[Metric]:
    published = board.published if board else None
    parts = (((part,), bool(fault)) for part, fault in faults.items())
    yield gauge("touchline_predict_fault", "1 where a part does not do its work", ("part",), parts)
    for name, about, value in (
        ("ready", "1 when a promoted model is loaded and checked", board is not None),
        ("degraded", "1 when something that is shown or kept could not be read", any(faults.values())),
        ("outdated", "1 when the forecasts come from an earlier champion", bool(board and board.outdated)),
        ("promotion", "Number of the promotion that serves", board.serving.promotion if board else 0),
        ("seq", "Sequence number of the data behind the forecasts", published.seq if published else 0),
        ("forecasts", "Forecasts published", len(published.forecasts.matches) if published else 0),
        ("listeners", "Listeners to the stream of news", meters.listeners),
    ):
        yield single(f"touchline_predict_{name}", about, value)


def _model(board: Board | None, model: ModelFigures) -> Iterator[Metric]:
    serves = board.serving if board else None
    rows = [((serves.model_id, serves.version, str(serves.promotion)), 1.0)] if serves else []
    yield gauge("model_info", "The model that serves", ("model_id", "version", "promotion"), rows)
    yield single("model_registered_at_seconds", "When the model that serves was registered", model.registered)
    moved = (((name,), psi) for name, psi in model.drift.items())
    about = "Population stability index of the features that moved most; `share`: of all features, how many moved"
    yield gauge("model_feature_drift_score", about, ("feature",), moved)
