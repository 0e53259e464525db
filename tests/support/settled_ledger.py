"""A small ledger with everything in it: batches, a matchday that was settled with prices, a void match, one to come."""

from datetime import timedelta

import pandas as pd

from features_published import sealed_before
from snapshots import MOMENT, league, publish_raw
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.vocabulary import odds_columns
from touchline.manifest import Manifest, publish, read_publication
from touchline.stages.drift_settle import settled_of, store_settled
from touchline.stages.forecast_ledger import export_batches
from touchline.tables import write


def filled(environ: dict[str, str]) -> Container:
    """Forecasts of six matches by two models, sealed and exported over three days; those that are over are settled."""
    clock = VirtualClock(MOMENT - timedelta(days=60))
    ports = bootstrap.ports(environ, clock=clock)
    table = league(2)
    finished = table[table["status"] == "finished"].tail(5)
    coming = table[table["status"] == "scheduled"].head(1)
    chosen = [*finished["match_id"], *coming["match_id"]]
    void = finished["match_id"].iloc[-1]
    before, closing = list(odds_columns("ps")), list(odds_columns("ps", closing=True))
    table.loc[table["match_id"].isin(chosen), [*before, *closing]] = [2.6, 3.1, 2.9, 2.4, 3.2, 3.0]
    table.loc[table["match_id"] == void, "status"] = "abandoned"
    rows = table[table["match_id"].isin(chosen)]
    for number, (version, first, last) in enumerate((("1", 0, 3), ("2", 0, 6), ("1", 3, 6))):
        made = sealed_before(rows.iloc[first:last], 0.45 + number / 100, 0.3, 0.25 - number / 100, version)
        clock.move(rows["kickoff"].min().to_pydatetime() - timedelta(days=3 - number))
        ports.ledger.seal(made, clock.now())
        export_batches(ports)
    clock.move(MOMENT)
    played, features = _features(ports, table)
    store_settled(ports, 1, settled_of(ports, played, features.inputs))
    return ports


def _features(ports: Container, table: pd.DataFrame) -> tuple[pd.DataFrame, Manifest]:
    """Features as they are needed to settle: scores alone, and the snapshot behind them."""
    _, raw = read_publication(ports.store, publish_raw(ports.store, table))
    played = table.loc[table["status"] == "finished", ["match_id", "kickoff", "home_goals", "away_goals"]]
    outputs = {"played": write(ports.store, "features/scores/played.parquet", played)}
    inputs = tuple(raw.outputs.values())
    manifest = Manifest(
        stage="features", id="scores", inputs=inputs, outputs=outputs, parameters={}, versions={}, counts={}
    )
    publish(ports.store, manifest, 1)
    return played, manifest
