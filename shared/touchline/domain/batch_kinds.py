"""What is counted for the ratings that are fitted anew each week, and how fast it fades."""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from touchline.domain.encoding import Played
from touchline.domain.rows import STATISTICS
from touchline.domain.vocabulary import Uses

Floats = NDArray[np.float64]


class Kind(msgspec.Struct, frozen=True):
    """One way to rate: what is counted, how fast it fades, and how strongly teams are drawn to their division."""

    name: str
    count: str
    """What is counted: a name in `counts`."""
    known: Uses
    half_life: float
    """Days."""
    ridge: float
    """Counts at the mean strength that the pull is worth."""
    prior: tuple[float, float]
    """Counts of an average match, home and away."""


KINDS: Final = (
    Kind("goals", "goals", "results", 300.0, 8.0, (1.5, 1.15)),
    Kind("goals_slow", "goals", "results", 900.0, 8.0, (1.5, 1.15)),
    Kind("mixed", "mixed", "statistics", 250.0, 6.0, (1.5, 1.15)),
    Kind("mixed_fast", "mostly_xg", "statistics", 100.0, 8.0, (1.5, 1.15)),
    Kind("on_target", "on_target", "statistics", 300.0, 20.0, (5.0, 4.0)),
    Kind("on_target_fast", "on_target", "statistics", 100.0, 20.0, (5.0, 4.0)),
    Kind("shots", "shots", "statistics", 300.0, 40.0, (13.0, 10.5)),
    Kind("corners", "corners", "statistics", 400.0, 20.0, (5.6, 4.6)),
    Kind("prices", "prices", "past_prices", 25.0, 0.2, (1.5, 1.1)),
)
"""Half-lives and ridges by log-loss on the seasons 2016-17 to 2020-21; see docs/experiments.md."""

_MEAN_XG: Final = 1.36
_STRETCH: Final = 1.6
"""Goals deserved by shots vary little: their distance from the mean is stretched before they are mixed with goals."""
_MIXED: Final = {"mixed": 0.5, "mostly_xg": 0.7}
"""Share of the goals deserved by shots; where shots were not counted, goals stand alone."""


def counts(played: Played) -> dict[str, Floats]:
    """What is counted, (r, 2) of home and away by name, NaN where it is not known.

    >>> sorted({kind.count for kind in KINDS} - {"goals", "on_target", "shots", "corners"})
    ['mixed', 'mostly_xg', 'prices']
    """
    known = {name: played.statistics[:, row] for row, name in enumerate(STATISTICS)}
    goals, xg = known["goals"], known["xg"]
    stretched = np.maximum(_MEAN_XG + _STRETCH * (xg - _MEAN_XG), 0.0)
    mixes = {
        name: np.where(np.isnan(xg), goals, share * stretched + (1 - share) * goals) for name, share in _MIXED.items()
    }
    both = {name: np.where(np.isnan(count).any(axis=1, keepdims=True), np.nan, count) for name, count in known.items()}
    return both | mixes | {"prices": played.price_goals}
