"""Walk through the replica as a source wants it, without a collector; compare what came with what is true."""

from datetime import datetime
from typing import Any

import pandas as pd

from asgi_client import Client
from replica_app import Replica
from touchline.collecting import DETAILS, Scope, Source
from touchline.ports import Payload
from touchline.sources import registry

KEYS = {
    "statistics": ["source_id"],
    "match_details": ["source_id"],
    "team_details": ["source_id", "side"],
    "line_ups": ["source_id", "player"],
    "player_stats": ["source_id", "player"],
    "shots": ["source_id", "shot"],
}
"""Table of the truth -> columns that name a row."""


def walk(replica: Replica, source: Source, scope: Scope, now: datetime) -> dict[str, pd.DataFrame]:
    """Everything that the parser makes of the pages that a source asks for: `rows`, and the tables of DETAILS."""
    client, asking = Client(replica), source.pages(scope, now)
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in ("rows", *DETAILS)}
    answer: Payload | None = None
    while True:
        try:
            page = asking.send(answer)
        except StopIteration:
            return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items() if parts}
        asked = client.get(page.url)
        answer = Payload(source.name, page.name, asked.content, now) if asked.status_code == 200 else None
        if answer is None:
            continue
        source.verdict(page, answer, now)
        if page.endpoint in ("month", "match"):
            parsed = registry.parse(answer)
            for name, table in {"rows": parsed.rows, **parsed.details}.items():
                found[name] += [table] if len(table) else []


def differences(found: pd.DataFrame, wanted: pd.DataFrame, key: list[str]) -> dict[str, Any]:
    """What is not so in `found` as in `wanted`: keys that only one has, and by column up to three cells that differ.

    Numbers may differ by 1e-6, columns beside those wanted are not looked at; empty if all is well.
    """
    there, here = found.set_index(key).sort_index(), wanted.set_index(key).sort_index()
    told: dict[str, Any] = {
        "missing": list(here.index.difference(there.index))[:3],
        "too many": list(there.index.difference(here.index))[:3],
        "no such column": [name for name in here if name not in there],
        "twice": list(there.index[there.index.duplicated()])[:3],
    }
    both = there.index.intersection(here.index)
    for name in [name for name in here if name in there and not told["twice"]]:
        pairs = zip(both, there.loc[both, name], here.loc[both, name], strict=True)
        told[name] = [(at, one, other) for at, one, other in pairs if not _same(one, other)][:3]
    return {what: cells for what, cells in told.items() if cells}


def _same(one: Any, other: Any) -> bool:
    if pd.isna(one) or pd.isna(other):
        return bool(pd.isna(one) and pd.isna(other))
    if isinstance(other, float) and not isinstance(one, str):
        return abs(float(one) - other) < 1e-6
    return bool(one == other)
