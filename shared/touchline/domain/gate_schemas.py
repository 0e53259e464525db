"""The data contract as pandera schemas: one per gate and phase, with every bound from the vocabulary.

Two phases: `structure` says whether the columns are there and of their types, `values` whether what stands in them can
be true. Values are looked at only where the structure holds, so that no check meets a column that it cannot read.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pandera.pandas as pa

from touchline.domain.gate_report import EXAMPLES
from touchline.domain.seasons import bounds, normalise
from touchline.domain.vocabulary import (
    BOOKMAKERS,
    CLOSING_COLUMNS,
    IDENTITY,
    KEY_ALPHABET,
    ODDS_BOUNDS,
    ODDS_COLUMNS,
    OVERROUND_BOUNDS,
    STATISTIC_BOUNDS,
    STATISTIC_COLUMNS,
    STATUSES,
    odds_columns,
    side_columns,
)

if TYPE_CHECKING:
    from touchline.domain.gate_report import Kind

UTC_TIME: Final = pd.DatetimeTZDtype("us", "UTC")

_TYPES: Final[dict[str, Any]] = dict.fromkeys(IDENTITY, str) | {"kickoff": UTC_TIME, "kickoff_known": bool}
_TIDY_TYPES: Final = (
    _TYPES | dict.fromkeys((*STATISTIC_COLUMNS, *ODDS_COLUMNS, *CLOSING_COLUMNS), float) | {"available_time": UTC_TIME}
)

RowTest = Callable[[pd.DataFrame], "pd.Series[bool]"]


def structure(kind: "Kind", columns: tuple[str, ...] = ()) -> pa.DataFrameSchema:
    """Which columns a table has and of which types; of features, `columns` are the declared ones in their order.

    >>> structure("features", ("elo", "form")).ordered, structure("raw").columns["kickoff"].dtype.type
    (True, datetime64[us, UTC])
    """
    if kind == "features":
        return pa.DataFrameSchema(
            {name: pa.Column(float, nullable=True) for name in columns}, strict=True, ordered=True
        )
    return pa.DataFrameSchema({name: pa.Column(kind, nullable=True) for name, kind in _TIDY_TYPES.items()}, strict=True)


def values(kind: "Kind", columns: tuple[str, ...] = ()) -> pa.DataFrameSchema:
    """What a table that has the structure may say."""
    if kind == "raw":
        return pa.DataFrameSchema(_raw_columns(), checks=_raw_rows())
    if kind == "finished":
        return pa.DataFrameSchema(checks=[_status("finished"), *_both_scores(), _known_after_kickoff()])
    if kind == "upcoming":
        return pa.DataFrameSchema(checks=[_status("scheduled"), *_nothing_known_yet()])
    return pa.DataFrameSchema(
        {name: pa.Column(checks=_check("not finite", _not_infinite), nullable=True) for name in columns}
    )


def _check(name: str, test: Callable[["pd.Series[Any]"], "pd.Series[bool]"]) -> pa.Check:
    """A rule about the values of one column, by its name in `CHECKS`."""
    return pa.Check(test, name=name, n_failure_cases=EXAMPLES)


def _rows(name: str, about: tuple[str, ...], test: RowTest) -> pa.Check:
    """A rule about several columns, which the report's examples show."""
    return pa.Check(test, name=name, description=" ".join(about), n_failure_cases=EXAMPLES)


def _raw_columns() -> dict[str, pa.Column]:
    slug = _check("bad key", lambda column: column.str.fullmatch(KEY_ALPHABET.pattern))
    identity: dict[str, pa.Column] = {
        "match_id": pa.Column(checks=slug, unique=True),
        "season": pa.Column(checks=_check("bad season", _is_season)),
        "status": pa.Column(checks=_check("unknown value", lambda column: column.isin(STATUSES))),
    }
    always = {name: pa.Column() for name in (*IDENTITY, "available_time") if name not in identity}
    counts = {
        column: pa.Column(checks=[_between(*bounds), _check("not whole", _whole)], nullable=True)
        for name, bounds in STATISTIC_BOUNDS.items()
        for column in side_columns(name)
    }
    prices = {
        name: pa.Column(checks=_between(*ODDS_BOUNDS), nullable=True) for name in (*ODDS_COLUMNS, *CLOSING_COLUMNS)
    }
    return identity | always | counts | prices


