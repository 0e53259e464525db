"""The documented columns of football-data.co.uk: what we read, what we knowingly leave, and what is unknown."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from touchline.domain.vocabulary import odds_columns, side_columns
from touchline.errors import DataError

_READ: Final[dict[str, str]] = {
    "Div": "competition",
    "Country": "country",
    "Season": "season",
    "Date": "day_text",
    "Time": "time",
    **dict.fromkeys(("HomeTeam", "HT", "Home"), "home_team"),
    **dict.fromkeys(("AwayTeam", "AT", "Away"), "away_team"),
    **dict.fromkeys(("FTHG", "HG"), "home_goals"),
    **dict.fromkeys(("FTAG", "AG"), "away_goals"),
    **dict.fromkeys(("FTR", "Res"), "result"),
    **{
        f"{side}{code}": column
        for code, statistic in {
            "S": "shots", "ST": "shots_on_target", "C": "corners", "F": "fouls", "Y": "yellow_cards", "R": "red_cards",
        }.items()
        for side, column in zip("HA", side_columns(statistic), strict=True)
    },
    "HTHG": "home_goals_half_time",
    "HTAG": "away_goals_half_time",
}  # fmt: skip

_LEFT: Final = frozenset(
    ["League", "HTR", "Attendance", "Referee", "HHW", "AHW", "HFKC", "AFKC", "HO", "AO", "HBP", "ABP", "HxG", "AxG"]
)
"""Documented columns that we do not keep."""

_BOOKMAKERS: Final[dict[str, str]] = {
    "B365": "b365", "BW": "bw", "IW": "iw", "GB": "gb", "WH": "wh", "VC": "vc", "PS": "ps", "P": "ps", "BFE": "bfe",
    "Avg": "avg", "Max": "max", "BbAv": "avg", "BbMx": "max",
}  # fmt: skip
"""Their code -> ours; Betbrain's average and maximum stood in for Avg and Max before 2019-20."""
_OTHERS: Final = ("BF", "BFD", "BMGM", "BS", "BV", "CL", "LB", "PP", "SB", "SJ", "SKB", "SO", "SY", "1XB", "Bb")
"""Bookmakers that we do not keep."""

_KNOWN: Final = "|".join(sorted((*_BOOKMAKERS, *_OTHERS), key=len, reverse=True))
_PRICE: Final = re.compile(rf"({_KNOWN})(C?)([HDA])")
_UNKNOWN_PRICE: Final = re.compile(r"([A-Z0-9][A-Za-z0-9]{1,5}?)(C?)([HDA])")
_MARKETS: Final = re.compile(
    r"[A-Za-z0-9]{1,6}([<>]2\.5|_2_5(_1)?)"  # totals
    r"|([A-Z0-9][A-Za-z0-9]{0,5})?AHC?[hHA]?|AHCh"  # Asian handicap: line and prices
    r"|Bb(1X2|OU|AH)"  # how many bookmakers stand behind Betbrain's figures
)


@dataclass(frozen=True)
class Columns:
    """How a header is read: (position, our name) of every column that is kept, and what there is to say about it."""

    positions: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]


def read_header(header: Sequence[str], where: str) -> Columns:
    """Understand a header line.

    Raises:
        DataError: a column fits nothing that the site documents, a column that we read comes twice, or one that every
            file must have is not there.
    """
    counts = Counter(header)
    double = {name for name, count in counts.items() if count > 1 and name}
    _refuse_double(double, where)
    found: dict[str, int] = {}
    left: list[str] = []
    strange: list[str] = []
    for position, name in enumerate(header):
        target = _target(name)
        if target and target not in found and name not in double:
            found[target] = position
        elif target or not name or _documented(name, counts):
            left.append(name)
        else:
            strange.append(name)
    _require(found, header, where)
    _refuse(strange, header, where)
    return Columns(tuple((place, name) for name, place in found.items()), tuple(_notes(header, left, double)))


def _target(name: str) -> str:
    """Our name of a column, empty if we do not keep it."""
    if name in _READ:
        return _READ[name]
    price = _PRICE.fullmatch(name)
    if not price or price[1] not in _BOOKMAKERS:
        return ""
    return odds_columns(_BOOKMAKERS[price[1]], closing=bool(price[2]))["HDA".index(price[3])]


def _documented(name: str, header: Counter[str]) -> bool:
    """Whether a column that we do not keep fits the grammar; an unknown bookmaker must bring all three prices.

    A bookmaker's bare code stood over each of its three prices in some files of 2004-05.
    """
    if name in _LEFT or name in _OTHERS or _PRICE.fullmatch(name) or _MARKETS.fullmatch(name):
        return True
    price = _UNKNOWN_PRICE.fullmatch(name)
    return price is not None and all(f"{name[:-1]}{side}" in header for side in "HDA")


def _refuse_double(double: set[str], where: str) -> None:
    twice = sorted(name for name in double if name in _READ)
    if twice:
        raise DataError(f"column {', '.join(twice)} comes twice", where=where, hint="leave one and send the file again")


def _refuse(strange: Sequence[str], header: Sequence[str], where: str) -> None:
    if strange:
        raise DataError(
            f"unknown column{'s' * (len(strange) > 1)} {', '.join(strange)}",
            where=where,
            details=tuple(f"column {header.index(name) + 1} of {len(header)}: {name}" for name in strange),
            hint="football-data.co.uk documents no such column; remove it, or tell us what it means",
        )


def _require(found: dict[str, int], header: Sequence[str], where: str) -> None:
    wanted = {"competition": "Div (or Country)", "day_text": "Date", "home_team": "HomeTeam", "away_team": "AwayTeam"}
    there = {*found, *(["competition"] if "country" in found else [])}
    missing = [text for name, text in wanted.items() if name not in there]
    if missing:
        raise DataError(
            f"no column {', '.join(missing)}",
            where=where,
            details=(f"found: {', '.join(name for name in header if name) or 'nothing'}"[:300],),
            hint="is this a CSV file of football-data.co.uk, with its header line?",
        )


def _notes(header: Sequence[str], left: Sequence[str], double: set[str]) -> list[str]:
    notes = []
    books = sorted(
        {price[1] for name in left if not _PRICE.fullmatch(name) and (price := _UNKNOWN_PRICE.fullmatch(name))}
    )
    books = [book for book in books if book not in _LEFT and all(f"{book}{side}" in header for side in "HDA")]
    if books:
        notes.append(f"prices of unknown bookmakers left out: {', '.join(books)}")
    if double:
        notes.append(f"columns with the same name left out: {', '.join(sorted(double))}")
    return notes
