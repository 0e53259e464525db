"""Tables that are tidy already: exports of match data, Touchline's own snapshots, and small files written by hand.

CSV (also gzipped) or parquet, one row a match. Three spellings of the columns are known and may be mixed:

* Touchline's own (MATCH_COLUMNS): `competition, season, kickoff, home_team, home_shots_on_target, odds_b365_home, ...`
* short ones: `league, season, date, time, home, home_sot, ht_home_goals, b365_h, psc_h, ...`, where a c after the
  bookmaker means the closing price; `season_end_year` may stand for `season`
* the least: `competition, date, home_team, away_team`, and `home_goals, away_goals` where they are known

Dates are yyyy-mm-dd, times without an offset are UK local; without a season, it follows from the date.
"""

import difflib
import io
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Final

import pandas as pd

from touchline.domain import seasons
from touchline.domain.competitions import EXTRA_BY_COUNTRY, competition, listed_as
from touchline.domain.vocabulary import BOOKMAKERS, MATCH_COLUMNS, OUTCOMES, odds_columns, side_columns
from touchline.errors import DataError, UnknownName
from touchline.manifest import sha256
from touchline.ports import Payload
from touchline.sources.packed import GZIP, unzip
from touchline.sources.table import LONDON, NUMBERS, Parsed, finish, squeeze

_SHORT: Final[dict[str, str]] = {
    "league": "competition",
    "home": "home_team",
    "away": "away_team",
    **{f"ht_{side}_goals": f"{side}_goals_half_time" for side in ("home", "away")},
    **{
        f"{side}_{short}": column
        for short, statistic in {"sot": "shots_on_target", "yellow": "yellow_cards", "red": "red_cards"}.items()
        for side, column in zip(("home", "away"), side_columns(statistic), strict=True)
    },
    **{
        f"{bookmaker}{'c' * closing}_{outcome[0]}": column
        for bookmaker in BOOKMAKERS
        for closing in (False, True)
        for outcome, column in zip(OUTCOMES, odds_columns(bookmaker, closing=closing), strict=True)
    },
}
_OWN: Final = frozenset({*MATCH_COLUMNS, "date", "time", "result", "season_end_year"})
_LEFT: Final = frozenset({"match_id", "referee", "source", "available_time", "payload"})
"""Known, and made anew or not kept."""
_TEXT: Final = ("competition", "home_team", "away_team", "season", "time", "result", "status", "kickoff", "date")
_KNOWN: Final = {"true": True, "false": False, "1": True, "0": False}
PARQUET: Final = b"PAR1"
EXAMPLE: Final = "competition,date,home_team,away_team,home_goals,away_goals"


def parse(payload: Payload) -> Parsed:
    """Rows of one tidy table.

    Raises:
        DataError: it cannot be read, a column is missing or unknown, two columns mean the same, or `kickoff_known` says
            neither yes nor no.
        UnknownName: a competition is written almost as a listed one.
    """
    table = read(payload)
    frame = _rename(table, payload.name)
    frame["line"] = range(2, len(frame) + 2)
    frame["refused"] = ""
    _name_competitions(frame, payload.name)
    _say_when(frame, payload.name)
    _name_seasons(frame)

    def shown(at: int) -> str:
        return ",".join(str(cell) for cell in table.iloc[at] if not pd.isna(cell))

    return finish(frame, sha256(payload.body), shown)


def read(payload: Payload) -> pd.DataFrame:
    """The table in a payload, columns as named there.

    Raises:
        DataError: the bytes are neither parquet nor CSV, or rows are longer than the header.
    """
    body = unzip(payload.body, payload.name) if payload.body.startswith(GZIP) else payload.body
    try:
        if payload.body.startswith(PARQUET):
            return pd.read_parquet(io.BytesIO(payload.body))
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # raised where cells would be lost
            return _read_csv(body)
    except pd.errors.ParserWarning as error:
        raise DataError("rows are longer than the header", where=payload.name, hint="name every column") from error
    except (ValueError, OSError, EOFError) as error:  # parsers raise kinds of ValueError
        hint = f"send parquet, or CSV in UTF-8 with a header such as {EXAMPLE}"
        raise DataError(f"not a readable table: {error}".strip(), where=payload.name, hint=hint) from error


