"""The features against a slow and plain telling of the same story, one match after the other."""

from collections import defaultdict
from itertools import takewhile
from typing import Any

import numpy as np
import pandas as pd
import pytest

from matchbook import matchbook
from touchline.domain import elo, ratings
from touchline.domain.features import FEATURE_NAMES, FEATURES, build

COUNTRY = {"E0": "England", "E1": "England", "D1": "Germany"}
DAY = pd.Timedelta(days=1)


class PlainHistory:
    """What is known of every team, in lists and loops."""

    def __init__(self) -> None:
        self.played: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.met: dict[frozenset[tuple[str, str]], list[tuple[str, float]]] = defaultdict(list)
        self.elo: dict[tuple[str, str], float] = {}
        self.mean: dict[str, float] = defaultdict(lambda: elo.START)

    def settled(self, team: tuple[str, str], row: Any) -> float:
        mean, games = self.mean[row.competition], self.played[team]
        if not games:
            return mean + elo.NEWCOMER
        away_from_mean = self.elo[team] - mean
        return self.elo[team] - elo.REGRESSION * away_from_mean * (games[-1]["season"] != row.season)

    def read(self, row: Any) -> dict[str, float]:
        home, away = keys(row)
        told = {"elo_difference": self.settled(home, row) - self.settled(away, row)}
        for side, team in (("home", home), ("away", away)):
            told |= {f"{side}_{name}": value for name, value in self.of_team(team, row).items()}
        met = self.met[frozenset((home, away))][-10:]
        goals = [goals if host == row.home_team else -goals for host, goals in met]
        return told | {"head_to_head_meetings": len(met), "head_to_head_goals": np.mean(goals) if met else np.nan}

    def of_team(self, team: tuple[str, str], row: Any) -> dict[str, float]:
        games = self.played[team]
        season = list(
            takewhile(lambda game: (game["season"], game["competition"]) == (row.season, row.competition), games[::-1])
        )
        while_in = next(
            (at for at, game in enumerate(games[::-1]) if game["competition"] != row.competition), len(games)
        )
        ages = [row.kickoff - game["kickoff"] for game in games[-10:]]
        shots = [game["shots"] for game in games[-5:] if not np.isnan(game["shots"])]
        return {
            "goals_for_last5": np.mean([game["goals"] for game in games[-5:]]) if games else np.nan,
            "shots_for_last5": np.mean(shots) if shots else np.nan,
            "points_span6": weighted([game["points"] for game in games], 6),
            "shots_against_span20": weighted([game["shots_against"] for game in games], 20),
            "rest_days": np.clip(ages[-1] / DAY, 0, 30) if games else np.nan,
            "matches_14_days": sum(age <= 14 * DAY for age in ages),
            "experience": min(len(games), 60),
            "season_matches": len(season),
            "season_points": (sum(game["points"] for game in season) + 5.4) / (len(season) + 4),
            "season_goals": sum(game["margin"] for game in season) / (len(season) + 4),
            "new_in_league": float(while_in <= len(season)),
        }

    def learn(self, rows: list[Any]) -> None:
        """Matches of one moment, no team twice: all are read before any is learnt from."""
        steps: dict[str, float] = defaultdict(float)
        before = [[self.settled(team, row) for team in keys(row)] for row in rows]
        for row, (home_elo, away_elo) in zip(rows, before, strict=True):
            margin = row.home_goals - row.away_goals
            expected = 1 / (1 + 10 ** (-(home_elo - away_elo + elo.HOME_ADVANTAGE) / 400))
            moved = elo.K * (1 + abs(margin)) ** elo.MARGIN_EXPONENT * ((np.sign(margin) + 1) / 2 - expected)
            home, away = keys(row)
            self.elo[home], self.elo[away] = home_elo + moved, away_elo - moved
            steps[row.competition] += ratings.PACE.means * ((home_elo + away_elo) / 2 - self.mean[row.competition])
            self.played[home].append(game(row, "home", "away"))
            self.played[away].append(game(row, "away", "home"))
            self.met[frozenset((home, away))].append((row.home_team, margin))
        for league, step in steps.items():
            self.mean[league] += step


