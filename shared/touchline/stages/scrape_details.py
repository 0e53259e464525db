"""Details of matches on their way into the store: each finds its match by the number that the source gave it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from touchline.collecting import DETAILS
from touchline.domain.identity import UNPLAYED
from touchline.domain.tellings import COUNTED
from touchline.sources.table import Rejected

_STATISTICS: Final = "statistics"
_TABLES: Final = tuple(name for name in DETAILS if name != _STATISTICS)
_FOUND: Final = [*COUNTED, "match_id", "payload", "retrieved"]


class Aside(NamedTuple):
    """Details that belong to no match that may have them, and why."""

    source_id: str
    reason: str

    def as_rejected(self) -> Rejected:
        """As it is kept in quarantine; details stand in no line."""
        return Rejected(0, self.reason, f"match {self.source_id} of the source")


class _Sent(NamedTuple):
    """A table of one payload, the matches of its numbers, who numbers them, sha256 and moment of the payload."""

    table: pd.DataFrame
    linked: Mapping[str, str]
    source: str
    digest: str
    retrieved: datetime


class Details:
    """Details of a run's payloads; the newest page of a match and source is all that there is of it."""

    def __init__(self) -> None:
        self._tables: dict[str, list[_Sent]] = {name: [] for name in DETAILS}

    def add(
        self,
        details: Mapping[str, pd.DataFrame],
        linked: Mapping[str, str],
        now: pd.DataFrame,
        source: str,
        digest: str,
        retrieved: datetime,
    ) -> list[Aside]:
        """Add the tables of a payload; what cannot be true yet is returned.

        Args:
            details: tables with `source_id`; rows whose number is not in `linked` are left out.
            linked: number of the source -> `match_id`.
            now: IDENTITY and `available_time` of these matches, as far as is known.
            source: who numbers them so.
            digest: sha256 of the payload.
            retrieved: its moment.
        """
        played = now[~now["status"].isin(UNPLAYED)]
        for name, table in details.items():
            if len(table):
                self._tables[name].append(_Sent(table, linked, source, digest, retrieved))
        told = set(details[_STATISTICS]["source_id"]) if _STATISTICS in details else set()
        early = {number for number in told if number in linked and linked[number] not in set(played["match_id"])}
        return [Aside(str(number), "statistics of a match that is still to be played") for number in sorted(early)]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables but the statistics, with `match_id`, `source`, `payload` (sha256), `retrieved`; without empty ones."""
        found = {name: _newest(self._tables[name]) for name in _TABLES if self._tables[name]}
        return {name: table for name, table in found.items() if len(table)}

    @property
    def counted(self) -> set[str]:
        """`match_id` of matches of which there are statistics."""
        return {
            one.linked[number]
            for one in self._tables[_STATISTICS]
            for number in one.table["source_id"]
            if number in one.linked
        }

    def statistics(self, now: pd.DataFrame) -> pd.DataFrame:
        """Bare rows with the statistics of matches that were played.

        A score is never taken from details, since they do not say how a match stands.

        Args:
            now: IDENTITY and `available_time` of the matches in `counted`.
        """
        if not self._tables[_STATISTICS]:
            return pd.DataFrame()
        newest = _newest(self._tables[_STATISTICS]).reindex(columns=_FOUND)
        played = now[~now["status"].isin(UNPLAYED)]
        return played.merge(newest.astype(dict.fromkeys(COUNTED, "float64")), on="match_id").assign(bare=True)


def of_no_match(details: Mapping[str, pd.DataFrame], linked: Collection[str]) -> list[Aside]:
    """Numbers that details stand under and that no row has told of."""
    numbers = sorted({str(number) for table in details.values() for number in table["source_id"]} - set(linked))
    reason = "no row of the source has told which match that is, or its row waits: touchline teams unresolved"
    return [Aside(number, reason) for number in numbers]


def _newest(sent: list[_Sent]) -> pd.DataFrame:
    """Of each match and source only the rows of the newest page; those of numbers without a match are left out."""
    sent = sorted(sent, key=lambda one: one.retrieved)
    sizes = [len(one.table) for one in sent]
    match_ids = [one.linked.get(number) for one in sent for number in one.table["source_id"].tolist()]
    moments = pd.Series([one.retrieved for one in sent], dtype="datetime64[us, UTC]")
    together = pd.concat([one.table for one in sent], ignore_index=True).drop(columns="source_id")
    together = together.assign(
        match_id=pd.Series(match_ids, dtype="str"),
        source=pd.Series(np.repeat([one.source for one in sent], sizes), dtype="str"),
        payload=pd.Series(np.repeat([one.digest for one in sent], sizes), dtype="str"),
        retrieved=moments.repeat(sizes).reset_index(drop=True),
        came=np.repeat(range(len(sent)), sizes),
    )
    together = together[together["match_id"].notna()]
    last = together.groupby(["match_id", "source"])["came"].transform("max")
    return together[together["came"] == last].drop(columns="came").reset_index(drop=True)