def _raw_rows() -> list[pa.Check]:
    return [
        _rows("home is away", ("home_team", "away_team"), lambda table: table["home_team"] != table["away_team"]),
        _rows("outside season", ("season", "kickoff"), _in_season),
        _rows("not sorted", ("kickoff",), _in_order),
        _rows("duplicate fixture", ("home_team", "away_team", "kickoff"), _once_a_day),
        *(_at_most("half time above full time", *sides) for sides in _pairs("goals_half_time", "goals")),
        *(_at_most("on target above shots", *sides) for sides in _pairs("shots_on_target", "shots")),
        *(
            check
            for bookmaker in BOOKMAKERS
            for closing in (False, True)
            for check in _price_checks(bookmaker, odds_columns(bookmaker, closing=closing))
        ),
    ]


def _pairs(smaller: str, larger: str) -> Iterable[tuple[str, str]]:
    return zip(side_columns(smaller), side_columns(larger), strict=True)


def _between(low: float, high: float) -> pa.Check:
    return _check("out of range", lambda column: column.between(low, high))


def _at_most(name: str, smaller: str, larger: str) -> pa.Check:
    return _rows(name, (smaller, larger), lambda table: ~(table[smaller] > table[larger]))


def _price_checks(bookmaker: str, triple: tuple[str, str, str]) -> list[pa.Check]:
    whole = _rows("half a price", triple, partial(_whole_triple, columns=list(triple)))
    if bookmaker == "max":  # the best of three bookmakers may well sum up to less than one
        return [whole]
    return [whole, _rows("overround", triple, partial(_fair_overround, columns=list(triple)))]


def _whole_triple(table: pd.DataFrame, columns: list[str]) -> "pd.Series[bool]":
    missing = np.isnan(table[columns].to_numpy())
    return pd.Series(missing.all(axis=1) | ~missing.any(axis=1), index=table.index)


def _fair_overround(table: pd.DataFrame, columns: list[str]) -> "pd.Series[bool]":
    low, high = OVERROUND_BOUNDS
    with np.errstate(divide="ignore"):
        total = (1.0 / table[columns].to_numpy()).sum(axis=1)
    return pd.Series(np.isnan(total) | ((total >= low) & (total <= high)), index=table.index)


def _whole(column: "pd.Series[float]") -> "pd.Series[bool]":
    return column == column.round()


def _is_season(column: "pd.Series[str]") -> "pd.Series[bool]":
    return column.map({label: not pd.isna(_window(label)[0]) for label in column.unique()}).astype(bool)


def _window(label: object) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First moment of a season, and the first one after it; not a time where the label is not as we write it."""
    try:
        first, last = bounds(str(label))
    except ValueError:
        return pd.NaT, pd.NaT
    if normalise(str(label)) != label:
        return pd.NaT, pd.NaT
    return pd.Timestamp(first, tz="UTC"), pd.Timestamp(last, tz="UTC") + pd.Timedelta(days=1)


def _in_season(table: pd.DataFrame) -> "pd.Series[bool]":
    windows = {label: _window(label) for label in table["season"].unique()}
    first, after = (
        table["season"].map({label: window[end] for label, window in windows.items()}).astype(UTC_TIME)
        for end in (0, 1)
    )
    return (table["kickoff"] >= first) & (table["kickoff"] < after)


def _in_order(table: pd.DataFrame) -> "pd.Series[bool]":
    kickoff, match_id = table["kickoff"], table["match_id"]
    before = kickoff.shift()
    return before.isna() | (before < kickoff) | ((before == kickoff) & (match_id.shift() < match_id))


def _once_a_day(table: pd.DataFrame) -> "pd.Series[bool]":
    names = table[["competition", "home_team", "away_team"]]
    return ~names.assign(day=table["kickoff"].dt.floor("D")).duplicated()


def _status(status: str) -> pa.Check:
    return _rows("wrong status", ("status",), lambda table: table["status"] == status)


def _both_scores() -> list[pa.Check]:
    return [_check_column("no score", column, pd.Series.notna) for column in side_columns("goals")]


def _known_after_kickoff() -> pa.Check:
    return _rows(
        "known too early", ("kickoff", "available_time"), lambda table: table["available_time"] > table["kickoff"]
    )


def _nothing_known_yet() -> list[pa.Check]:
    return [
        *(_check_column("score of unplayed", name, pd.Series.isna) for name in STATISTIC_COLUMNS),
        *(_check_column("closing price too early", name, pd.Series.isna) for name in CLOSING_COLUMNS),
    ]


def _check_column(name: str, column: str, test: Callable[["pd.Series[Any]"], "pd.Series[bool]"]) -> pa.Check:
    return _rows(name, (column,), lambda table: test(table[column]))


def _not_infinite(column: "pd.Series[float]") -> "pd.Series[bool]":
    return ~np.isinf(column)
