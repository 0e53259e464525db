"""Boards of the online service over the small league: with contexts, Elo lines, quotes and players."""

from datetime import timedelta
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
from touchline.ports import ObjectStore
from touchline.stages import feature_players
from touchline.stages.predict_board import Board, read_board


@cache
def player_tables() -> dict[str, pd.DataFrame]:
    """Tables `appearances` and `players` of the small league: `<team> <place>` is a player's name, 0 to 10."""
    return feature_players.make(line_ups(simulate(7, served.NOW, seasons=2)), served.tables()[0]["played"])


def home(folder: Path, *, players: bool = True, **features: Any) -> Container:
    """A home below a folder in which the small league is forecast by m1; `features` replace tables by name."""
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(folder / "home")}, clock=VirtualClock(served.NOW))
    ports.registry = ListedRegistry()
    publish(ports, players=players, **features)
    return ports


def publish(ports: Container, model_id: str = "m1", seq: int = 1, *, players: bool = True, **features: Any) -> str:
    """Features, a champion and its forecasts; key of the forecasts' publication."""
    key = publish_features(ports.store, seq, more=player_tables() if players else None, **features)
    promoted(ports, publish_model(ports.store, model_id, seq))
    return forecasted(ports, key).publications[0]


def board(ports: Container) -> Board:
    """What the service knows of a home."""
    return read_board(ports)


def quotes(store: ObjectStore, match_id: str) -> pd.DataFrame:
    """Two prices of a match by one bookmaker, as `Quotes.record` takes them."""
    rows = [
        ("h2h", outcome, 0.0, price + step / 10, served.NOW - timedelta(hours=5 - step))
        for step in range(2)
        for outcome, price in (("home", 2.0), ("draw", 3.4), ("away", 3.6))
    ]
    told = pd.DataFrame(rows, columns=["market", "outcome", "line", "price", "quoted_at"])
    return told.assign(match_id=match_id, bookmaker="Bet365", source="test", payload="0" * 64)
