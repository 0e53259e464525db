"""What stands around the fixtures that are forecast, in the form that predict reads: features, meetings, Elo lines.

All of it follows from the features, so the same publication gives the same bytes.
"""

from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from touchline import tables
from touchline.domain.context import Around, Contexts, EloLine, EloLines
from touchline.domain.feature_rows import FeatureRows
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.forecasts import ForecastSet
from touchline.manifest import Manifest
from touchline.ports import ObjectStore
from touchline.stages.forecast_past import Ints, Past, Tails, days, past, tails
from touchline.stages.forecast_players import shares_of

FORM: Final = 5
"""Last matches of a team that are told."""
MEETINGS: Final = 10
"""Last meetings of two teams that are told."""
POINTS: Final = 100
"""Last Elo ratings of a team that are told."""
PRICE: Final = ("quoted_by", "quoted_home", "quoted_draw", "quoted_away")
"""Columns of coming matches with prices as they were quoted before the match."""
_RATINGS: Final = ("home_elo_rating", "away_elo_rating")
_PLAYED: Final = ("match_id", "competition", "kickoff", "home_team", "away_team", "home_goals", "away_goals", *_RATINGS)


def around(store: ObjectStore, told: ForecastSet, featured: Manifest, upcoming: pd.DataFrame) -> dict[str, bytes]:
    """Outputs by name: `features`, `context`, `elo`; `players` if line-ups are known."""
    following = upcoming.sort_values(["kickoff", "match_id"], ignore_index=True)
    history = past(tables.read(store, featured.outputs["played"], _PLAYED), following)
    rows = pd.Index(following["match_id"]).get_indexer([match.match_id for match in told.matches])
    fixtures = following.iloc[rows]
    told_of: dict[str, object] = {"context": contexts(history, fixtures, rows), "elo": elo_lines(history, rows)}
    if players := shares_of(store, featured, fixtures):
        told_of["players"] = players
    packed = {name: msgspec.msgpack.encode(value, order="sorted") for name, value in told_of.items()}
    return packed | {"features": rows_of(fixtures).to_bytes()}


def rows_of(fixtures: pd.DataFrame) -> FeatureRows:
    """Features of fixtures."""
    names = tuple(name for name in FEATURE_NAMES if name in fixtures)
    return FeatureRows(tuple(fixtures["match_id"]), names, fixtures[list(names)].to_numpy(np.float64))


def contexts(history: Past, fixtures: pd.DataFrame, rows: Ints) -> Contexts:
    """Form, earlier meetings and prices of fixtures, which stand in these rows of what is to come."""
    n, (home, away) = len(history.played), history.coming[:, rows]
    form = tails(history.sides.ravel(), np.tile(np.arange(n), 2), np.concatenate([home, away]), FORM)
    met = tails(history.pairs(history.sides), np.arange(n), history.pairs(np.stack([home, away])), MEETINGS)
    used, place = np.unique(np.concatenate([form.rows % max(n, 1), met.rows]), return_inverse=True)
    forms, meetings = form.split(place[: len(form.rows)]), met.split(place[len(form.rows) :])
    counts, prices, half = _counts(history, home > away, met), _prices(fixtures), len(rows)
    shown = zip(forms[:half], forms[half:], meetings, counts, prices, strict=True)
    matches = {match: Around(*one) for match, one in zip(fixtures["match_id"], shown, strict=True)}
    return Contexts(_meetings(history.played.iloc[used]), matches)


def _counts(history: Past, turned: NDArray[np.bool_], met: Tails) -> list[tuple[int, int, int]]:
    """Wins of today's home team, draws, wins of the other in all meetings; `turned` where its code is the higher."""
    margin = (history.played["home_goals"] - history.played["away_goals"]).to_numpy(np.float64)
    lower = np.where(history.sides[0] < history.sides[1], margin, -margin)[met.order]
    sums = [np.concatenate([[0], np.cumsum(which)]) for which in (lower > 0, lower == 0, lower < 0)]
    wins, draws, defeats = (total[met.end] - total[met.begin] for total in sums)
    first, last = np.where(turned, defeats, wins), np.where(turned, wins, defeats)
    return list(zip(first.tolist(), draws.tolist(), last.tolist(), strict=True))


def elo_lines(history: Past, rows: Ints) -> EloLines:
    """Last ratings of all teams of the countries that have fixtures; the newest is that before the next match."""
    both = [_ratings(history.played, history.sides), _ratings(history.following, history.coming)]
    both[1] = both[1].drop_duplicates("code")
    known = pd.concat(both, ignore_index=True).dropna(subset="rating")
    code, country = known["code"].to_numpy(np.int64), history.country_of
    teams = np.unique(code[np.isin(country[code], country[history.coming[:, rows].ravel()])])
    found = tails(code, np.arange(len(known)), teams, POINTS)
    told = known.iloc[found.rows]
    points = list(zip(days(told).tolist(), told["rating"].round(1).tolist(), strict=True))
    lines = []
    for team, (start, end) in zip(teams.tolist(), pairwise(found.starts.tolist()), strict=True):
        country_name, name = history.teams[team]
        lines.append(EloLine(country_name, name, tuple(points[start:end][::-1])))
    return EloLines(tuple(lines))


def _ratings(table: pd.DataFrame, sides: Ints) -> pd.DataFrame:
    """A row a team and match, in the order of the matches."""
    rating = table[list(_RATINGS)].to_numpy(np.float64).ravel()
    return pd.DataFrame({"code": sides.T.ravel(), "rating": rating, "kickoff": table["kickoff"].repeat(2).array})


def _prices(fixtures: pd.DataFrame) -> list[tuple[str, float, float, float] | None]:
    if not set(PRICE) <= set(fixtures.columns):
        return [None] * len(fixtures)
    known = fixtures[list(PRICE)].notna().all(axis=1)
    rows = zip(*(fixtures[name].tolist() for name in PRICE), strict=True)
    return [row if whole else None for row, whole in zip(rows, known, strict=True)]


def _meetings(table: pd.DataFrame) -> tuple[tuple[str, str, str, str, int, int], ...]:
    names = (table[name].tolist() for name in ("competition", "home_team", "away_team"))
    goals = (table[f"{side}_goals"].astype(int).tolist() for side in ("home", "away"))
    return tuple(zip(days(table).tolist(), *names, *goals, strict=True))
