"""football-data.co.uk: season files of 22 divisions, files of 16 extra leagues, and fixtures, all as CSV.

`parse` is pure and takes the files as they have been published since 1993, quirks and all; `FootballData`
says which of them are wanted.
"""

import csv
import io
import re
from collections.abc import Generator, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import pandas as pd

from touchline.collecting import About, Page, Scope, Verdict
from touchline.domain import seasons as season_names
from touchline.domain.competitions import COMPETITIONS, EXTRA_BY_COUNTRY, EXTRA_LEAGUES, MAIN_DIVISIONS, competition
from touchline.errors import ConfigurationError, DataError
from touchline.manifest import sha256
from touchline.ports import Payload
from touchline.sources.football_data_columns import Columns, read_header
from touchline.sources.packed import GZIP, unzip
from touchline.sources.table import Parsed, finish, squeeze

NAME: Final = "football-data"
SEASON_AGAIN: Final = timedelta(hours=6)
FIXTURES_AGAIN: Final = timedelta(hours=2)
FORMATS: Final = ("%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d")
"""Dates of the site, day first; every cell must fit one of them exactly."""

_SEASONS: Final = "mmz4281"
_LONGEST_SEASON: Final = 425
_NAMED_SEASON: Final = re.compile(r"(?<!\d)(?:(\d{4})[-_](\d{2}|\d{4})|(\d{2})(\d{2}))(?!\d)")


def parse(payload: Payload) -> Parsed:
    """Rows of one file.

    The season is that of the file: its Season column, else what its name says (mmz4281/2425/E0.csv, E0_2024-25.csv),
    else the one in the middle of its dates.

    Raises:
        DataError: the file is no CSV of this site, has a column that the site does not document, or its dates lie in
            another season than its name says.
    """
    text = decode(payload.body, payload.name)
    lines = _lines(text)
    header = [" ".join(name.split()) for name in lines[0][1]] if lines else []
    columns = read_header(header, payload.name)
    frame, notes = _frame(lines[1:], header, columns)
    frame["day"] = days(frame["day_text"])
    _name_competitions(frame)
    notes += _name_seasons(frame, payload.name)
    shown = [",".join(fields) for _, fields in lines[1:]]
    return finish(frame, sha256(payload.body), shown.__getitem__, (*columns.notes, *notes))


def decode(body: bytes, where: str) -> str:
    """Text of a CSV file, gzipped or not, in UTF-8 (with or without a mark) or, as older ones are, cp1252.

    Raises:
        DataError: it is empty, a web page, or a workbook.
    """
    if body.startswith(GZIP):
        body = unzip(body, where)
    start = body[:512].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if not start:
        raise DataError("the file is empty", where=where, hint="fetch it again")
    if start.startswith(b"<") or b"<html" in start:
        raise DataError(
            "a web page instead of a CSV file", where=where, hint="open the address in a browser to see why"
        )
    if start.startswith(b"pk"):
        raise DataError("a workbook instead of a CSV file", where=where, hint="save it as CSV and send that")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("latin-1")


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Lines that are not blank, with their numbers."""
    reader = csv.reader(io.StringIO(text, newline=""))
    return [(reader.line_num, fields) for fields in reader if any(field.strip() for field in fields)]


def _frame(
    lines: Sequence[tuple[int, list[str]]], header: Sequence[str], columns: Columns
) -> tuple[pd.DataFrame, list[str]]:
    """Cells by their position in the header: short rows are filled with nothing, long ones are cut, never shifted."""
    width = len(header)
    cells = {name: [fields[at] if at < len(fields) else "" for _, fields in lines] for at, name in columns.positions}
    blank = [at for at, name in enumerate(header) if not name]
    beyond = [
        any(field.strip() for field in fields[width:]) or any(fields[at].strip() for at in blank if at < len(fields))
        for _, fields in lines
    ]
    frame = pd.DataFrame(cells, dtype="str").apply(squeeze)
    frame = frame.assign(line=[number for number, _ in lines], shifted=beyond)
    for name in ("time", "season", "country", "competition"):
        if name not in frame:
            frame[name] = pd.Series("", frame.index, dtype="str")
    notes = [f"{sum(beyond)} rows have values beyond the named columns: those are left out"] if any(beyond) else []
    return frame, notes


def days(text: pd.Series) -> pd.Series:
    """Days from text in one of FORMATS; missing where it fits none."""
    parsed = pd.Series(pd.NaT, text.index, dtype="datetime64[us]")
    for layout in FORMATS:
        parsed = parsed.fillna(pd.to_datetime(text, format=layout, errors="coerce").dt.as_unit("us"))
    return parsed


def _name_competitions(frame: pd.DataFrame) -> None:
    """Code of each row's competition; rows of a division or country that nobody declared are refused."""
    named = frame["competition"].where(frame["competition"] != "", frame["country"].map(EXTRA_BY_COUNTRY))
    unknown = ~named.isin(list(COMPETITIONS))
    said = frame["competition"].where(frame["competition"] != "", frame["country"])
    frame["refused"] = ("unknown division or country '" + said + "'").where(unknown & (said != ""), "")
    frame["competition"] = named.fillna("").astype("str")


