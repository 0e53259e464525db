"""What happened to each entity in the order of time, found again by moment.

Everything point-in-time rests on one search: the newest thing that happened to a team, a league or a pair of teams at
or before a moment. What happens later stands behind it in the same sequence and cannot change the answer.
"""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_T = TypeVar("_T", bound=np.generic)

NONE: Final = -1
"""Index of "nothing happened yet"."""


class Sequences:
    """Occurrences sorted by entity, then moment, then the order in which they were given.

    Args:
        entity: (r,) numbers from 0 to size - 1.
        moment: (r,) when it became visible; any integers that order.
        size: number of entities.

    >>> told = Sequences(np.array([1, 0, 1]), np.array([20, 30, 10]), 2)
    >>> told.order.tolist(), told.start.tolist(), told.position.tolist()
    ([1, 2, 0], [0, 1, 3], [0, 0, 1])
    >>> told.find(np.array([1, 1, 0]), np.array([9, 20, 99])).tolist()
    [-1, 2, 0]
    """

    def __init__(self, entity: Ints, moment: Ints, size: int) -> None:
        self.order: Ints = np.lexsort((moment, entity))
        sorted_entity = entity[self.order]
        self.start: Ints = np.searchsorted(sorted_entity, np.arange(size + 1))
        self.position: Ints = np.arange(len(entity)) - self.start[sorted_entity]
        self._moments, rank = np.unique(moment[self.order], return_inverse=True)
        self._stride = len(self._moments) + 1
        self._keys = sorted_entity * self._stride + rank + 1

    def place(self) -> Ints:
        """Row in this order of each occurrence as given, (r,)."""
        rows = np.empty(len(self.order), np.int64)
        rows[self.order] = np.arange(len(self.order))
        return rows

    def find(self, entity: Ints, moment: Ints) -> Ints:
        """Row of the newest occurrence of each entity at or before each moment, NONE where there is none."""
        rank = np.searchsorted(self._moments, moment, side="right")
        row = np.searchsorted(self._keys, entity * self._stride + rank, side="right") - 1
        return np.where((entity >= 0) & (row >= self.start[entity]), row, NONE)

    def newest(self) -> Ints:
        """Last row of each entity, NONE where it has none."""
        return np.where(np.diff(self.start) > 0, self.start[1:] - 1, NONE)

    def before(self, back: int) -> Ints:
        """Row of the occurrence `back` steps earlier in the same sequence, NONE before its start; (r,)."""
        return np.where(self.position >= back, np.arange(len(self.order)) - back, NONE)


def take(values: NDArray[_T], row: Ints, missing: float) -> NDArray[_T]:
    """Columns `row` of (..., r) values, and `missing` where the row is NONE.

    >>> take(np.array([[1.0, 2.0]]), np.array([1, -1]), 0.0).tolist()
    [[2.0, 0.0]]
    """
    if not values.shape[-1]:
        return np.full((*values.shape[:-1], *row.shape), missing, values.dtype)
    return np.where(row >= 0, values[..., row], np.asarray(missing, values.dtype))
