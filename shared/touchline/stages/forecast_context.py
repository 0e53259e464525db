"""What stands around the fixtures that are forecast, in the form that predict reads: features, meetings, Elo lines.

All of it follows from the features, so the same publication gives the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from touchline import tables
from touchline.domain.competitions import competition
from touchline.domain.context import Around, Contexts, EloLine, EloLines
from touchline.domain.encoding import microseconds
from touchline.domain.feature_rows import FeatureRows
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.forecasts import ForecastSet
from touchline.manifest import Manifest
from touchline.ports import ObjectStore
from touchline.stages.forecast_players import shares_of

FORM: Final = 5
"""Last matches of a team that are told."""
MEETINGS: Final = 10
"""Last meetings of two teams that are told."""
POINTS: Final = 100
"""Last Elo ratings of a team that are told."""
PRICE: Final = ("price_source", "price_home", "price_draw", "price_away")
"""Columns of the benchmarks that hold prices as they were quoted before the match."""
_RATINGS: Final = ("home_elo_rating", "away_elo_rating")
_PLAYED: Final = ("match_id", "competition", "kickoff", "home_team", "away_team", "home_goals", "away_goals", *_RATINGS)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Past:
    """Played matches, oldest first, and where each team and each pair stands in them."""

    table: pd.DataFrame
    teams: pd.Index
    """Country and name of every team; its place is its code."""
    sides: Ints
    """(2, n) codes of home and away teams."""

    def codes(self, fixtures: pd.DataFrame) -> Ints:
        """(2, n) codes of home and away teams of fixtures; those that never played have a code of their own."""
        return np.stack([self._codes(fixtures, side) for side in ("home", "away")])

    def _codes(self, fixtures: pd.DataFrame, side: str) -> Ints:
        found = self.teams.get_indexer(_keys(fixtures, side))
        return np.asarray(np.where(found < 0, len(self.teams), found), np.int64)


def around(
    store: ObjectStore, told: ForecastSet, featured: Manifest, upcoming: pd.DataFrame
) -> dict[tuple[str, str], bytes]:
    """Name and ending of each output, and its bytes: `features`, `context`, `elo`; `players` if line-ups are known."""
    fixtures = upcoming.set_index("match_id", drop=False).loc[[match.match_id for match in told.matches]]
    history = past(tables.read(store, featured.outputs["played"], _PLAYED))
    prices = tables.read(store, featured.outputs["benchmarks"])
    players = shares_of(store, featured, fixtures)
    return {
        ("features", "npz"): rows_of(fixtures).to_bytes(),
        ("context", "msgpack"): msgspec.msgpack.encode(contexts(history, fixtures, prices), order="sorted"),
        ("elo", "msgpack"): msgspec.msgpack.encode(elo_lines(history, upcoming, fixtures), order="sorted"),
    } | ({("players", "msgpack"): msgspec.msgpack.encode(players, order="sorted")} if players else {})


def rows_of(fixtures: pd.DataFrame) -> FeatureRows:
    """Features of fixtures."""
    names = tuple(name for name in FEATURE_NAMES if name in fixtures)
    values = fixtures[list(names)].to_numpy(np.float64)
    return FeatureRows(tuple(fixtures["match_id"]), names, values)


def past(played: pd.DataFrame) -> Past:
    """Played matches in order, their teams as codes."""
    table = played.sort_values(["kickoff", "match_id"], ignore_index=True)
    codes, teams = pd.factorize(np.concatenate([_keys(table, "home"), _keys(table, "away")]))
    return Past(table, pd.Index(teams), np.asarray(codes, np.int64).reshape(2, -1))


def contexts(history: Past, fixtures: pd.DataFrame, prices: pd.DataFrame) -> Contexts:
    """Form, earlier meetings and prices of fixtures."""
    home, away = history.codes(fixtures)
    forms = _last(np.concatenate(history.sides), np.concatenate([home, away]), FORM, len(history.table))
    pairs = len(history.teams) + 1
    all_met = _last(_pair(history.sides, pairs), _pair(np.stack([home, away]), pairs), 0, len(history.table))
    met = [rows[:MEETINGS] for rows in all_met]
    used = np.unique(np.concatenate([np.empty(0, np.int64), *forms, *met])).astype(np.int64)
    place = {row: number for number, row in enumerate(used.tolist())}
    shown = [[tuple(place[row] for row in rows.tolist()) for rows in part] for part in (forms, met)]
    counts = _counts(history, home, all_met)
    quoted = _prices(prices)
    n = len(fixtures)
    matches = {
        match: Around(shown[0][row], shown[0][n + row], shown[1][row], counts[row], quoted.get(match))
        for row, match in enumerate(fixtures["match_id"])
    }
    return Contexts(_meetings(history.table.iloc[used]), matches)


def elo_lines(history: Past, upcoming: pd.DataFrame, fixtures: pd.DataFrame) -> EloLines:
    """Last ratings of all teams of the countries that have fixtures; the newest is that before the next match."""
    countries = set(_countries(fixtures))
    following = upcoming.sort_values(["kickoff", "match_id"])
    both = pd.concat([_ratings(history.table), _ratings(following).drop_duplicates("key")], ignore_index=True)
    known = both[both["country"].isin(countries)].dropna(subset="rating")
    lines = [
        EloLine(str(country), str(team), tuple(zip(part["day"], part["rating"].round(1).tolist(), strict=True)))
        for (country, team), part in known.groupby(["country", "team"]).tail(POINTS).groupby(["country", "team"])
    ]
    return EloLines(tuple(lines))


def _ratings(table: pd.DataFrame) -> pd.DataFrame:
    """A row a team and match, in the order of the matches."""
    when = pd.DataFrame({"day": _days(table), "country": _countries(table)})
    sides = [
        when.assign(team=table[f"{side}_team"].to_numpy(), rating=table[rating].to_numpy(), key=_keys(table, side))
        for side, rating in zip(("home", "away"), _RATINGS, strict=True)
    ]
    return pd.concat(sides).sort_index(kind="stable")


def _last(played: Ints, asked: Ints, count: int, matches: int) -> list[Ints]:
    """Matches of each code that is asked for, newest first; at most so many of them, all if 0."""
    order = np.argsort(played, kind="stable")
    ranked = played[order]
    begin, end = np.searchsorted(ranked, asked), np.searchsorted(ranked, asked, side="right")
    found = []
    for first, last in zip(begin.tolist(), end.tolist(), strict=True):
        rows = np.sort(order[first:last] % matches)[::-1]
        found.append(rows[:count] if count else rows)
    return found


def _pair(sides: Ints, teams: int) -> Ints:
    return np.asarray(sides.min(axis=0) * teams + sides.max(axis=0))


def _counts(history: Past, home: Ints, met: Sequence[Ints]) -> list[tuple[int, int, int]]:
    """Wins of today's home team, draws, wins of the other."""
    margin = (history.table["home_goals"] - history.table["away_goals"]).to_numpy(np.float64)
    told = []
    for team, rows in zip(home.tolist(), met, strict=True):
        ours = np.where(history.sides[0][rows] == team, margin[rows], -margin[rows])
        told.append((int((ours > 0).sum()), int((ours == 0).sum()), int((ours < 0).sum())))
    return told


