"""The tidy table as numbers: codes for names, integers for time, finished matches in the order in which they teach."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import goal_rates, market, odds, price_goals
from touchline.domain.competitions import competition as competition_of
from touchline.domain.vocabulary import REFERENCE_BOOKMAKERS, odds_columns, side_columns

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = NDArray[np.str_]

SEPARATOR: Final = "\x1f"
"""Between country and team in a key: no name contains it, and names sort by country first."""
_WIN, _DRAW = 3.0, 1.0
_TAUGHT_BY: Final = (
    *(column for name in ("goals", "shots", "shots_on_target", "corners") for column in side_columns(name)),
    *(
        column
        for bookmaker in REFERENCE_BOOKMAKERS
        for closing in (False, True)
        for column in odds_columns(bookmaker, closing=closing)
    ),
)
"""Columns that teach."""


@dataclass(frozen=True)
class Names:
    """What the codes stand for, each sorted: teams as country and name, competitions, seasons."""

    teams: Texts
    competitions: Texts
    seasons: Texts


@dataclass(frozen=True)
class Fixtures:
    """Who meets whom, where and when: codes (n,), kickoff in microseconds since 1970."""

    home: Ints
    away: Ints
    competition: Ints
    season: Ints
    kickoff: Ints


@dataclass(frozen=True)
class Played:
    """Finished matches (r,) in the order in which they teach: by the time of their result, then by level, then teams.

    A level holds matches of one moment, no team twice: they do not see each other.
    """

    fixtures: Fixtures
    available: Ints
    """When each result could be known, microseconds since 1970."""
    level_start: Ints
    """(levels + 1,) first match of each level."""
    statistics: Floats
    """(r, len(STATISTICS), 2) of the home and the away side, NaN where not counted."""
    prices: Floats
    """(r, 2) log-odds of the home side by the reference bookmaker's last prices, and tendency to draw; NaN without."""
    price_goals: Floats
    """(r, 2) goals that home and away were worth by them, NaN where there are none."""


def team_key(country: str, team: str) -> str:
    """Key under which a team is known.

    >>> team_key("England", "Arsenal").split(SEPARATOR)
    ['England', 'Arsenal']
    """
    return f"{country}{SEPARATOR}{team}"


def fixtures(table: "pd.DataFrame") -> tuple[Fixtures, Names]:
    """Codes of every row of the tidy table, in its order."""
    import pandas as pd

    league, competitions = pd.factorize(table["competition"], sort=True)
    season, seasons = pd.factorize(table["season"], sort=True)
    home, away, teams = _teams(table, league, competitions)
    names = Names(np.array(teams, np.str_), *(np.array(list(each), np.str_) for each in (competitions, seasons)))
    return Fixtures(home, away, league.astype(np.int64), season.astype(np.int64), microseconds(table["kickoff"])), names


