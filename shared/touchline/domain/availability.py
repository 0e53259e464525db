"""When the world could know what a row says, and what is left of a row before that moment."""

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
_AFTER: Final = [*STATISTIC_COLUMNS, *CLOSING_COLUMNS]


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
    table.loc[hidden, _AFTER] = float("nan")
    table.loc[hidden, "status"] = "scheduled"
    table.loc[table["kickoff"] + ODDS_AVAILABLE > now, list(ODDS_COLUMNS)] = float("nan")
    return table, count
