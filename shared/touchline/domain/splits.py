"""Splits in the order of time: what is learnt from was known before what is judged.

Kick-offs are (n,) arrays of numpy datetime64 in UTC, in any order; parts are arrays of row numbers.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Moments = NDArray[np.datetime64]

EMBARGO: Final = np.timedelta64(17, "h")
"""The longest that a result takes to be known after its kick-off: a match with a date only stands at noon, and its
result is known 5 h after the end of that day."""


@dataclass(frozen=True)
class Split:
    """Rows to learn from, and later rows to judge by."""

    train: Rows
    test: Rows


def expanding(kickoff: Moments, folds: int) -> list[Split]:
    """Folds whose training part grows: the newer half of the matches, cut into `folds` consecutive blocks.

    Matches of one moment are never separated, and nothing is learnt from a match whose result could be unknown when
    the first match of the block kicks off. Blocks that would be empty are left out.

    Raises:
        ValueError: fewer than one fold is asked for.

    >>> days = np.datetime64("2024-01-01T15:00") + np.arange(8) * np.timedelta64(7, "D")
    >>> [(s.train.tolist(), s.test.tolist()) for s in expanding(days, 2)]
    [([0, 1, 2, 3], [4, 5]), ([0, 1, 2, 3, 4, 5], [6, 7])]
    """
    if folds < 1:
        raise ValueError(f"at least one fold is needed, not {folds}")
    if not len(kickoff):
        return []
    ordered = np.sort(kickoff)
    older = len(ordered) // 2
    starts = np.unique(ordered[older + (len(ordered) - older) * np.arange(folds) // folds])
    ends = [*starts[1:], None]
    splits = [_between(kickoff, start, end) for start, end in zip(starts, ends, strict=True)]
    return [split for split in splits if len(split.train)]


def newest(kickoff: Moments, days: int) -> Split:
    """The matches of the last `days` days before and including the newest kick-off, held out; the older ones.

    >>> days = np.datetime64("2024-01-01T15:00") + np.arange(4) * np.timedelta64(7, "D")
    >>> split = newest(days, 10)
    >>> split.train.tolist(), split.test.tolist()
    ([0, 1], [2, 3])
    """
    if not len(kickoff):
        nothing = np.empty(0, dtype=np.int64)
        return Split(nothing, nothing)
    return _between(kickoff, kickoff.max() - np.timedelta64(days, "D"), None)


def known_before(kickoff: Moments, moment: Any) -> Rows:
    """Rows whose result was surely known at `moment`.

    >>> known_before(np.array(["2024-01-01T15:00", "2024-01-02T15:00"], "M8[us]"), np.datetime64("2024-01-03T00:00"))
    array([0])
    """
    return np.flatnonzero(kickoff + EMBARGO <= moment)


def _between(kickoff: Moments, start: Any, end: Any) -> Split:
    inside = kickoff >= start
    if end is not None:
        inside &= kickoff < end
    first = kickoff[inside].min()
    return Split(known_before(kickoff, first), np.flatnonzero(inside))
