"""A small simulated league as season files, and a platform that trains on it within seconds."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from touchline.adapters.clock import VirtualClock
from touchline.cli.commands import put_down
from touchline.domain.simulation import simulate
from touchline.manifest import current, publication_key, sha256
from touchline.platform.runner import Platform
from touchline.ports import ObjectStore, Payload

NOW = datetime(2025, 12, 1, 9, 0, tzinfo=UTC)
LAX = """
version: 1
smoke: {max_parity: 1.0e-4, sample_rows: 16}
candidate: {min_matches: 20, better_than_priors: -1.0, better_than_elo: -1.0, max_ece: 1.0, ece_noise: 0.77,
            suspected_leak: 1.0}
champion: {min_matches: 20, at_once: 1.0}
trial: {challengers: 2, horizon: 10000, gain: 0.002, max_rps: 0.001, max_ece: 0.01, slice_matches: 300,
        slice_loss: 0.02}
rollback: {min_requests: 100, cool_down_hours: 24}
"""
"""Lets any working model serve: the league is too small for the real rules."""

PASSING = ("incoming/", "runs/", "scrapes/", "quarantine/")
"""What depends on the way by which the data came, or on clocks: left out of a digest."""


_TRACE = re.compile(rb'"traceparent":"[^"]*"')


def season_files(teams: int = 12, seasons: int = 3) -> dict[str, bytes]:
    """Name -> CSV of each season, in the order of time; the last one has fixtures to come."""
    table = simulate(7, NOW, seasons=seasons, teams=teams)
    return {f"sim1-{season}.csv": as_csv(part) for season, part in table.groupby("season")}


def as_csv(table: pd.DataFrame) -> bytes:
    """Rows in the tidy CSV format."""
    narrow = table.drop(columns=["available_time", "match_id"], errors="ignore").dropna(axis=1, how="all")
    return narrow.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ").encode()


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """Environment of a platform below a folder: one trial, one family, lax rules, and a registry of files."""
    folder.mkdir(parents=True, exist_ok=True)
    policy = folder / "policy.yaml"
    policy.write_text(LAX)
    return {
        "TOUCHLINE_HOME": str(folder / "home"),
        "TOUCHLINE_PROMOTE_POLICY": str(policy),
        "TOUCHLINE_TRAIN_TRIALS": "1",
        "TOUCHLINE_TRAIN_FOLDS": "2",
        "TOUCHLINE_TRAIN_FAMILIES": "logistic",
        "TOUCHLINE_REGISTRY": "folder",
        **changes,
    }


def platform(folder: Path, clock: VirtualClock, **options: Any) -> Platform:
    """A platform below a folder, at the time of a clock."""
    return Platform(environment(folder), clock=clock, **options)


def put(world: Platform, files: dict[str, bytes]) -> None:
    """Put files under `incoming/`."""
    now = world.ports.clock.now()
    put_down(world, [Payload("files", name, body, now) for name, body in files.items()])


def state(store: ObjectStore) -> dict[str, str]:
    """Key -> sha256 of everything that must not depend on the way: the digest of a state, open to the eye."""
    newest = {key for stage in ("raw", "validated") for key in _newest(store, stage)}
    kept = (info.key for info in store.list("") if not info.key.startswith(PASSING))
    kept = (key for key in kept if key in newest or not key.startswith(("raw/", "validated/")))
    kept = (key for key in kept if not (key.startswith("payloads/") and key.endswith(".json")))
    return {key: sha256(_TRACE.sub(b"", store.get(key))) for key in kept}


def _newest(store: ObjectStore, stage: str) -> set[str]:
    """Keys of what a stage says now: which of the older snapshots there are depends on the way."""
    publication, manifest = current(store, stage)
    refs = (*manifest.outputs.values(), *publication.sidecars.values())
    pointers = {publication_key(stage, publication.seq), f"{stage}/latest.json", publication.manifest}
    return pointers | {ref.key for ref in refs}
