"""Counters that end up in the run record: an event function may die before anybody scrapes it."""

from collections import defaultdict


class RecordedMetrics:
    """Sums per name and labels, read once by the run record."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = defaultdict(float)

    def count(self, name: str, value: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        self._sums[_series(name, labels)] += value

    def collect(self) -> dict[str, float]:
        """Everything counted so far, by series."""
        return dict(self._sums)


def _series(name: str, labels: dict[str, str]) -> str:
    inside = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return f"{name}{{{inside}}}" if inside else name
