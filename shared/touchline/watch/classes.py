"""Values by class, as a histogram counts them."""

from bisect import bisect_left
from itertools import accumulate


class Classes:
    """How many values fell into each class, and their sum.

    Args:
        bounds: upper bounds of the classes, rising; a bound belongs to its class, what is larger is counted above the
            last.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def upto(self) -> list[tuple[str, float]]:
        """Each bound as text, `+Inf` for none, and how many values are not above it."""
        names = (*map(str, self.bounds), "+Inf")
        return [(name, float(n)) for name, n in zip(names, accumulate(self.counts), strict=True)]