def _name_seasons(frame: pd.DataFrame, name: str) -> list[str]:
    """Season of each row, from what says it best."""
    if (frame["season"] != "").any():
        labels = {text: _label_or_empty(text) for text in frame["season"].unique()}
        bad = frame["season"].map(labels) == ""
        frame.loc[bad & (frame["refused"] == ""), "refused"] = "'" + frame["season"] + "' is no season"
        frame["season"] = frame["season"].map(labels).astype("str")
        return []
    notes: list[str] = []
    for code, rows in frame.groupby("competition"):
        dated = rows["day"].dropna()
        if not dated.empty:
            labels_of, note = _season_by_dates(dated, name, competition(str(code)).calendar_year)
            frame.loc[dated.index, "season"] = labels_of
            notes += [f"{code}: {note}"] if note else []
    return notes


def _label_or_empty(text: str) -> str:
    try:
        return season_names.normalise(text)
    except ValueError:
        return ""


def _season_by_dates(dated: pd.Series, name: str, calendar_year: bool) -> tuple[pd.Series | str, str]:
    middle = dated.sort_values().iloc[len(dated) // 2].date()
    stated = season_in_name(name)
    if stated and not calendar_year:
        first, last = season_names.bounds(stated)
        if dated.between(pd.Timestamp(first), pd.Timestamp(last)).mean() < 0.5:
            raise DataError(
                f"its name says season {stated}, but most of its matches are around {middle}",
                where=name,
                hint="give the file the name of its season, or one without a season",
            )
        return stated, ""
    if (dated.quantile(0.95) - dated.quantile(0.05)).days > _LONGEST_SEASON:
        each = dated.map(lambda day: season_names.season_of(day.date(), calendar_year)).astype("str")
        return each, "several seasons in one file, told apart by 1 January or 1 July"
    return season_names.season_of(middle, calendar_year), ""


def season_in_name(name: str) -> str:
    """Season that a file's name gives, empty if none: `mmz4281/2425/E0.csv`, `E0_1718.csv`, `E0_2017-18.csv`.

    >>> season_in_name("mmz4281/2425/E0.csv"), season_in_name("F2_2022-23_BOM.csv"), season_in_name("fixtures.csv")
    ('2024-25', '2022-23', '')
    """
    for found in _NAMED_SEASON.finditer(name.rpartition(_SEASONS)[2]):
        first = int(found[1] or found[3])
        first += 0 if found[1] else 1900 if first >= 90 else 2000
        if (first + 1) % 100 == int(found[2] or found[4]) % 100:
            return season_names.label(first)
    return ""


class FootballData:
    """The files of the site.

    Args:
        url: address of the site, or of a mirror with the same paths.
    """

    name = NAME
    about = About(
        gives="results, shots, corners, fouls, cards and prices of 38 leagues, back to 1993, and fixtures with prices",
        terms="free of charge; no formal licence is known",
        rate="no limit is known",
        freshness="twice a week; prices are of Friday and Tuesday afternoon",
        pace_seconds=2.0,
        jitter_seconds=1.0,
    )

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def pages(self, scope: Scope, now: datetime) -> Generator[Page, Payload | None, None]:
        """Season files, extra leagues' files, then fixtures. The file of a season that is about to begin may be absent.

        Raises:
            ConfigurationError: a competition or season that the site cannot have.
        """
        unknown = [code for code in scope.competitions if code not in (*MAIN_DIVISIONS, *EXTRA_LEAGUES)]
        if unknown:
            raise ConfigurationError(
                f"football-data.co.uk has no competition {', '.join(unknown)}",
                where="TOUCHLINE_SCRAPE_COMPETITIONS",
                hint=f"known are {', '.join((*MAIN_DIVISIONS, *EXTRA_LEAGUES))}",
            )
        for path, optional in _paths(scope.competitions, scope.seasons, now.date()):
            endpoint = "fixtures" if "fixtures" in path else "season" if _SEASONS in path else "league"
            yield Page(
                source=NAME, endpoint=endpoint, name=path, url=f"{self._url}/{path}", leaf=True, optional=optional
            )

    def verdict(self, page: Page, payload: Payload, now: datetime) -> Verdict:
        """Whole whenever it is a CSV file; that of a season which is over does not change.

        Raises:
            DataError: it is something else.
        """
        decode(payload.body, payload.name)
        if page.endpoint == "season":
            over = now.date() > season_names.bounds(season_in_name(page.name))[1]
            return Verdict(again=None if over else SEASON_AGAIN)
        return Verdict(again=FIXTURES_AGAIN if page.endpoint == "fixtures" else SEASON_AGAIN)


def _paths(competitions: Sequence[str], seasons: Sequence[str], today: date) -> Iterator[tuple[str, bool]]:
    """Paths to ask for, and whether the site may not have them yet (a season file before October of its first year)."""
    main = [code for code in competitions if code in MAIN_DIVISIONS]
    extra = [code for code in competitions if code in EXTRA_LEAGUES]
    current = season_names.start_year(season_names.season_of(today))
    try:
        years = season_names.years(seasons, current)
    except ValueError as error:
        raise ConfigurationError(str(error), where="TOUCHLINE_SCRAPE_SEASONS") from error
    for year in years:
        for code in main:
            yield f"{_SEASONS}/{year % 100:02d}{(year + 1) % 100:02d}/{code}.csv", today < date(year, 10, 1)
    for code in extra:
        yield f"new/{code}.csv", False
    if main:
        yield "fixtures.csv", False
    if extra:
        yield "new_league_fixtures.csv", False
