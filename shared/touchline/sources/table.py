"""From the cells of a source to rows of the tidy table: the checks that every parser shares.

A parser brings a frame with our column names, one row a match, cells as text or numbers. A row that cannot be true is
refused here with its line and reason; a statistic or a price that makes no sense is left out of its row, and noted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from touchline.domain import seasons
from touchline.domain.vocabulary import (
    BOOKMAKERS,
    MATCH_COLUMNS,
    ODDS_BOUNDS,
    OVERROUND_BOUNDS,
    STATISTIC_BOUNDS,
    STATISTICS,
    STATUSES,
    UNKNOWN_KICKOFF_HOUR,
    odds_columns,
    side_columns,
    slug,
)

LONDON: Final = ZoneInfo("Europe/London")
"""Times without an offset are UK local, as football-data.co.uk publishes them."""
NUMBERS: Final = MATCH_COLUMNS[8:]
"""Columns of statistics and prices."""
_SHOWN = 5
"""Lines that a note lists before it only counts."""
_TEXT_SHOWN = 200
_SCORES = (side_columns("goals"), side_columns("goals_half_time"))
_TRIPLES = [
    (f"{'closing' if closing else 'odds'}_{bookmaker}", odds_columns(bookmaker, closing=closing))
    for bookmaker in BOOKMAKERS
    for closing in (False, True)
]
_MEETING = ["competition", "season", "home_team", "away_team", "day"]
_OWN_WORDS: Final = ("source_id", "raw_status")
"""How a source itself numbers a match and calls its status; kept as they are, where a parser brings them."""


@dataclass(frozen=True)
class Rejected:
    """A row that was refused: where it stood (the header is line 1), why, and what it said."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Parsed:
    """What a payload holds: MATCH_COLUMNS (no `match_id` yet, teams as published) and its sha256 as `payload`.

    A source that numbers its matches brings `source_id` (text) as a further column, one that has its own words for a
    status `raw_status`. `details` are tables by the names in `touchline.collecting.DETAILS`, with `source_id`: they
    belong to matches that some rows of that source have described, and say nothing of which match that is.
    """

    rows: pd.DataFrame
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...]
    details: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def squeeze(cells: pd.Series) -> pd.Series:
    """Text without blanks (no-break spaces too) around and doubled within; missing becomes empty."""
    clean = {cell: "" if pd.isna(cell) else " ".join(str(cell).split()) for cell in cells.unique()}
    return cells.map(clean).fillna("").astype("str")


