"""Families of numbers in the text format of Prometheus: one way to make them for everybody who tells some."""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from touchline.watch.classes import Classes

MEDIA_TYPE = CONTENT_TYPE_LATEST
Rows = Iterable[tuple[Sequence[str], float]]
"""Values of the labels, and the number that they belong to."""


def gauge(name: str, about: str, labels: Sequence[str], rows: Rows) -> Metric:
    """Numbers that go up and down, by labels."""
    family = GaugeMetricFamily(name, about, labels=labels)
    for values, number in rows:
        family.add_metric(values, float(number))
    return family


def single(name: str, about: str, number: float | None) -> Metric:
    """A number without labels; without a value if there is none."""
    return gauge(name, about, (), () if number is None else (((), number),))


def counter(name: str, about: str, labels: Sequence[str], rows: Rows) -> Metric:
    """Counts that only grow, by labels; `name` ends with `_total`."""
    family = CounterMetricFamily(name, about, labels=labels)
    for values, number in rows:
        family.add_metric(values, float(number))
    return family


def histogram(name: str, about: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], Classes]]) -> Metric:
    """Values by class, by labels."""
    family = HistogramMetricFamily(name, about, labels=labels)
    for values, classes in rows:
        family.add_metric(values, classes.upto, classes.total)
    return family


def text(families: Iterable[Metric]) -> bytes:
    """What is sent to who asks; its type is MEDIA_TYPE."""
    registry = CollectorRegistry()
    registry.register(_Told(families))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)
