"""What the feature function makes of line-ups: appearances with the goals expected of their team, shares of players."""

from typing import Final

import pandas as pd

from touchline.domain import involvement
from touchline.domain.involvement import EVENTS

SIDES: Final = ("home", "away")
MEAN_GOALS: Final = 1.35
"""Goals of a side, where nothing is known of the teams."""


def make(appearances: pd.DataFrame, played: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables `appearances` and `players`.

    Args:
        appearances: as `MatchStore.appearances` gives them.
        played: features of finished matches; goals expected before kick-off are read from them.

    Returns:
        `appearances` with `team_goals`; `players` with one row a player: name, team and line by the newest match,
        sums, and `share_<event>` of each of EVENTS.
    """
    expected = pd.concat(
        played[["match_id"]].assign(side=side, team_goals=played[f"{side}_expected_goals"]) for side in SIDES
    )
    rows = appearances.merge(expected, on=["match_id", "side"], how="left")
    rows = rows.assign(team_goals=rows["team_goals"].fillna(MEAN_GOALS))
    known = involvement.prepared(rows)
    players = involvement.totals(known)
    shares = involvement.shares(players, involvement.fit(known))
    return {
        "appearances": rows,
        "players": players.assign(**{f"share_{event}": shares[:, place] for place, event in enumerate(EVENTS)}),
    }
