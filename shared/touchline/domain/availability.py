"""When the world could know what a row says, and what is left of a row before that moment."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from touchline.domain.vocabulary import (
    CLOSING_COLUMNS,
    ODDS_AVAILABLE,
    ODDS_COLUMNS,
    RESULT_AVAILABLE,
    STATISTIC_COLUMNS,
    UNKNOWN_KICKOFF_HOUR,
)

_END_OF_DAY: Final = timedelta(hours=24 - UNKNOWN_KICKOFF_HOUR)
KNOWN_AFTER: Final[Mapping[str, timedelta]] = {
    **dict.fromkeys(ODDS_COLUMNS, ODDS_AVAILABLE),
    **dict.fromkeys(CLOSING_COLUMNS, RESULT_AVAILABLE),
    **dict.fromkeys(STATISTIC_COLUMNS, RESULT_AVAILABLE),
    "status": RESULT_AVAILABLE,
}
"""Column -> how long after kick-off the world is assumed to know what stands there. No source says it itself.

Closing prices are those at kick-off, and come with the result. What is not named is known from the beginning: which
match it is, and when it is to be played; `status` is that it will be played until it is known that it was.
"""


def available_time(table: pd.DataFrame) -> pd.Series:
    """Moment at which the result and the statistics of each row are assumed to be known.

    Five hours after kick-off; where only the date is known (kick-off stands at noon), five hours after that day ends.

    >>> table = pd.DataFrame({"kickoff": pd.to_datetime(["2024-03-02 15:00Z", "2024-03-02 12:00Z"]).as_unit("us"),
    ...                       "kickoff_known": [True, False]})
    >>> available_time(table).astype(str).tolist()
    ['2024-03-02 20:00:00+00:00', '2024-03-03 05:00:00+00:00']
    """
    late = table["kickoff"] + _END_OF_DAY
    return table["kickoff"].where(table["kickoff_known"], late) + RESULT_AVAILABLE


def deadline(table: pd.DataFrame) -> pd.Series:
    """Moment before which a forecast of each row must be sealed.

    Kick-off; where only the date is known (kick-off stands at noon), the start of that day.

    >>> table = pd.DataFrame({"kickoff": pd.to_datetime(["2024-03-02 15:00Z", "2024-03-02 12:00Z"]).as_unit("us"),
    ...                       "kickoff_known": [True, False]})
    >>> deadline(table).astype(str).tolist()
    ['2024-03-02 15:00:00+00:00', '2024-03-02 00:00:00+00:00']
    """
    return table["kickoff"].where(table["kickoff_known"], table["kickoff"].dt.normalize())


def withhold(table: pd.DataFrame, now: datetime) -> tuple[pd.DataFrame, int]:
    """The table as it could have been known at a moment: later results become fixtures again.

    Returns:
        A copy with `available_time`; rows that are not known yet are scheduled, without scores, statistics, closing
        prices, and without prices before the match where those come later too. And how many finished rows that hid.
    """
    known = available_time(table)
    table = table.assign(available_time=known)
    hidden = known > now
    count = int((hidden & (table["status"] != "scheduled")).sum())
    for after, columns in _by_rule():
        unknown = hidden if after == RESULT_AVAILABLE else table["kickoff"] + after > now
        table.loc[unknown, columns] = float("nan")
    table.loc[hidden, "status"] = "scheduled"
    return table, count


def _by_rule() -> Iterator[tuple[timedelta, list[str]]]:
    """Each moment of KNOWN_AFTER with its columns of values."""
    for after in sorted(set(KNOWN_AFTER.values())):
        yield after, [name for name, rule in KNOWN_AFTER.items() if rule == after and name != "status"]
