"""Feature: what was known before each kick-off, for matches to learn from and matches to forecast.

What closing prices say of a match is kept apart, in the benchmarks: models are compared with them, never fed by them.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from touchline import tables
from touchline.domain import gates
from touchline.domain.encoding import reference_prices
from touchline.domain.features import FEATURE_NAMES, Features, build
from touchline.domain.gate_report import GateReport, as_data
from touchline.domain.odds import implied
from touchline.domain.vocabulary import OUTCOMES, side_columns
from touchline.errors import GateRejected
from touchline.manifest import (
    Manifest,
    Ref,
    content_id,
    encode,
    publication_key,
    publish,
    read_publication,
    sha256,
    superseded,
    write_object,
)
from touchline.ports import ObjectStore
from touchline.settings import Feature
from touchline.stages import feature_players
from touchline.work import Event, Ports, Result

STAGE: Final = "features"
VERSION: Final = "1"
KEYS: Final = ("match_id", "competition", "season", "kickoff", "kickoff_known", "home_team", "away_team")
"""Columns that say which match a row of features is about."""


def run(event: Event, ports: Ports, settings: Feature) -> Result:
    """Make features of the snapshot that a publication of `validated/` points at.

    Raises:
        GateRejected: the features cannot be learnt from; the report is kept in quarantine.
        PermanentError: the publication, its manifest or the snapshot cannot be read.
    """
    store = ports.store
    publication, validated = read_publication(store, event.key)
    if newer := superseded(store, publication_key(STAGE, publication.seq)):
        return Result(outcome="skipped", reason=f"superseded by {newer}")
    snapshot = validated.outputs["matches"]
    parameters = {"features": features_hash(), "simulated": bool(validated.parameters.get("simulated", False))}
    versions = {"feature": VERSION}
    inputs = tuple(validated.outputs[name] for name in ("matches", "appearances") if name in validated.outputs)
    work = content_id(STAGE, inputs, parameters, versions)
    made, state = make(tables.read(store, snapshot))
    _pass_gate(store, work, snapshot, made["played"])
    if seen := validated.outputs.get("appearances"):
        made |= feature_players.make(tables.read(store, seen), made["played"])
    outputs = {name: tables.write(store, f"{STAGE}/{work}/{name}.parquet", table) for name, table in made.items()}
    outputs["state"] = write_object(store, f"{STAGE}/{work}/state.npz", state)
    counts = {name: len(table) for name, table in made.items()}
    manifest = Manifest(
        stage=STAGE,
        id=work,
        inputs=inputs,
        outputs=outputs,
        parameters=parameters,
        versions=versions,
        counts=counts,
    )
    key, created = publish(store, manifest, publication.seq)
    return Result(outcome="done" if created else "unchanged", publications=(key,), summary=counts)


def features_hash() -> str:
    """Identity of the feature columns and their order."""
    return sha256(encode(FEATURE_NAMES))


def make(table: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], bytes]:
    """Tables `played`, `upcoming` and `benchmarks` of a tidy table, and the team state as bytes."""
    table = table.sort_values(["kickoff", "match_id"], ignore_index=True)
    features = build(table)
    finished = (table["status"] == "finished") & table[list(side_columns("goals"))].notna().all(axis=1)
    scheduled = table["status"] == "scheduled"
    made = {
        "played": _rows(table, features, finished, _scores(table)),
        "upcoming": _rows(table, features, scheduled, {}),
        "benchmarks": _benchmarks(table[finished | scheduled]),
    }
    return made, features.state.to_bytes()


def _scores(table: pd.DataFrame) -> dict[str, Any]:
    home, away = side_columns("goals")
    margin = table[home] - table[away]
    outcome = np.select([margin > 0, margin == 0], [0, 1], 2).astype(np.int8)
    return {home: table[home], away: table[away], "outcome": outcome}


def _rows(table: pd.DataFrame, features: Features, which: "pd.Series[bool]", more: dict[str, Any]) -> pd.DataFrame:
    values = pd.DataFrame(features.values[which.to_numpy()], columns=list(features.names))
    keys = table[list(KEYS)].assign(**more)[which].reset_index(drop=True)
    return pd.concat([keys, values], axis=1)


def _benchmarks(table: pd.DataFrame) -> pd.DataFrame:
    """Probabilities behind the reference bookmaker's prices before the match and closing, missing without prices."""
    columns: dict[str, Any] = {"match_id": table["match_id"].to_numpy()}
    for name, closing in (("bookmaker", False), ("closing", True)):
        probabilities = implied(reference_prices(table, closing=closing))
        columns |= {f"{name}_{outcome}": column for outcome, column in zip(OUTCOMES, probabilities.T, strict=True)}
    return pd.DataFrame(columns)


def _pass_gate(store: ObjectStore, work: str, snapshot: Ref, played: pd.DataFrame) -> None:
    checked = played[["match_id", "outcome", *FEATURE_NAMES]]
    report = gates.check("features", checked, columns=FEATURE_NAMES)
    if not report.passed:
        _keep(store, work, snapshot, report)


def _keep(store: ObjectStore, work: str, snapshot: Ref, report: GateReport) -> None:
    where = f"quarantine/feature/{work}/report.json"
    write_object(store, where, encode(as_data([report])))
    details = tuple(f"{failure.check} in {failure.column}: {failure.advice}" for failure in report.of("error"))
    raise GateRejected(report.summary(), where=snapshot.key, hint=f"see {where}", details=details)
