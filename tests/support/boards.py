"""Boards of the online service over the small league: with contexts, Elo lines, quotes and players."""

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import served
from served import ListedRegistry, forecasted, promoted, publish_features, publish_model
from squads import line_ups
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.simulation import simulate
from touchline.stages import feature_players
from touchline.stages.predict_board import Board, read_board


@cache
def player_tables() -> dict[str, pd.DataFrame]:
    """Tables `appearances` and `players` of the small league: `<team> <place>` is a player's name, 0 to 10."""
    return feature_players.make(line_ups(simulate(7, served.NOW, seasons=2)), served.tables()[0]["played"])


def quoted_tables() -> pd.DataFrame:
    """Table `benchmarks` of the small league; Bet365 has quoted 2.1, 3.4 and 3.6 for every other coming fixture."""
    made, _ = served.tables()
    coming = made["upcoming"].sort_values(["kickoff", "match_id"])["match_id"].iloc[::2]
    priced = made["benchmarks"].set_index("match_id")
    priced.loc[coming, ["quoted_by", "quoted_home", "quoted_draw", "quoted_away"]] = ["b365", 2.1, 3.4, 3.6]
    return priced.reset_index()


def home(folder: Path, *, players: bool = True, **features: Any) -> Container:
    """A home below a folder in which the small league is forecast by m1, with prices for every other fixture, and
    line-ups unless `players` is false; `features` replace tables by name.
    """
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(folder / "home")}, clock=VirtualClock(served.NOW))
    ports.registry = ListedRegistry()
    publish(ports, players=players, **features)
    return ports


def publish(ports: Container, model_id: str = "m1", seq: int = 1, *, players: bool = True, **features: Any) -> str:
    """Features, a champion and its forecasts; key of the forecasts' publication."""
    replaced = {"benchmarks": quoted_tables(), **features}
    key = publish_features(ports.store, seq, more=player_tables() if players else None, **replaced)
    promoted(ports, publish_model(ports.store, model_id, seq))
    return forecasted(ports, key).publications[0]


def board(ports: Container) -> Board:
    """What the service knows of a home."""
    return read_board(ports)
