"""Shares of the players of teams that have fixtures, in the form that predict reads."""

from datetime import timedelta
from typing import Any, Final

import pandas as pd

from touchline import tables
from touchline.domain.competitions import competition
from touchline.domain.involvement import EVENTS
from touchline.domain.player_shares import PlayerShare, PlayerShares
from touchline.manifest import Manifest
from touchline.ports import ObjectStore

GONE: Final = timedelta(days=365)
"""Who was not seen for so long before the newest match is not told of any more."""


def shares_of(store: ObjectStore, featured: Manifest, fixtures: pd.DataFrame) -> PlayerShares | None:
    """Players of the teams of fixtures; None where no line-ups are known."""
    if not {"players", "appearances"} <= set(featured.outputs):
        return None
    seen = tables.read(store, featured.outputs["appearances"], ("player", "competition", "kickoff"))
    newest = seen.sort_values("kickoff", kind="stable").groupby("player").last()
    recent = newest[newest["kickoff"] >= newest["kickoff"].max() - GONE]
    players = tables.read(store, featured.outputs["players"]).join(recent, on="player", how="inner")
    teams = {
        (competition(row.competition).country, team)
        for row in fixtures.itertuples()
        for team in (row.home_team, row.away_team)
    }
    told = (_share(row) for row in players.sort_values("player").itertuples())
    return PlayerShares(tuple(each for each in told if (each.country, each.team) in teams))


def _share(row: Any) -> PlayerShare:
    goals, involvements = (float(getattr(row, f"share_{event}")) for event in EVENTS)
    return PlayerShare(
        name=row.name, country=competition(row.competition).country, team=row.team, line=row.line,
        seen=row.kickoff.date().isoformat(), matches=int(row.matches), minutes=float(row.minutes),
        goals=goals, involvements=involvements,
    )  # fmt: skip
