"""Features of the fixtures that were forecast, in a form that needs no table library to be read."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from touchline.domain import archives

Floats = NDArray[np.float64]


def row_hash(features: Floats) -> str:
    """Hash of the features of one match that a model saw, (k,); all missing values count as the same.

    >>> row_hash(np.array([1.0, np.nan])) == row_hash(np.array([1.0, -np.nan]))
    True
    """
    return hashlib.sha256(np.where(np.isnan(features), np.nan, features).astype("<f8").tobytes()).hexdigest()


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
        return np.asarray(self.values[np.ix_(rows, self.columns(names))])

    def columns(self, names: tuple[str, ...]) -> list[int]:
        """Where features stand; looked up once for each list of names.

        Raises:
            KeyError: there is no such feature.
        """
        found = self._columns.get(names)
        if found is None:
            place = {name: number for number, name in enumerate(self.names)}
            found = self._columns[names] = [place[name] for name in names]
        return found

    @cached_property
    def _columns(self) -> dict[tuple[str, ...], list[int]]:
        return {}

    def to_bytes(self) -> bytes:
        """A numpy archive, not compressed: it is read on the way to a first answer."""
        arrays = {
            "match_ids": np.array(self.match_ids, np.str_),
            "names": np.array(self.names, np.str_),
            "values": np.asarray(self.values, np.float64),
        }
        return archives.pack(arrays, packed=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> "FeatureRows":
        """Rows from `to_bytes`.

        Raises:
            ValueError: the bytes are no such archive, or its arrays do not fit together.
        """
        arrays = archives.unpack(data)
        if missing := {"match_ids", "names", "values"} - arrays.keys():
            raise ValueError(f"no {', '.join(sorted(missing))} in the archive")
        rows = cls(tuple(arrays["match_ids"].tolist()), tuple(arrays["names"].tolist()), arrays["values"])
        if rows.values.shape != (len(rows.match_ids), len(rows.names)):
            raise ValueError(f"{len(rows.match_ids)} matches, {len(rows.names)} names, values {rows.values.shape}")
        return rows
