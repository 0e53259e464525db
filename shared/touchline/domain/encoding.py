"""The tidy table as numbers: codes for names, integers for time, finished matches in the order in which they teach."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import goal_rates, market, odds
from touchline.domain.competitions import competition as competition_of
from touchline.domain.vocabulary import REFERENCE_BOOKMAKERS, odds_columns, side_columns

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = NDArray[np.str_]

SEPARATOR: Final = "\x1f"
"""Between country and team in a key: no name contains it, and names sort by country first."""
STATISTICS: Final = ("points", "goals", "xg", "shots", "shots_on_target")
"""What form is made of, for and against; `xg` are the goals that a side deserved by its shots."""
_WIN, _DRAW = 3.0, 1.0


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
    """Finished matches (r,), ordered by level, competition, match_id.

    A level holds for each country the matches of one moment, no team twice: its matches do not touch each other and are
    learnt from at once. Within a country levels follow time.
    """

    fixtures: Fixtures
    available: Ints
    """When each result could be known, microseconds since 1970."""
    level_start: Ints
    """(levels + 1,) first match of each level."""
    statistics: Floats
    """(len(STATISTICS), 2, r) of the home and the away side, NaN where not counted."""
    supremacy: Floats
    """(r,) log-odds of the home side by the reference bookmaker's prices before the match, NaN where there are none."""


def team_key(country: str, team: str) -> str:
    """Key under which a team is known.

    >>> team_key("England", "Arsenal").split(SEPARATOR)
    ['England', 'Arsenal']
    """
    return f"{country}{SEPARATOR}{team}"


def fixtures(table: "pd.DataFrame") -> tuple[Fixtures, Names]:
    """Codes of every row of the tidy table, in its order."""
    import pandas as pd

    country = _country(table)
    sides = [country.str.cat(table[column], sep=SEPARATOR) for column in ("home_team", "away_team")]
    codes, teams = pd.factorize(pd.concat(sides), sort=True)
    league, competitions = pd.factorize(table["competition"], sort=True)
    season, seasons = pd.factorize(table["season"], sort=True)
    home, away = codes.reshape(2, -1).astype(np.int64)
    names = Names(*(np.array(list(each), dtype=np.str_) for each in (teams, competitions, seasons)))
    return Fixtures(home, away, league.astype(np.int64), season.astype(np.int64), microseconds(table["kickoff"])), names


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
    import pandas as pd

    rows = np.flatnonzero((table["status"] == "finished") & table[list(side_columns("goals"))].notna().all(axis=1))
    finished = table.iloc[rows]
    available = microseconds(finished["available_time"])
    early = available <= coded.kickoff[rows]
    if early.any():
        raise ValueError(f"{finished['match_id'].iloc[int(early.argmax())]}: result available before kick-off is over")
    identity = pd.factorize(finished["match_id"], sort=True)[0]
    statistics, supremacy = _statistics(finished), _supremacy(finished)
    first = np.lexsort((supremacy, *np.concatenate(statistics), available, identity))
    first = first[np.diff(identity[first], prepend=-1) > 0]
    pick = rows[first]
    chosen = Fixtures(*(getattr(coded, name)[pick] for name in Fixtures.__dataclass_fields__))
    country = np.asarray(pd.factorize(_country(finished), sort=True)[0][first], np.int64)
    order, level_start = _levels(chosen, available[first], identity[first], country)
    picked = Fixtures(*(getattr(chosen, name)[order] for name in Fixtures.__dataclass_fields__))
    final = first[order]
    return Played(picked, available[final], level_start, statistics[..., final], supremacy[final])


def _country(table: "pd.DataFrame") -> "pd.Series[str]":
    return table["competition"].map({code: competition_of(code).country for code in table["competition"].unique()})


def _levels(match: Fixtures, available: Ints, identity: Ints, country: Ints) -> tuple[Ints, Ints]:
    """Order of the matches by level, and where each level starts."""
    turn = _turns(match, available, identity)
    by_time = np.lexsort((identity, turn, available, country))
    changes = [np.diff(each[by_time], prepend=-1) != 0 for each in (country, available, turn)]
    moment = np.cumsum(changes[0] | changes[1] | changes[2])
    first = np.maximum.accumulate(np.where(changes[0], moment, 0))
    level = np.empty(len(moment), np.int64)
    level[by_time] = moment - first
    order = np.lexsort((identity, match.competition, level))
    return order, np.concatenate(([0], np.cumsum(np.bincount(level))))


def _turns(match: Fixtures, available: Ints, identity: Ints) -> Ints:
    """0, but where a team has several results at one moment: those take turns, in the order of match_id."""
    turn = np.zeros(len(available), np.int64)
    team, moment = np.concatenate((match.home, match.away)), np.tile(available, 2)
    order = np.lexsort((team, moment))
    twice = (np.diff(moment[order]) == 0) & (np.diff(team[order]) == 0)
    busy = np.isin(available, moment[order][1:][twice])
    free: dict[tuple[int, int], int] = {}
    for row in sorted(np.flatnonzero(busy), key=lambda row: identity[row]):
        keys = [(int(side[row]), int(available[row])) for side in (match.home, match.away)]
        turn[row] = max(free.get(key, 0) for key in keys)
        free.update(dict.fromkeys(keys, turn[row] + 1))
    return turn


def _statistics(finished: "pd.DataFrame") -> Floats:
    def pair(name: str) -> Floats:
        return np.asarray(finished[list(side_columns(name))], np.float64).T

    goals, shots, on_target = pair("goals"), pair("shots"), pair("shots_on_target")
    margin = goals - goals[::-1]
    points = np.where(margin > 0, _WIN, np.where(margin == 0, _DRAW, 0.0))
    deserved = goal_rates.expected_goals_from_shots(on_target, shots, pair("corners"))
    return np.stack([points, goals, deserved, shots, on_target])


def _supremacy(finished: "pd.DataFrame") -> Floats:
    return market.supremacy(odds.implied(reference_prices(finished), "proportional"))


def reference_prices(table: "pd.DataFrame", *, closing: bool = False) -> Floats:
    """Prices (n, 3) of the first of REFERENCE_BOOKMAKERS that has all three, NaN where none has."""
    prices = np.full((len(table), 3), np.nan)
    for bookmaker in REFERENCE_BOOKMAKERS:
        quoted = table[list(odds_columns(bookmaker, closing=closing))].to_numpy(np.float64)
        prices = np.where(np.isnan(prices).any(axis=1, keepdims=True), quoted, prices)
    return np.where(np.isnan(prices).any(axis=1, keepdims=True), np.nan, prices)
