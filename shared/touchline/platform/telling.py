"""A source that tells of matches as the world came to know them: fixtures ahead, results some hours after the end."""

import io
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from touchline.domain.availability import available_time, withhold

AHEAD: Final = timedelta(days=28)
"""Fixtures are told on Mondays, for so long after that day: files name the day and the time at which they were played
in the end, so a match that was moved is told where it was moved to."""
UNTOLD, ANNOUNCED, KNOWN = range(3)
Change = Callable[[pd.DataFrame, datetime], pd.DataFrame]
"""What is done to rows before they are told, at a moment: how faults are planted."""


class Teller:
    """Tells each match twice at most: as a fixture, and as it ended.

    Args:
        matches: rows as a source's parser gives them.
        change: done to what is told.
    """

    def __init__(self, matches: pd.DataFrame, change: Change | None = None) -> None:
        self._matches = matches.sort_values(["kickoff", "competition", "home_team"], ignore_index=True)
        self._known = available_time(self._matches)
        self._told = np.full(len(matches), UNTOLD)
        self._change = change

    def past(self, now: datetime) -> dict[str, bytes]:
        """What is known of matches that are over, told first: models are learnt of it."""
        return self._files({"results": self._known <= now}, now)

    def news(self, now: datetime) -> dict[str, bytes]:
        """Files with the matches of which there is something new at a moment, and nothing that is known only later.

        `results` and `fixtures`, CSV; what there is none of is left out.
        """
        monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
        state = np.where(self._matches["kickoff"] < monday + AHEAD, ANNOUNCED, UNTOLD)
        state = np.where(self._known <= now, KNOWN, state)
        fresh = state > self._told
        return self._files({"results": fresh & (state == KNOWN), "fixtures": fresh & (state == ANNOUNCED)}, now)

    def between(self, since: datetime, until: datetime) -> bool:
        """Whether a fixture that was told kicks off after one moment and up to another."""
        kickoff = self._matches["kickoff"]
        return bool(((kickoff > since) & (kickoff <= until) & (self._told == ANNOUNCED)).any())

    def _files(self, kinds: Mapping[str, NDArray[np.bool_]], now: datetime) -> dict[str, bytes]:
        for which, state in zip(kinds.values(), (KNOWN, ANNOUNCED), strict=False):
            self._told[which] = state
        files = {name: self._file(which, now) for name, which in kinds.items() if which.any()}
        return {name: body for name, body in files.items() if body}

    def _file(self, which: NDArray[np.bool_], now: datetime) -> bytes:
        rows, _ = withhold(self._matches[which].reset_index(drop=True), now)
        rows = rows if self._change is None else self._change(rows, now)
        return _csv(rows) if len(rows) else b""


def _csv(rows: pd.DataFrame) -> bytes:
    stream = io.StringIO()
    narrow = rows.drop(columns=["available_time", "match_id", "payload"], errors="ignore").dropna(axis=1, how="all")
    narrow.to_csv(stream, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    return stream.getvalue().encode()
