"""Small made-up match tables with all that is awkward: several leagues of one country, teams that change between them
or play twice within a few hours, results at one moment, missing statistics and prices, postponed matches, fixtures.
"""

import numpy as np
import pandas as pd

from touchline.domain.vocabulary import MATCH_COLUMNS, ODDS_AVAILABLE, ODDS_COLUMNS, STATISTIC_COLUMNS, side_columns

LEAGUES = ("E0", "E1", "D1")
TEAMS = {"E": ("Ash", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch"), "D": ("Ahorn", "Birke", "Buche", "Eiche")}
START = np.datetime64("2020-08-01T12:00", "us")
LAG = pd.Timedelta(hours=5)


def matchbook(seed: int, matches: int = 60) -> pd.DataFrame:
    """A tidy table with `available_time`, its rows in no order; the same seed gives the same table."""
    rng = np.random.default_rng(seed)
    league = rng.choice(LEAGUES, matches)
    pairs = [rng.choice(TEAMS[code[0]], 2, replace=False) for code in league]
    hours = rng.integers(0, 3 * 365 * 4, matches) * 6 + rng.choice([0, 0, 0, 3], matches)
    kickoff = pd.Series(START + hours.astype("timedelta64[h]")).dt.tz_localize("UTC")
    table = pd.DataFrame(
        {
            "match_id": [f"m-{number}" for number in rng.permutation(matches)],
            "competition": league,
            "season": [f"{year}-{(year + 1) % 100}" for year in 2020 + hours // (365 * 24)],
            "kickoff": kickoff,
            "kickoff_known": True,
            "home_team": [home for home, _ in pairs],
            "away_team": [away for _, away in pairs],
        }
    )
    table = table.assign(available_time=kickoff + LAG, **results(rng, matches))
    return table[[*MATCH_COLUMNS, "available_time"]]


def results(rng: np.random.Generator, matches: int) -> dict[str, np.ndarray]:
    """Everything about so many matches that is known only later: status, statistics, prices."""
    status = rng.choice(["finished", "scheduled", "postponed", "abandoned"], matches, p=[0.85, 0.09, 0.03, 0.03])
    counts = {name: rng.poisson(4, matches).astype(float) for name in STATISTIC_COLUMNS}
    for name in set(STATISTIC_COLUMNS) - {*side_columns("goals")}:
        counts[name][rng.random(matches) < 0.3] = np.nan
    for name in side_columns("goals"):
        counts[name][status != "finished"] = np.nan
    prices = {name: np.round(rng.uniform(1.5, 5, matches), 2) for name in MATCH_COLUMNS[8 + len(STATISTIC_COLUMNS) :]}
    for name in ODDS_COLUMNS:
        prices[name][rng.random(matches) < 0.5] = np.nan
    return {"status": status, **counts, **prices}


def later_changed(table: pd.DataFrame, moment: pd.Timestamp, seed: int) -> pd.DataFrame:
    """The table with everything made up anew that became available after a moment."""
    later = (table["available_time"] > moment).to_numpy()
    unpriced = (table["kickoff"] + ODDS_AVAILABLE > moment).to_numpy()
    changed = table.copy()
    for name, values in results(np.random.default_rng(seed), len(table)).items():
        changed[name] = np.where(later & unpriced if name in ODDS_COLUMNS else later, values, table[name])
    return changed