def keys(row: Any) -> tuple[tuple[str, str], tuple[str, str]]:
    country = COUNTRY[row.competition]
    return (country, row.home_team), (country, row.away_team)


def game(row: Any, own: str, other: str) -> dict[str, Any]:
    margin = getattr(row, f"{own}_goals") - getattr(row, f"{other}_goals")
    return {
        "season": row.season,
        "competition": row.competition,
        "kickoff": row.kickoff,
        "goals": getattr(row, f"{own}_goals"),
        "margin": margin,
        "points": 3 if margin > 0 else int(margin == 0),
        "shots": getattr(row, f"{own}_shots"),
        "shots_against": getattr(row, f"{other}_shots"),
    }


def weighted(values: list[float], span: int) -> float:
    mean = np.nan
    for value in values:
        if not np.isnan(value):
            mean = value if np.isnan(mean) else mean + 2 / (span + 1) * (value - mean)
    return mean


def told_plainly(table: pd.DataFrame) -> pd.DataFrame:
    """Features by match_id; results of one moment are taken in turns, so that no team learns twice at once."""
    history, told = PlainHistory(), {}
    teaches = table[(table["status"] == "finished") & table["home_goals"].notna()].sort_values("match_id")
    events = [(row.available_time, 0, row) for row in teaches.itertuples()]
    events += [(row.kickoff, 1, row) for row in table.itertuples()]
    moments = sorted({(moment, kind) for moment, kind, _ in events})
    for moment, kind in moments:
        rows = [row for at, what, row in events if (at, what) == (moment, kind)]
        while kind == 0 and rows:
            busy: set[Any] = set()
            turn, later = [], []
            for row in rows:
                (later if busy & set(keys(row)) else turn).append(row)
                busy |= set(keys(row))
            history.learn(turn)
            rows = later
        for row in rows:
            told[row.match_id] = history.read(row)
    return pd.DataFrame.from_dict(told, orient="index")


@pytest.mark.parametrize("seed", range(6))
def test_all_at_once_is_the_same_as_one_by_one(seed: int) -> None:
    table = matchbook(seed, matches=160)
    plain = told_plainly(table).loc[table["match_id"]]
    made = pd.DataFrame(build(table).values, columns=FEATURE_NAMES)[list(plain.columns)]
    np.testing.assert_allclose(made.to_numpy(), plain.to_numpy(float), rtol=1e-9, atol=1e-9)


class TestNames:
    def test_no_column_is_made_twice(self) -> None:
        assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)

    def test_every_feature_says_what_it_is_in_which_unit(self) -> None:
        silent = [each.name for each in FEATURES if not (each.about.endswith(".") and each.unit)]
        assert silent == []

    def test_every_feature_of_one_side_has_its_twin(self) -> None:
        home = {name.removeprefix("home_") for name in FEATURE_NAMES if name.startswith("home_")}
        away = {name.removeprefix("away_") for name in FEATURE_NAMES if name.startswith("away_")}
        assert home == away

    def test_only_what_says_so_knows_prices(self) -> None:
        changed = changed_by([name for name in matchbook(2) if name.startswith(("odds_", "closing_"))])
        assert changed == {feature.name for feature in FEATURES if feature.known in ("past_prices", "prices")}

    def test_only_what_says_so_knows_statistics(self) -> None:
        counted = ("_shots", "_shots_on_target", "_corners", "_fouls", "_yellow_cards", "_red_cards")
        changed = changed_by([name for name in matchbook(2) if name.endswith(counted)])
        assert changed == {feature.name for feature in FEATURES if feature.known == "statistics"}


def changed_by(missing: list[str]) -> set[str]:
    """Features that are others without these columns."""
    table = matchbook(2)
    one, other = build(table).values, build(table.assign(**dict.fromkeys(missing, np.nan))).values
    differs = ~((one == other) | (np.isnan(one) & np.isnan(other)))
    return {name for name, column in zip(FEATURE_NAMES, differs.T, strict=True) if column.any()}
