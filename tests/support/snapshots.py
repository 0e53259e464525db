"""Snapshots of the simulated league, published as the exporter would, for the stages after it."""

from datetime import UTC, datetime
from functools import cache
from io import BytesIO

import pandas as pd

from touchline.domain.simulation import simulate
from touchline.manifest import Manifest, publish, sha256, write_object
from touchline.ports import ObjectStore

MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@cache
def _league(seasons: int) -> pd.DataFrame:
    return simulate(3, MOMENT, seasons=seasons, teams=12)


def league(seasons: int = 3) -> pd.DataFrame:
    """Tidy table of a small league: finished matches, and fixtures."""
    return _league(seasons).copy()


def publish_raw(store: ObjectStore, table: pd.DataFrame, seq: int = 1) -> str:
    """Write a table as a snapshot and publish it; the publication's key."""
    buffer = BytesIO()
    table.to_parquet(buffer, index=False, compression="zstd")
    return publish_snapshot(store, buffer.getvalue(), len(table), seq)


def publish_snapshot(store: ObjectStore, data: bytes, rows: int, seq: int) -> str:
    """Publish bytes as if they were a snapshot."""
    work = sha256(data)[:20]
    ref = write_object(store, f"raw/{work}/matches.parquet", data, rows=rows)
    manifest = Manifest(
        stage="raw",
        id=work,
        inputs=(),
        outputs={"matches": ref},
        parameters={"simulated": True},
        versions={"export": "1"},
        counts={"rows": rows},
    )
    return publish(store, manifest, seq)[0]


def everything(store: ObjectStore, prefix: str = "") -> dict[str, str]:
    """Key -> hash of every object under a prefix: what a stage left behind."""
    return {info.key: sha256(store.get(info.key)) for info in store.list(prefix)}
