"""Line-ups of a league whose players differ by a known share of the goals of their team."""

from typing import Any, Final

import numpy as np
import pandas as pd

POSITIONS: Final = ("GK", "DC", "DC", "DL", "DR", "MC", "MC", "AMC", "FW", "FWL", "FWR")
_MEANS: Final = {"G": 0.001, "D": 0.02, "M": 0.08, "A": 0.12, "F": 0.28}


def squad_shares(teams: list[str], seed: int, spread: float) -> dict[tuple[str, int], float]:
    """Share of each player (team, place); with `spread` 0 all of a position are alike."""
    draw = np.random.default_rng(seed)
    means = [_MEANS[position[0]] for position in POSITIONS]
    return {
        (team, place): float(draw.gamma(mean / spread, spread)) if spread else mean
        for team in teams
        for place, mean in enumerate(means)
    }


def line_ups(matches: pd.DataFrame, seed: int = 1, spread: float = 0.15) -> pd.DataFrame:
    """Appearances of eleven starters a side in every finished match and what they did; keepers play 60 minutes."""
    finished = matches[matches["status"] == "finished"]
    teams = sorted(set(finished["home_team"]) | set(finished["away_team"]))
    shares, draw = squad_shares(teams, seed, spread), np.random.default_rng(seed + 1)
    rows: list[dict[str, Any]] = []
    for one in finished.itertuples():
        for side, team, goals in (("home", one.home_team, 1.5), ("away", one.away_team, 1.2)):
            for place, position in enumerate(POSITIONS):
                share = shares[team, place]
                rows.append({
                    "match_id": one.match_id, "competition": one.competition, "season": one.season,
                    "kickoff": one.kickoff, "available_time": one.available_time, "team": team, "side": side,
                    "source": "test", "player": 100 * teams.index(team) + place, "name": f"{team} {place}",
                    "position": position, "starter": True, "minutes": 60.0 if position == "GK" else 90.0,
                    "goals": float(draw.poisson(share * goals)), "assists": float(draw.poisson(0.7 * share * goals)),
                })  # fmt: skip
    return pd.DataFrame(rows)


def as_details(appearances: pd.DataFrame, payload: str) -> dict[str, pd.DataFrame]:
    """The same as tables of details, as `record` takes them."""
    keys = ["match_id", "player", "side"]
    ups = appearances[[*keys, "name", "position", "starter"]].assign(
        captain=False, minute_on=0.0, minute_off=appearances["minutes"], payload=payload
    )
    return {"line_ups": ups, "player_stats": appearances[[*keys, "goals", "assists"]].assign(payload=payload)}
