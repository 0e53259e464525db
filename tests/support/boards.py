"""Boards of the online service over the small league: with contexts, Elo lines, quotes and players."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

import served
from served import ListedRegistry, forecasted, promoted, publish_features, publish_model
from squads import line_ups
from touchline import bootstrap, manifest
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.simulation import simulate
from touchline.manifest import current
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


def routed(ports: Container) -> None:
    """Let m2, of other numbers than m1, answer half of those who ask."""
    files = {"calibration.json": b'{"type":"temperature","temperature":2.0}'}
    publish_model(ports.store, "m2", 2, files=files, **served.against("m1"))
    publication, serving = current(ports.store, "serving")
    _, models = current(ports.store, "models")
    outputs = serving.outputs | {f"challenger/{name}": ref for name, ref in models.outputs.items()}
    second = {"model_id": "m2", "model_version": "m2"}
    parameters = serving.parameters | {"route": {"mode": "ab", "share": 0.5, "salt": "s"}, "challenger": second}
    made = msgspec.structs.replace(serving, id="routed", outputs=outputs, parameters=parameters)
    manifest.publish(ports.store, made, publication.seq + 1)


def older(ports: Container, *kept: str) -> Board:
    """A board whose publication has only some of its outputs, as those of earlier versions."""
    publication, made = current(ports.store, "predictions")
    outputs = {name: ref for name, ref in made.outputs.items() if name in kept}
    made = msgspec.structs.replace(made, id="older", outputs=outputs)
    revision = publication.revision + 1
    manifest.publish(ports.store, made, publication.seq, promotion=publication.promotion, revision=revision)
    return read_board(ports)


def board(ports: Container) -> Board:
    """What the service knows of a home."""
    return read_board(ports)