def _prices(prices: pd.DataFrame) -> dict[str, tuple[str, float, float, float]]:
    if not set(PRICE) <= set(prices.columns):
        return {}
    known = prices.dropna(subset=list(PRICE))
    return {match: tuple(row) for match, *row in known[["match_id", *PRICE]].itertuples(index=False)}


def _meetings(table: pd.DataFrame) -> tuple[tuple[str, str, str, str, int, int], ...]:
    names = (table[name].tolist() for name in ("competition", "home_team", "away_team"))
    goals = (table[f"{side}_goals"].astype(int).tolist() for side in ("home", "away"))
    return tuple(zip(_days(table), *names, *goals, strict=True))


def _days(table: pd.DataFrame) -> list[str]:
    stamps = microseconds(table["kickoff"]).astype("datetime64[us]").astype("datetime64[D]")
    return [str(day) for day in np.datetime_as_string(stamps)]


def _countries(table: pd.DataFrame) -> NDArray[Any]:
    codes, names = pd.factorize(table["competition"])
    return np.asarray(np.array([competition(name).country for name in names], object)[codes])


def _keys(table: pd.DataFrame, side: str) -> NDArray[Any]:
    return np.asarray(_countries(table) + "\x1f" + table[f"{side}_team"].to_numpy(object), object)
