"""Features of the fixtures that were forecast, in a form that needs no table library to be read."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def row_hash(features: Floats) -> str:
    """Hash of the features of one match that a model saw, (k,); all missing values count as the same.

    >>> row_hash(np.array([1.0, np.nan])) == row_hash(np.array([1.0, -np.nan]))
    True
    """
    return hashlib.sha256(np.where(np.isnan(features), np.nan, features).astype("<f8").tobytes()).hexdigest()


class _Packed(msgspec.Struct, frozen=True):
    match_ids: tuple[str, ...]
    names: tuple[str, ...]
    values: memoryview


@dataclass(frozen=True)
class FeatureRows:
    """Features of n matches.

    >>> rows = FeatureRows(("m1", "m2"), ("elo", "rest"), np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> FeatureRows.from_bytes(rows.to_bytes()).of(["m2"], ("rest", "elo")).tolist()
    [[4.0, 3.0]]
    """

    match_ids: tuple[str, ...]
    names: tuple[str, ...]
    values: Floats
    """(n, len(names)), NaN where something was not known."""

    @cached_property
    def places(self) -> dict[str, int]:
        """Row of each match."""
        return {match: place for place, match in enumerate(self.match_ids)}

    def of(self, match_ids: Sequence[str], names: tuple[str, ...]) -> Floats:
        """(n, k) chosen features of chosen matches, in their order.

        Raises:
            KeyError: there is no such match, or no such feature.
        """
        rows = [self.places[match] for match in match_ids]
        return self.values[rows].take(self.columns(names), axis=1)

    def columns(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Where features stand; looked up once for each list of names.

        Raises:
            KeyError: there is no such feature.
        """
        found = self._columns.get(names)
        if found is None:
            place = {name: number for number, name in enumerate(self.names)}
            found = self._columns[names] = np.array([place[name] for name in names], np.int64)
        return found

    @cached_property
    def _columns(self) -> dict[tuple[str, ...], NDArray[np.int64]]:
        return {}

    def to_bytes(self) -> bytes:
        """MessagePack, the values as they lie in memory: it is read on the way to a first answer."""
        values = np.ascontiguousarray(self.values, "<f8").tobytes()
        return msgspec.msgpack.encode(_Packed(self.match_ids, self.names, memoryview(values)))

    @classmethod
    def from_bytes(cls, data: bytes) -> "FeatureRows":
        """Rows from `to_bytes`; the values are read where they lie in `data`.

        Raises:
            ValueError: the bytes are no such rows, or do not fit together.
        """
        try:
            packed = msgspec.msgpack.decode(data, type=_Packed)
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from error
        values = np.frombuffer(packed.values, "<f8")
        return cls(packed.match_ids, packed.names, values.reshape(len(packed.match_ids), len(packed.names)))
