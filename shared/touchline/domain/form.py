"""Form: what a team did in its last matches, kept in every version.

All arrays have the rows of `Sequences` of teams: one row for each match of each team, after that match.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain.sequences import NONE, Sequences, take

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SPANS: Final = (6, 20)
"""Spans of the exponentially weighted means, in matches: the newest counts 2 / (span + 1)."""
LAST: Final = 5
RECENT: Final = 10
"""So many kick-offs are remembered for congestion; nobody plays more in 30 days."""
MEETINGS: Final = 10
"""So many of the newest meetings of two teams count as head-to-head."""
NEVER: Final = np.iinfo(np.int64).min


def exponential(values: Floats, sequences: Sequences, span: float) -> Floats:
    """Exponentially weighted means after each match, (s, r) -> (s, r); the first value starts it, NaN is passed over.

    >>> games = Sequences(np.array([0, 0, 0]), np.array([1, 2, 3]), 1)
    >>> exponential(np.array([[1.0, np.nan, 3.0]]), games, 3).tolist()
    [[1.0, 1.0, 2.0]]
    """
    share = 2 / (span + 1)
    counts = np.diff(sequences.start)
    longest_first = np.argsort(-counts, kind="stable")
    start, counts = sequences.start[longest_first], counts[longest_first]
    # Values of one match side by side: each step then reads and writes whole stretches of memory.
    by_match, means = np.ascontiguousarray(values.T), np.empty(values.shape[::-1])
    mean = np.full((len(counts), len(values)), np.nan)
    for step in range(int(counts[0]) if len(counts) else 0):
        alive = int(np.searchsorted(-counts, -step))
        rows = start[:alive] + step
        new, old = by_match[rows], mean[:alive]
        begun = np.where(np.isnan(old), new, old + share * (new - old))
        mean[:alive] = means[rows] = np.where(np.isnan(new), old, begun)
    return means.T


def last_mean(values: Floats, sequences: Sequences) -> Floats:
    """Means over the last LAST matches, as many as there are and have a value, (s, r) -> (s, r).

    >>> games = Sequences(np.zeros(6, np.int64), np.arange(6), 1)
    >>> last_mean(np.array([[6.0, 1, 1, 1, np.nan, 3]]), games).tolist()
    [[6.0, 3.5, 2.6666666666666665, 2.25, 2.25, 1.5]]
    """
    total, count = np.zeros_like(values), np.zeros(values.shape)
    for back in range(LAST):
        value = take(values, sequences.before(back), np.nan)
        known = ~np.isnan(value)
        total += np.where(known, value, 0.0)
        count += known
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def recent_kickoffs(kickoff: Ints, sequences: Sequences) -> Ints:
    """The last RECENT kick-offs, newest first, (RECENT, r); NEVER where there were fewer."""
    return np.stack([take(kickoff, sequences.before(back), NEVER) for back in range(RECENT)]).astype(np.int64)


def running(values: Floats, group: Ints) -> Floats:
    """Sums from the start of each run of equal numbers, (s, r) -> (s, r); exact for whole numbers.

    >>> running(np.array([[1.0, 2, 4, 8]]), np.array([5, 5, 7, 7])).tolist()
    [[1.0, 3.0, 4.0, 12.0]]
    """
    begins = np.diff(group, prepend=-1) != 0
    total = np.cumsum(values, axis=1)
    first = np.maximum.accumulate(np.where(begins, np.arange(len(group)), 0))
    return np.asarray(total - (total - values)[:, first])


def last_sum(values: Floats, sequences: Sequences) -> Floats:
    """Sums over the last MEETINGS occurrences, (s, r) -> (s, r); exact for whole numbers."""
    total = np.cumsum(values, axis=1)
    back = np.minimum(sequences.position, MEETINGS - 1)
    first = np.arange(values.shape[1]) - back
    return np.asarray(total - (total - values)[:, first])


def stint(competition: Ints, sequences: Sequences) -> Ints:
    """Matches in a row that a team has played in its competition, this one included, (r,).

    >>> stint(np.array([1, 1, 2, 2]), Sequences(np.zeros(4, np.int64), np.arange(4), 1)).tolist()
    [1, 2, 1, 2]
    """
    before = sequences.before(1)
    begins = (before == NONE) | (competition[before] != competition)
    rows = np.arange(len(competition))
    return np.asarray(rows - np.maximum.accumulate(np.where(begins, rows, 0)) + 1)
