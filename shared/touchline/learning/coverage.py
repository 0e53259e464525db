"""Where features are known: the share of matches in which each is not missing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


class Coverage(msgspec.Struct, frozen=True):
    """Share of matches in which a feature is known, from 0 to 1: of all, of each competition, of each season."""

    share: float
    competitions: dict[str, float]
    seasons: dict[str, float]

    def worst(self) -> tuple[str, float]:
        """The competition that knows it least, and its share."""
        return min(self.competitions.items(), key=lambda each: (each[1], each[0]))


def coverage(known: NDArray[np.bool_], names: Sequence[str], table: "pd.DataFrame") -> dict[str, Coverage]:
    """Coverage by feature.

    Args:
        known: (n, k) whether a feature of a match is known.
        names: (k,) of the features.
        table: (n) matches with `competition` and `season`.
    """
    import pandas as pd

    frame = pd.DataFrame(known, columns=list(names))
    parts = {column: frame.groupby(table[column].to_numpy()).mean() for column in ("competition", "season")}
    whole = frame.mean()
    return {
        name: Coverage(
            round(float(whole[name]), 4),
            *({str(key): round(float(share), 4) for key, share in part[name].items()} for part in parts.values()),
        )
        for name in names
    }
