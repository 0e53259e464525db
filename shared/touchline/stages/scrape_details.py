"""Details of matches on their way into the store: each finds its match by the number that the source gave it."""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from touchline.collecting import DETAILS
from touchline.domain.identity import UNPLAYED
from touchline.domain.vocabulary import MATCH_COLUMNS, STATISTIC_COLUMNS, side_columns
from touchline.sources.table import Rejected

_STATISTICS: Final = "statistics"
_TABLES: Final = tuple(name for name in DETAILS if name != _STATISTICS)
_SCORE: Final = side_columns("goals")
_GOALS: Final = (*_SCORE, *side_columns("goals_half_time"))
_FOUND: Final = [*STATISTIC_COLUMNS, "match_id", "payload"]


class Aside(NamedTuple):
    """Details that belong to no match that may have them, and why."""

    source_id: str
    reason: str

    def as_rejected(self) -> Rejected:
        """As it is kept in quarantine; details stand in no line."""
        return Rejected(0, self.reason, f"match {self.source_id} of the source")


class _Sent(NamedTuple):
    """A table of one payload, the matches of its numbers, who numbers them, and the sha256 of the payload."""

    table: pd.DataFrame
    linked: Mapping[str, str]
    source: str
    digest: str


class Details:
    """Details of a run's payloads; what comes later for a match and source takes the place of what came before."""

    def __init__(self) -> None:
        self._tables: dict[str, list[_Sent]] = {name: [] for name in DETAILS}
        self._bases: list[pd.DataFrame] = []

    def add(
        self,
        details: Mapping[str, pd.DataFrame],
        linked: Mapping[str, str],
        now: pd.DataFrame,
        source: str,
        digest: str,
    ) -> list[Aside]:
        """Add the tables of a payload; what cannot be true yet is returned.

        Args:
            details: tables with `source_id`; rows whose number is not in `linked` are left out.
            linked: number of the source -> `match_id`.
            now: IDENTITY and `available_time` of these matches, as far as is known.
            source: who numbers them so.
            digest: sha256 of the payload.
        """
        played = now[~now["status"].isin(UNPLAYED)]
        self._bases.append(played)
        for name, table in details.items():
            if len(table):
                self._tables[name].append(_Sent(table, linked, source, digest))
        told = set(details[_STATISTICS]["source_id"]) if _STATISTICS in details else set()
        early = {number for number in told if number in linked and linked[number] not in set(played["match_id"])}
        return [Aside(str(number), "statistics of a match that is still to be played") for number in sorted(early)]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables but the statistics, with `match_id`, `source` and `payload` (sha256); empty ones are left out."""
        found = {name: _newest(self._tables[name]) for name in _TABLES if self._tables[name]}
        return {name: table for name, table in found.items() if len(table)}

    def into(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with the statistics of their matches; a match without a row gets one that says nothing else.

        A score is never taken from details, since they do not say how a match stands; the half-time score only where
        the row leaves it open. Of the other statistics the details know more than the schedule.
        """
        if not self._tables[_STATISTICS]:
            return rows
        newest = _newest(self._tables[_STATISTICS]).drop_duplicates("match_id", keep="last")
        found = newest.reindex(columns=_FOUND).set_index("match_id")
        rows = pd.concat([rows, self._bare(found, rows)], ignore_index=True) if self._bases else rows
        played = ~rows["status"].isin(UNPLAYED)
        for name in STATISTIC_COLUMNS:
            told = rows["match_id"].map(found[name].astype("float64")).where(played)
            if name in _GOALS:
                rows[name] = rows[name] if name in _SCORE else rows[name].fillna(told)
            else:
                rows[name] = told.fillna(rows[name])
        return rows

    def _bare(self, found: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows that say of stored matches only what is stored: those that have statistics and no row yet."""
        bases = pd.concat(self._bases).drop_duplicates("match_id", keep="last")
        bases = bases[bases["match_id"].isin(found.index) & ~bases["match_id"].isin(rows["match_id"])]
        bare = bases.assign(payload=bases["match_id"].map(found["payload"]).astype("str"))
        numbers = [name for name in MATCH_COLUMNS if name not in bare]
        return (
            bare.assign(**dict.fromkeys(numbers, float("nan")))
            .reindex(columns=rows.columns)
            .astype({name: kind for name, kind in rows.dtypes.items() if name not in numbers})
        )


def of_no_match(details: Mapping[str, pd.DataFrame], linked: Collection[str]) -> list[Aside]:
    """Numbers that details stand under and that no row has told of."""
    numbers = sorted({str(number) for table in details.values() for number in table["source_id"]} - set(linked))
    reason = "no row of the source has told which match that is, or its row waits: touchline teams unresolved"
    return [Aside(number, reason) for number in numbers]


def _newest(sent: list[_Sent]) -> pd.DataFrame:
    """Of each match and source only the rows that came last; those of numbers without a match are left out."""
    sizes = [len(one.table) for one in sent]
    match_ids = [one.linked.get(number) for one in sent for number in one.table["source_id"].tolist()]
    together = pd.concat([one.table for one in sent], ignore_index=True).drop(columns="source_id")
    together = together.assign(
        match_id=pd.Series(match_ids, dtype="str"),
        source=pd.Series(np.repeat([one.source for one in sent], sizes), dtype="str"),
        payload=pd.Series(np.repeat([one.digest for one in sent], sizes), dtype="str"),
        came=np.repeat(range(len(sent)), sizes),
    )
    together = together[together["match_id"].notna()]
    last = together.groupby(["match_id", "source"])["came"].transform("max")
    return together[together["came"] == last].drop(columns="came").reset_index(drop=True)
