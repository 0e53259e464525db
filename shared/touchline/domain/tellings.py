"""What several payloads tell of a match, put together in the order of their moments.

A match is told of in three kinds, each with a memory of its own of how new it is: how it stands (kick-off, status,
score), its statistics, and its prices. The newest that is told of a kind stands; what it leaves open is taken from
older ones. That a schedule was read after the page of a match says nothing about the statistics of that page.
"""

from typing import Final

import pandas as pd

from touchline.domain.vocabulary import CLOSING_COLUMNS, ODDS_COLUMNS, STATISTIC_COLUMNS, side_columns

SCORE: Final = side_columns("goals")
COUNTED: Final = tuple(name for name in STATISTIC_COLUMNS if name not in SCORE)
"""Statistics; the score at half-time is one of them, since it is told by pages that do not say how a match stands."""
QUOTED: Final = (*ODDS_COLUMNS, *CLOSING_COLUMNS)
SEEN: Final = ("seen", "statistics_seen", "prices_seen")
"""Moment of the newest payload that told of each kind, as stored."""
MOMENTS: Final = ("retrieved", "statistics_retrieved", "prices_retrieved")
"""The same of a row; of the kinds that it does not tell of there is none."""
_OF_STATUS: Final = (*SCORE, "raw_status")


def by_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with a moment for each kind in place of one for all.

    Args:
        rows: MATCH_COLUMNS, `retrieved` (the moment), and `bare` (bool): such a row says nothing of how its match
            stands, what it has of that is only to recognise the match.

    >>> row = pd.DataFrame({name: [None] for name in (*COUNTED, *QUOTED)}).assign(home_shots=9, retrieved=3, bare=True)
    >>> by_kind(row)[list(MOMENTS)].notna().iloc[0].tolist()
    [False, True, False]
    """
    retrieved = rows["retrieved"]
    moments = (
        retrieved.where(~rows["bare"]),
        retrieved.where(rows[list(COUNTED)].notna().any(axis=1)),
        retrieved.where(rows[list(QUOTED)].notna().any(axis=1)),
    )
    return rows.drop(columns="bare").assign(**dict(zip(MOMENTS, moments, strict=True)))


def one_each(rows: pd.DataFrame, seen: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row a match, of rows as of `by_kind` with `raw_status`; by kick-off where there were several.

    Args:
        rows: any number of rows a match.
        seen: SEEN of stored matches, by `match_id`. What was told before that is left out where newer rows tell of the
            same kind, since it must not come to stand beside them over what is stored.
    """
    if not rows["match_id"].duplicated().any():
        return rows
    newest = rows[list(MOMENTS)].max(axis=1)
    rows = rows.iloc[newest.argsort(kind="stable")]
    if seen is not None:
        rows = _without_outdated(rows, seen)
    rows = _of_last_status(rows)
    groups = {moment: [*columns, moment] for moment, columns in zip(MOMENTS, ((), COUNTED, QUOTED), strict=True)}
    told = [name for columns in (groups[moment] for moment in MOMENTS[1:]) for name in columns]
    own = rows["retrieved"].notna()
    standing = pd.concat([rows[~own & ~rows["match_id"].isin(rows["match_id"][own])], rows[own]])
    last = standing.drop(columns=told).groupby("match_id", sort=False).last()
    last = last.join(rows.groupby("match_id", sort=False)[told].last())
    return last.reset_index()[list(rows.columns)].sort_values(["kickoff", "match_id"], ignore_index=True)


def _without_outdated(rows: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    rows = rows.copy()
    for moment, stored, columns in zip(MOMENTS, SEEN, (_OF_STATUS, COUNTED, QUOTED), strict=True):
        since = seen[stored].reindex(rows["match_id"]).set_axis(rows.index)
        newest = rows.groupby("match_id")[moment].transform("max")
        outdated = (rows[moment] < since) & (newest >= since)
        rows.loc[outdated, list(columns)] = None
    return rows


def _of_last_status(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows by moment, without scores of another status than the last: it comes with its own score, or with none."""
    own = rows[rows["retrieved"].notna()]
    other = own["status"] != own.groupby("match_id")["status"].transform("last")
    before = other[::-1].groupby(own["match_id"][::-1]).cummax()[::-1]
    rows = rows.copy()
    rows.loc[before.index[before], list(_OF_STATUS)] = None
    return rows
