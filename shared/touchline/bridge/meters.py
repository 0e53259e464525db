"""What the bridge counts: plain numbers, rendered by `exposition` when somebody asks."""

from collections import Counter
from typing import Final

from touchline.watch.classes import Classes

BOUNDS: Final = (0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0)
"""Upper bounds, in seconds, of the classes of a posting's duration."""


class Meters:
    """Counts since the start of the process."""

    def __init__(self) -> None:
        self.came: Counter[tuple[str, str]] = Counter()
        """(door, what came of it)."""
        self.posted: Counter[str] = Counter()
        """Postings by verdict."""
        self.seconds = Classes(BOUNDS)
        """Durations of postings."""
        self.faults: Counter[str] = Counter()
        """Parts that did not do their work when they were needed."""
