"""A season, collected from the replica by the command line as often as it takes, and compared with the truth."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import replica_stored
import replica_walk
from replica_faults import KINDS
from replica_server import Running
from touchline.adapters.database import connect

SEASON = "2025-26"
COMMAND = ("scrape", "--source", "whoscored", "--competition", "England Premier League", "--season", SEASON)
AGAIN = 300
"""Collections at most until nothing is left."""


def environment(home: Path, database: str, url: str) -> dict[str, str]:
    """Of a collection that rests nowhere, also not before a wall."""
    return {
        **os.environ,
        "TOUCHLINE_HOME": str(home),
        "TOUCHLINE_DATABASE": database,
        "TOUCHLINE_SCRAPE_WHOSCORED_URL": url,
        "TOUCHLINE_SCRAPE_WHOSCORED_TERMS": "acknowledged",
        "TOUCHLINE_SCRAPE_PACE_SECONDS": "0",
        "TOUCHLINE_SCRAPE_BACKOFF_SECONDS": "0.05",
        "TOUCHLINE_SCRAPE_COOL_DOWN_SECONDS": "0",
        "TOUCHLINE_SCRAPE_PAGES_PER_DAY": "100000",
    }


def disturb(replica: Running, share: float) -> None:
    """Let that share of the requests fail, of every kind alike."""
    replica.faults.set(dict.fromkeys(KINDS, share / len(KINDS)), slow_seconds=3.0, retry_after=0)


def collect(environ: dict[str, str], kill_after: float = 0.0) -> dict[str, Any]:
    """One run of the command; what it says, empty if it was killed."""
    command = [sys.executable, "-m", "touchline.cli.main", *COMMAND, "--retry-failed", "--no-chain", "--json"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            out, complaint = process.communicate(timeout=kill_after or None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return {}
    assert out, f"exit code {process.returncode}: {complaint}"
    found: dict[str, Any] = json.loads(out)["collected"]
    return found | {"exit code": process.returncode}


def until_done(environ: dict[str, str], kills: int = 0, longest: float = 20.0, seed: int = 7) -> dict[str, Any]:
    """Collect until the source has no more to give, killed so often on the way; what that took."""
    dice = Random(seed)
    told: list[dict[str, Any]] = []
    for attempt in range(AGAIN):
        told.append(collect(environ, dice.uniform(1.0, longest) if attempt < kills else 0.0))
        if told[-1].get("exit code") == 0 and not told[-1]["pages_failed"] and not told[-1].get("pages_waiting"):
            break
    sums = {name: sum(one.get(name, 0) for one in told) for name in ("pages_fetched", "retries")}
    blocks = Counter(kind for one in told for kind in (one.get("blocked") or {}).values())
    return {
        "runs": len(told), "killed": sum(not one for one in told), **sums, "blocked": dict(blocks), "last": told[-1],
    }  # fmt: skip


def compared(database: str, replica: Running) -> dict[str, Any]:
    """How many cells were compared, those that differ, and who asked for what."""
    engine = connect(database)
    try:
        found = replica_stored.tables(engine)
    finally:
        engine.dispose()
    keys = {"schedule": ["source_id"], **replica_walk.KEYS}
    wanted = {name: replica.truth.table(name, "E0", SEASON) for name in keys}
    differing = {name: replica_walk.differences(found[name], wanted[name], key) for name, key in keys.items()}
    return {
        "cells": sum(table.size for table in wanted.values()),
        "differences": {name: what for name, what in differing.items() if what},
        "requests by kind": dict(Counter(hit.kind for hit in replica.hits.all)),
        "faults by kind": dict(Counter(hit.fault for hit in replica.hits.all if hit.fault)),
    }