def _read_csv(body: bytes) -> pd.DataFrame:
    """CSV with text where we want text; elsewhere numbers, if all cells are. Only an empty cell is missing."""
    header = pd.read_csv(io.BytesIO(body), nrows=0, encoding="utf-8-sig", index_col=False)
    text = {name: "str" for name in header.columns if _SHORT.get(name.strip(), name.strip()) not in NUMBERS}
    table = pd.read_csv(
        io.BytesIO(body), dtype=text, keep_default_na=False, na_values=[""], encoding="utf-8-sig", index_col=False,
        low_memory=False,
    )  # fmt: skip
    return table.rename(columns=str.strip).dropna(how="all")


def _rename(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """The columns that we know under our names, text cells cleaned."""
    names = {column: _SHORT.get(column, column) for column in table.columns if column not in _LEFT}
    unknown = [column for column, name in names.items() if name not in _OWN]
    if unknown:
        raise DataError(
            f"unknown column{'s' * (len(unknown) > 1)} {', '.join(unknown)}",
            where=where,
            details=tuple(_suggestion(column) for column in unknown),
            hint="rename or remove them; the least that is needed is " + EXAMPLE,
        )
    twice = sorted(name for name, count in Counter(names.values()).items() if count > 1)
    if twice:
        raise DataError(f"several columns mean {', '.join(twice)}", where=where, hint="leave one of them")
    _require(set(names.values()), list(table.columns), where)
    frame = table[list(names)].rename(columns=names).reset_index(drop=True)
    text = [name for name in _TEXT if name in frame and not isinstance(frame[name].dtype, pd.DatetimeTZDtype)]
    return frame.assign(**{name: squeeze(frame[name]) for name in text})


def _suggestion(column: str) -> str:
    near = difflib.get_close_matches(column, [*_SHORT, *_OWN], n=1)
    return f"{column}: did you mean {near[0]}?" if near else f"{column}: fits nothing that we know"


def _require(names: set[str], found: Sequence[str], where: str) -> None:
    day = "kickoff" if "kickoff" in names else "date"
    missing = [name for name in ("competition", day, "home_team", "away_team") if name not in names]
    if missing:
        raise DataError(
            f"no column {', '.join(missing)}",
            where=where,
            details=(f"found: {', '.join(found) or 'nothing'}",),
            hint=f"a header such as {EXAMPLE} is enough",
        )


def _name_competitions(frame: pd.DataFrame, where: str) -> None:
    """Extra leagues may be given by their country; a code written otherwise than ours would share its identities."""
    frame["competition"] = frame["competition"].replace(EXTRA_BY_COUNTRY)
    odd = {
        code: right for code in sorted(frame["competition"].unique()) if (right := listed_as(code)) not in ("", code)
    }
    if odd:
        details = tuple(f"{code}: did you mean {right}?" for code, right in odd.items())
        raise UnknownName(
            f"unknown competition {', '.join(odd)}", where=where, details=details, hint="write codes as they are listed"
        )
    if "status" in frame:
        frame["status"] = frame["status"].str.lower()


def _say_when(frame: pd.DataFrame, where: str) -> None:
    """Day (in London), and kick-off where the table has one."""
    if "kickoff" in frame:
        _read_kickoff(frame, where)
        frame["day"] = frame["kickoff"].dt.tz_convert(LONDON).dt.tz_localize(None).dt.normalize()
        return
    frame["day_text"] = frame["date"]
    frame["day"] = pd.to_datetime(frame["date"], format="%Y-%m-%d", errors="coerce").dt.as_unit("us")
    frame.loc[frame["day"].isna(), "refused"] = "'" + frame["date"] + "' is no day written as yyyy-mm-dd"
    frame["time"] = frame["time"] if "time" in frame else pd.Series("", frame.index, dtype="str")


def _read_kickoff(frame: pd.DataFrame, where: str) -> None:
    given = frame["kickoff"]
    frame["day_text"] = given.astype("str")
    if not isinstance(given.dtype, pd.DatetimeTZDtype):
        bad = ~given.str.contains(r"T?\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$", regex=True)
        given = pd.to_datetime(given.mask(bad), format="ISO8601", utc=True, errors="coerce")
        frame.loc[given.isna(), "refused"] = (
            "'" + frame["day_text"] + "' is no moment with its offset (2024-05-19T15:00Z)"
        )
    frame["kickoff"] = given.dt.tz_convert("UTC").dt.as_unit("us")
    frame["kickoff_known"] = frame["kickoff"].notna() & _stated(frame, where)


def _stated(frame: pd.DataFrame, where: str) -> "pd.Series[bool]":
    """Whether each kick-off is said to be known; where nothing says so, it is."""
    if "kickoff_known" not in frame:
        return pd.Series(True, frame.index)
    said = squeeze(frame["kickoff_known"]).str.lower()
    odd = frame.loc[~said.isin(list(_KNOWN)), ["line", "kickoff_known"]]
    if len(odd):
        line, text = odd.iloc[0]
        raise DataError(
            f"line {line}: {text!r} is neither true nor false", where=where, hint="kickoff_known: true, false, 1 or 0"
        )
    return said.map(_KNOWN).astype(bool)


def _name_seasons(frame: pd.DataFrame) -> None:
    """Season of each row: as given, else from the year in which it ends, else from the day."""
    if "season_end_year" in frame:
        frame["season"] = _by_end_year(frame)
    given = frame["season"] if "season" in frame else pd.Series("", frame.index, dtype="str")
    labels = {text: _normalised(text) for text in given.unique()}
    bad = (given != "") & (given.map(labels) == "")
    frame.loc[bad & (frame["refused"] == ""), "refused"] = "'" + given + "' is no season"
    by_day = given.map(labels).where(given != "", _by_day(frame)) if (given == "").any() else given.map(labels)
    frame["season"] = by_day.fillna("").astype("str")


def _normalised(text: str) -> str:
    try:
        return seasons.normalise(text)
    except ValueError:
        return ""


def _by_day(frame: pd.DataFrame) -> pd.Series:
    pairs = frame[["competition", "day"]].drop_duplicates().dropna()
    named = {
        (code, day): seasons.season_of(day.date(), competition(code).calendar_year)
        for code, day in zip(pairs["competition"], pairs["day"], strict=True)
    }
    keys = zip(frame["competition"], frame["day"], strict=True)
    return pd.Series([named.get(key, "") for key in keys], frame.index, dtype="str")


def _by_end_year(frame: pd.DataFrame) -> pd.Series:
    """Season from the year in which it ends, which says nothing of whether it lies within that year.

    It does where the league plays so and nothing of the season was played in the year before; or where a day can only
    belong to such a season (leagues that changed their calendar).
    """
    end = pd.to_numeric(frame["season_end_year"], errors="coerce").fillna(0).astype(int)
    calendar = frame["competition"].map(
        {code: competition(code).calendar_year for code in frame["competition"].unique()}
    )
    starts_before = (frame["day"].dt.year < end).groupby([frame["competition"], end]).transform("any")
    over_two = {year: seasons.label(year - 1) for year in end.unique() if year}
    last = pd.to_datetime(end.map({year: seasons.bounds(name)[1] for year, name in over_two.items()}))
    within = calendar & (~starts_before | (frame["day"] > last))
    named = end.map(over_two).where(~within, end.astype("str"))
    return named.where(end > 0, squeeze(frame["season_end_year"])).astype("str")
