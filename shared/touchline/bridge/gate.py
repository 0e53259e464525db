"""Keeps the bridge from asking a broker that is not there: all wait, one knocks now and then."""

from collections.abc import Callable
from typing import Final

FIRST: Final = 0.25
"""Seconds until the first knock."""


class Gate:
    """Open while the broker is reached.

    Args:
        longest: seconds between two knocks at most.
        elapsed: seconds that only go forward.

    >>> gate = Gate(5.0, lambda: 0.0)
    >>> gate.free(32), gate.closed(), gate.free(32)
    (32, None, 0)
    >>> gate.wait
    0.25
    """

    def __init__(self, longest: float, elapsed: Callable[[], float]) -> None:
        self._longest, self._elapsed = longest, elapsed
        self._failed, self._until = 0, 0.0

    @property
    def wait(self) -> float:
        """Seconds until somebody may knock."""
        return max(self._until - self._elapsed(), 0.0)

    def free(self, places: int) -> int:
        """How many may post now: all, none, or one who knocks."""
        if not self._failed:
            return places
        return 0 if self.wait else min(places, 1)

    def closed(self) -> None:
        """The broker was not reached; of many who find that out at once, one counts."""
        if not self.wait:
            self._failed += 1
            self._until = self._elapsed() + min(FIRST * 2 ** min(self._failed - 1, 30), self._longest)

    def opened(self) -> None:
        """The broker answered."""
        self._failed, self._until = 0, 0.0