def _teams(table: "pd.DataFrame", league: Ints, competitions: Sequence[str]) -> tuple[Ints, Ints, list[str]]:
    """Codes of home and away teams, and their keys, sorted: names are joined to countries once for each team only."""
    import pandas as pd

    countries, of_league = np.unique([competition_of(code).country for code in competitions], return_inverse=True)
    name, spelt = pd.factorize(pd.concat([table["home_team"], table["away_team"]], ignore_index=True))
    both, codes = np.unique(np.tile(of_league[league], 2) * len(spelt) + name, return_inverse=True)
    keys = [team_key(str(countries[each // len(spelt)]), str(spelt[each % len(spelt)])) for each in both.tolist()]
    order = np.argsort(np.array(keys, np.str_))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    home, away = rank[codes].reshape(2, -1)
    return home, away, [keys[each] for each in order]


def microseconds(times: "pd.Series[Any]") -> Ints:
    """Times as microseconds since 1970, UTC.

    Raises:
        ValueError: a time is missing.
    """
    if times.isna().any():
        raise ValueError(f"{times.name}: {int(times.isna().sum())} rows have no time")
    stamps: Ints = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
    return stamps


def played(table: "pd.DataFrame", coded: Fixtures) -> Played:
    """The finished matches with both scores, in teaching order; a match_id that occurs twice teaches once, at first.

    Raises:
        ValueError: a result is available at or before its own kick-off, or at no time.
    """
    scored = table[list(side_columns("goals"))].notna().to_numpy().all(axis=1)
    rows = np.flatnonzero((table["status"] == "finished").to_numpy() & scored)
    finished = table[["match_id", "available_time", *_TAUGHT_BY]].iloc[rows]
    available = microseconds(finished["available_time"])
    early = available <= coded.kickoff[rows]
    if early.any():
        raise ValueError(f"{finished['match_id'].iloc[int(early.argmax())]}: result available before kick-off is over")
    statistics, (prices, worth) = _statistics(finished), _prices(finished)
    first = _first(finished["match_id"], (*worth.T, *prices.T, *np.concatenate(statistics), available))
    match = Fixtures(*(getattr(coded, name)[rows] for name in Fixtures.__dataclass_fields__))
    order, level_start = _levels(match, available, finished["match_id"], first)
    chosen = Fixtures(*(getattr(match, name)[order] for name in Fixtures.__dataclass_fields__))
    by_match = np.ascontiguousarray(statistics[..., order].transpose(2, 0, 1))
    return Played(chosen, available[order], level_start, by_match, prices[order], worth[order])


def _first(match_id: "pd.Series[str]", facts: tuple[NDArray[Any], ...]) -> Ints:
    """Rows without the later ones of those that have one match_id."""
    again = match_id.duplicated(keep=False).to_numpy()
    rows = np.flatnonzero(again)
    order = rows[np.lexsort(tuple(fact[rows] for fact in facts))]
    later = match_id.iloc[order].duplicated().to_numpy()
    return np.setdiff1d(np.arange(len(again)), order[later])


def _levels(match: Fixtures, available: Ints, match_id: "pd.Series[str]", rows: Ints) -> tuple[Ints, Ints]:
    """These rows in teaching order, and where each level starts."""
    rows = rows[np.lexsort((match.home[rows], available[rows]))]
    turn = _turns(match, available, match_id, rows)
    order = np.lexsort((match.home[rows], turn, available[rows]))
    rows, turn = rows[order], turn[order]
    begins = (np.diff(available[rows], prepend=-1) != 0) | (np.diff(turn, prepend=-1) != 0)
    return rows, np.append(np.flatnonzero(begins), len(rows))


def _turns(match: Fixtures, available: Ints, match_id: "pd.Series[str]", rows: Ints) -> Ints:
    """0, but where a team has several results at one moment: those take turns, in the order of match_id."""
    turn = np.zeros(len(rows), np.int64)
    team, moment = np.concatenate((match.home[rows], match.away[rows])), np.tile(available[rows], 2)
    order = np.lexsort((team, moment))
    twice = (np.diff(moment[order]) == 0) & (np.diff(team[order]) == 0)
    busy = np.flatnonzero(np.isin(available[rows], moment[order][1:][twice]))
    names = match_id.iloc[rows[busy]].tolist()
    free: dict[tuple[int, int], int] = {}
    for place in (int(busy[each]) for each in sorted(range(len(busy)), key=names.__getitem__)):
        row = rows[place]
        keys = [(int(side[row]), int(available[row])) for side in (match.home, match.away)]
        turn[place] = max(free.get(key, 0) for key in keys)
        free.update(dict.fromkeys(keys, turn[place] + 1))
    return turn


def _statistics(finished: "pd.DataFrame") -> Floats:
    def pair(name: str) -> Floats:
        return np.asarray(finished[list(side_columns(name))], np.float64).T

    goals, shots, on_target, corners = (pair(name) for name in ("goals", "shots", "shots_on_target", "corners"))
    margin = goals - goals[::-1]
    points = np.where(margin > 0, _WIN, np.where(margin == 0, _DRAW, 0.0))
    deserved = goal_rates.expected_goals_from_shots(on_target, shots, corners)
    return np.stack([points, goals, deserved, on_target, shots, corners])


def _prices(finished: "pd.DataFrame") -> tuple[Floats, Floats]:
    """Log-odds (r, 2) and goals (r, 2), by closing prices where there are any: a match that teaches is over."""
    before, closing = (reference_prices(finished, closing=each) for each in (False, True))
    chances = odds.implied(np.where(np.isnan(closing), before, closing), "proportional")
    told = np.stack([market.supremacy(chances), market.draw_tendency(chances)], axis=1)
    return told, price_goals.price_goals(chances)


def reference_prices(table: "pd.DataFrame", *, closing: bool = False) -> Floats:
    """Prices (n, 3) of the first of REFERENCE_BOOKMAKERS that has all three, NaN where none has."""
    prices = np.full((len(table), 3), np.nan)
    for bookmaker in REFERENCE_BOOKMAKERS:
        quoted = table[list(odds_columns(bookmaker, closing=closing))].to_numpy(np.float64)
        prices = np.where(np.isnan(prices).any(axis=1, keepdims=True), quoted, prices)
    return np.where(np.isnan(prices).any(axis=1, keepdims=True), np.nan, prices)


def reference_bookmaker(table: "pd.DataFrame") -> "NDArray[Any]":
    """(n,) the bookmaker whose prices before the match `reference_prices` gives, None where it gives none."""
    named = np.full(len(table), None, object)
    for bookmaker in reversed(REFERENCE_BOOKMAKERS):
        named[table[list(odds_columns(bookmaker))].notna().all(axis=1).to_numpy()] = bookmaker
    return named
