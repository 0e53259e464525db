"""Runs in an environment that has penaltyblog: walks through matches with its Elo, pi-ratings and Dixon-Coles.

`python penaltyblog_walk.py FOLDER`: reads `matches.parquet` (home, away, league, day, home_goals, away_goals, wanted;
in the order of time) and `plan.json`; writes `forecasts.parquet`, a row a match, and `seconds.json`. Ratings learn from
every match; what they say of a match is read before the first match of its period. Dixon-Coles is fitted anew at the
start of each period for each league with matches that are `wanted`.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import penaltyblog
from penaltyblog.models import DixonColesGoalModel, dixon_coles_weights
from penaltyblog.ratings import Elo, PiRatingSystem


def periods(day: np.ndarray, step: int) -> list[np.ndarray]:
    """Rows of each period of so many days, in their order."""
    number = day // step
    return np.split(np.arange(len(day)), np.flatnonzero(np.diff(number)) + 1)


def elo(table: pd.DataFrame, step: int) -> np.ndarray:
    """Rating difference before each match."""
    system, found = Elo(), np.empty(len(table))
    margin = (table["home_goals"] - table["away_goals"]).to_numpy()
    result = np.select([margin > 0, margin == 0], [0, 1], 2).tolist()
    home, away = table["home"].tolist(), table["away"].tolist()
    for rows in periods(table["day"].to_numpy(), step):
        for row in rows:
            found[row] = system.get_team_rating(home[row]) - system.get_team_rating(away[row])
        for row in rows:
            system.update_ratings(home[row], away[row], result[row])
    return found


def pi(table: pd.DataFrame, step: int) -> np.ndarray:
    """Expected goal difference before each match."""
    system, found = PiRatingSystem(), np.empty(len(table))
    margin = (table["home_goals"] - table["away_goals"]).tolist()
    home, away = table["home"].tolist(), table["away"].tolist()
    for rows in periods(table["day"].to_numpy(), step):
        for row in rows:
            found[row] = system.expected_goal_difference(home[row], away[row])
        for row in rows:
            system.update_ratings(home[row], away[row], margin[row])
    return found


def dixon_coles(table: pd.DataFrame, step: int, window: int, xi: float) -> tuple[np.ndarray, int]:
    """Chances of home, draw, away of the matches that are wanted, and how many fits they took."""
    found, fits = np.full((len(table), 3), np.nan), 0
    wanted = table[table["wanted"]]
    for league, of_league in wanted.groupby("league"):
        past = table[table["league"] == league]
        for number, asked in of_league.groupby(of_league["day"] // step):
            start = number * step
            train = past[(past["day"] < start) & (past["day"] >= start - window)]
            dates = pd.to_datetime(train["day"], unit="D")
            weights = dixon_coles_weights(dates, xi=xi, base_date=pd.Timestamp(start, unit="D"))
            model = DixonColesGoalModel(
                train["home_goals"].to_numpy(), train["away_goals"].to_numpy(), train["home"].to_numpy(),
                train["away"].to_numpy(), weights,
            )  # fmt: skip
            model.fit()
            fits += 1
            known = set(train["home"]) | set(train["away"])
            for row, home, away in zip(asked.index, asked["home"], asked["away"], strict=True):
                if home in known and away in known:
                    found[row] = model.predict(home, away).home_draw_away
    return found, fits


def main(folder: Path) -> None:
    """Walk, and write what was found."""
    table, plan = pd.read_parquet(folder / "matches.parquet"), json.loads((folder / "plan.json").read_text())
    made, seconds = {}, {"version": penaltyblog.__version__}
    for name, walk in (("elo", elo), ("pi", pi)):
        begun, busy = time.perf_counter(), time.process_time()
        made[name] = walk(table, plan["ratings_days"])
        seconds[name] = [time.perf_counter() - begun, time.process_time() - busy]
    begun, busy = time.perf_counter(), time.process_time()
    chances, fits = dixon_coles(table, plan["fit_days"], plan["window_days"], plan["xi"])
    seconds["dixon_coles"] = [time.perf_counter() - begun, time.process_time() - busy]
    seconds["fits"] = fits
    made |= {f"dixon_coles_{name}": chances[:, place] for place, name in enumerate(("home", "draw", "away"))}
    pd.DataFrame(made).to_parquet(folder / "forecasts.parquet")
    (folder / "seconds.json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