def kickoffs(day: pd.Series, time: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Kick-off in UTC from a day and a UK local time such as "19:45"; and whether the time is known.

    Without a time kick-off stands at noon UTC. Of the hour that comes twice when clocks go back, the first is meant.
    """
    clock = pd.to_datetime(time.where(time.str.fullmatch(r"\d{1,2}:\d\d")), format="%H:%M", errors="coerce")
    known = clock.notna() & day.notna()
    local = day + (clock - clock.dt.normalize())
    summer = np.ones(len(local), dtype=bool)
    utc = local.dt.tz_localize(LONDON, ambiguous=summer, nonexistent=pd.Timedelta("1h")).dt.tz_convert("UTC")
    noon = day.dt.tz_localize("UTC") + pd.Timedelta(hours=UNKNOWN_KICKOFF_HOUR)
    return utc.where(known, noon).dt.as_unit("us"), known


def finish(frame: pd.DataFrame, payload: str, shown: Callable[[int], str], notes: Sequence[str] = ()) -> Parsed:
    """Check a frame and turn it into rows of the tidy table.

    Args:
        frame: columns `line`, `competition`, `season`, `day` (midnight, no zone), `day_text`, `time`,
            `home_team`, `away_team`; optionally `kickoff` with `kickoff_known`, `status`, `result` (H, D, A), `refused`
            (a reason that the parser found), `shifted` (the row is longer than the header), statistics and prices,
            `source_id` and `raw_status`.
        payload: sha256 of the payload.
        shown: text of the row at a position, for reports.
        notes: what the parser has to say already.
    """
    frame, said = frame.reset_index(drop=True), list(notes)
    if "kickoff" not in frame:
        frame["kickoff"], frame["kickoff_known"] = kickoffs(frame["day"], frame["time"])
        odd = (frame["time"] != "") & ~frame["kickoff_known"] & frame["day"].notna()
        said += _note(frame, odd, "what stands as time is none; kick-off is taken as unknown")
    numbers, malformed = _numbers(frame)
    implied = pd.Series(np.where(numbers["home_goals"].notna(), "finished", "scheduled"), frame.index, dtype="str")
    frame["status"] = frame["status"].where(frame["status"] != "", implied) if "status" in frame else implied
    reasons = _reasons(frame, numbers, malformed)
    said += _drop_statistics(frame, numbers, malformed)
    said += _drop_prices(frame, numbers, malformed)
    again = (reasons == "") & frame.duplicated(_MEETING, keep="last")
    said += _note(frame, again, "the same match again further down, which is kept")
    own = [name for name in _OWN_WORDS if name in frame]
    rows = pd.concat([frame[[*MATCH_COLUMNS[1:8], *own]], numbers], axis=1)
    rows = rows[(reasons == "") & ~again].reset_index(drop=True)
    rows = rows.assign(
        match_id=pd.Series(pd.NA, rows.index, dtype="str"), payload=pd.Series(payload, rows.index, dtype="str")
    ).reindex(columns=[*MATCH_COLUMNS, "payload", *own])
    return Parsed(rows.astype(dict.fromkeys(NUMBERS, "float64")), tuple(_rejected(frame, reasons, shown)), tuple(said))


def _rejected(frame: pd.DataFrame, reasons: pd.Series, shown: Callable[[int], str]) -> list[Rejected]:
    refused = reasons[reasons != ""]
    return [Rejected(int(frame["line"][at]), reason, shown(int(at))[:_TEXT_SHOWN]) for at, reason in refused.items()]


def _note(frame: pd.DataFrame, which: pd.Series, what: str) -> list[str]:
    lines = frame.loc[which, "line"].astype(int).tolist()
    if not lines:
        return []
    shown = ", ".join(map(str, lines[:_SHOWN])) + (", ..." if len(lines) > _SHOWN else "")
    return [f"{len(lines)} row{'s' * (len(lines) > 1)}: {what} (line {shown})"]


def _numbers(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The statistics and prices that are there, as float64; and which cells hold text that is no number.

    Both sides of a statistic and all three prices of a bookmaker stand there as soon as one does; scores always.
    """
    groups = [side_columns(name) for name in STATISTICS] + [columns for _, columns in _TRIPLES]
    wanted = [
        column for group in groups if group in _SCORES or any(column in frame for column in group) for column in group
    ]
    blank = pd.Series(np.nan, frame.index)
    cells = {column: frame.get(column, blank) for column in wanted}
    values = {column: pd.to_numeric(cell, errors="coerce").astype("float64") for column, cell in cells.items()}
    malformed = {
        column: values[column].isna() & cell.notna() & (cell != "")
        if not pd.api.types.is_numeric_dtype(cell.dtype)
        else pd.Series(False, frame.index)
        for column, cell in cells.items()
    }
    return pd.DataFrame(values, frame.index), pd.DataFrame(malformed, frame.index)


def _reasons(frame: pd.DataFrame, numbers: pd.DataFrame, malformed: pd.DataFrame) -> pd.Series:
    """Why each row is refused, empty where it is not; the first reason counts."""
    home, away = numbers["home_goals"], numbers["away_goals"]
    half_home, half_away = (numbers[column] for column in side_columns("goals_half_time"))
    scored = home.notna() & away.notna()
    checks = [
        *([(frame["refused"] != "", "{refused}")] if "refused" in frame else []),
        (frame["competition"] == "", "no competition"),
        (frame["day"].isna(), "'{day_text}' is no day"),
        (frame["home_team"] == "", "no home team"),
        (frame["away_team"] == "", "no away team"),
        (frame["home_team"] == frame["away_team"], "{home_team} against itself"),
        (_unspeakable(frame), "no letter or digit of the Latin alphabet in '{home_team}' or '{away_team}'"),
        (~frame["status"].isin(STATUSES), "unknown status '{status}'"),
        (_impossible(numbers, malformed, "goals"), "impossible goals: {home_goals}-{away_goals}"),
        (home.isna() != away.isna(), "half a score: the goals of one side are missing"),
        ((half_home > home) | (half_away > away), "more goals at half-time than at full time"),
        (_contradicted(frame, home, away), "the goals {home_goals}-{away_goals} do not make the result {result}"),
        ((frame["status"] == "finished") & ~scored, "finished without a score"),
        ((frame["status"] == "scheduled") & scored, "scheduled, yet with a score"),
        (_out_of_season(frame), "{day:%Y-%m-%d} lies outside the season {season}"),
        (_other_score(frame, home, away), "another score than the same match has further up"),
    ]
    reasons = pd.Series("", frame.index, dtype="str")
    for failed, reason in checks:
        for place in frame.index[failed & (reasons == "")]:
            reasons[place] = reason.format(**frame.loc[place].to_dict())
    return reasons


def _impossible(numbers: pd.DataFrame, malformed: pd.DataFrame, statistic: str) -> pd.Series:
    """Rows in which a statistic of either side is no number, not whole, or outside its bounds."""
    low, high = STATISTIC_BOUNDS[statistic]
    columns = list(side_columns(statistic))
    pair = numbers[columns].to_numpy()
    bad = (pair < low) | (pair > high) | (pair % 1 > 0) | malformed[columns].to_numpy()
    return pd.Series(bad.any(axis=1), numbers.index)


def _unspeakable(frame: pd.DataFrame) -> pd.Series:
    """Rows with a team or competition of which no key can be made."""
    columns = ["competition", "home_team", "away_team"]
    names = {name for column in columns for name in frame[column].unique()}
    return frame[columns].isin([name for name in names if not _slug_or_empty(name)]).any(axis=1)


def _slug_or_empty(name: str) -> str:
    try:
        return slug(name)
    except ValueError:
        return ""


def _contradicted(frame: pd.DataFrame, home: pd.Series, away: pd.Series) -> pd.Series:
    if "result" not in frame:
        return pd.Series(False, frame.index)
    stated = frame["result"].str.upper().map({"H": 1.0, "D": 0.0, "A": -1.0}).fillna(9.0)
    return (frame["result"] != "") & home.notna() & (np.sign(home - away) != stated)


def _out_of_season(frame: pd.DataFrame) -> pd.Series:
    windows = {name: seasons.bounds(name) for name in frame["season"].unique() if name}
    first, last = (
        pd.to_datetime(frame["season"].map({name: window[end] for name, window in windows.items()})) for end in (0, 1)
    )
    return (frame["day"] < first) | (frame["day"] > last)


def _other_score(frame: pd.DataFrame, home: pd.Series, away: pd.Series) -> pd.Series:
    repeated = frame.duplicated(_MEETING, keep=False) & home.notna()
    score = (home * 100 + away).where(repeated)
    first = score.groupby([frame.loc[repeated, column] for column in _MEETING]).transform("first")
    return repeated & (score != first.reindex(frame.index))


def _drop_statistics(frame: pd.DataFrame, numbers: pd.DataFrame, malformed: pd.DataFrame) -> list[str]:
    notes = []
    for statistic in STATISTICS[1:]:
        columns = list(side_columns(statistic))
        if columns[0] not in numbers:
            continue
        bad = _impossible(numbers, malformed, statistic)
        if statistic == "goals_half_time":
            bad |= numbers[columns[0]].isna() != numbers[columns[1]].isna()
        if bad.any():
            numbers.loc[bad, columns] = np.nan
            notes += _note(frame, bad, f"incomplete or impossible {statistic.replace('_', ' ')}, left out")
    return notes


def _drop_prices(frame: pd.DataFrame, numbers: pd.DataFrame, malformed: pd.DataFrame) -> list[str]:
    """Leave out triples that cannot be, and all prices of a row longer than the header if one of them cannot be."""
    notes, shifted = [], pd.Series(False, frame.index)
    for name, triple in _TRIPLES:
        if triple[0] not in numbers:
            continue
        columns = list(triple)
        prices = numbers[columns].to_numpy()
        given = ~np.isnan(prices).all(axis=1) | malformed[columns].to_numpy().any(axis=1)
        bad = pd.Series(given & ~_plausible(prices), frame.index)
        if bad.any():
            numbers.loc[bad, columns] = np.nan
            notes += _note(frame, bad, f"incomplete or impossible {name} prices, left out")
            shifted |= bad & frame["shifted"] if "shifted" in frame else False
    if shifted.any():
        numbers.loc[shifted, [column for column in numbers if column.startswith(("odds_", "closing_"))]] = np.nan
        notes += _note(frame, shifted, "longer than the header, and prices do not fit their columns: all left out")
    return notes


def _plausible(prices: np.ndarray) -> np.ndarray:
    """Rows of (n, 3) prices that are complete, within bounds, and sum to a sensible overround."""
    with np.errstate(divide="ignore", invalid="ignore"):
        overround = (1 / prices).sum(axis=1)
        within = ((prices >= ODDS_BOUNDS[0]) & (prices <= ODDS_BOUNDS[1])).all(axis=1)
    return np.asarray(within & (overround >= OVERROUND_BOUNDS[0]) & (overround <= OVERROUND_BOUNDS[1]))
