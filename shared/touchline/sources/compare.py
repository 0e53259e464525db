"""Whether a page that was read before still says the same."""

from collections import Counter
from typing import Final

import msgspec
import pandas as pd

from touchline.sources.table import Parsed

_OURS: Final = ("match_id", "payload")


class Comparison(msgspec.Struct, frozen=True):
    """Old rows, and how many of them are not there any more as they were."""

    rows: int
    different: int
    example: str = ""

    @property
    def share(self) -> float:
        """Part of the rows that differ, 0 to 1."""
        return self.different / self.rows if self.rows else 0.0


def compare(before: Parsed, after: Parsed) -> Comparison:
    """Look for the old rows of finished matches, and all old details, in what came now; what is new does not count."""
    old, new = _lines(before), _lines(after)
    gone = old - new
    return Comparison(old.total(), gone.total(), next(iter(sorted(gone)), "")[:200])


def _lines(parsed: Parsed) -> Counter[str]:
    tables = {"matches": parsed.rows[parsed.rows["status"] == "finished"], **parsed.details}
    return Counter(line for name, table in sorted(tables.items()) for line in _table(name, table))


def _table(name: str, table: pd.DataFrame) -> list[str]:
    """Each row as text: the cells that are there, by the names of their columns."""
    columns = sorted(column for column in table.columns if column not in _OURS)
    rows = table[columns].to_dict("records")
    return [f"{name}: " + ", ".join(f"{key}={cell}" for key, cell in row.items() if not pd.isna(cell)) for row in rows]
