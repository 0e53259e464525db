"""Feature: what was known before each kick-off, for matches to learn from and matches to forecast.

What closing prices say of a match is kept apart, in the benchmarks: models learn from those of matches
that are over and are compared with them, never fed by them.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import pandas as pd

from touchline import tables
from touchline.domain import gates
from touchline.domain.encoding import reference_bookmaker, reference_prices
from touchline.domain.features import FEATURE_NAMES, Features, build
from touchline.domain.gate_report import RESULTS, GateReport, as_data
from touchline.domain.odds import implied
from touchline.domain.state import TeamState
from touchline.domain.state_join import join
from touchline.domain.vocabulary import OUTCOMES, side_columns
from touchline.errors import GateRejected
from touchline.manifest import (
    Manifest,
    Ref,
    content_id,
    encode,
    publication_key,
    publish,
    read_object,
    read_publication,
    sha256,
    superseded,
    write_object,
)
from touchline.ports import ObjectStore
from touchline.settings import Feature
from touchline.stages import feature_players
from touchline.stages.feature_parts import Countries, Growing
from touchline.work import Event, Ports, Result

STAGE: Final = "features"
VERSION: Final = "2"
CHECKED: Final = 250_000
"""Matches that the gate looks at, at most."""
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
    with TemporaryDirectory() as folder, Growing(Path(folder)) as grown:
        told = grow(Countries(read_object(store, snapshot), snapshot.key, Path(folder)), grown)
        _pass_gate(ports, work, snapshot, told.checked)
        if seen := validated.outputs.get("appearances"):
            for name, table in feature_players.make(tables.read(store, seen), told.expected).items():
                grown.add(name, table)
        outputs = grown.store(store, f"{STAGE}/{work}")
        counts = dict(grown.rows)
    outputs["state"] = write_object(store, f"{STAGE}/{work}/state.npz", told.state.to_bytes())
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


@dataclass(frozen=True)
class Told:
    """What is kept at hand of all countries."""

    state: TeamState
    checked: pd.DataFrame
    """Features of played matches for the gate: all, or evenly picked ones where there are more than it can hold."""
    expected: pd.DataFrame
    """`match_id` of played matches, and the goals that were expected of both sides."""


def grow(countries: Countries, grown: Growing) -> Told:
    """Let the tables `played`, `upcoming` and `benchmarks` grow, country by country."""
    every, states, checked, expected = -(-countries.rows // CHECKED) or 1, [], [], []
    for table in countries:
        made, state = make(table)
        for name, part in made.items():
            grown.add(name, part)
        states.append(state)
        # Copies: a view would keep the whole part in memory.
        checked.append(made["played"].iloc[::every].copy())
        expected.append(made["played"][["match_id", "home_expected_goals", "away_expected_goals"]].copy())
    return Told(join(states), *(pd.concat(parts, ignore_index=True) for parts in (checked, expected)))


def make(table: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], TeamState]:
    """Tables `played`, `upcoming` and `benchmarks` of a tidy table, and the team state."""
    table = table.sort_values(["kickoff", "match_id"], ignore_index=True)
    features = build(table)
    finished = (table["status"] == "finished") & table[list(side_columns("goals"))].notna().all(axis=1)
    scheduled = table["status"] == "scheduled"
    made = {
        "played": _rows(table, features, finished, _scores(table)),
        "upcoming": _rows(table, features, scheduled, {}),
        "benchmarks": _benchmarks(table[finished | scheduled]),
    }
    return made, features.state


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
    """Probabilities behind the reference bookmaker's prices before the match and closing, missing without prices; and
    the prices before the match as they were quoted, with who quoted them.
    """
    columns: dict[str, Any] = {"match_id": table["match_id"].to_numpy()}
    quoted = reference_prices(table)
    for name, prices in (("bookmaker", quoted), ("closing", reference_prices(table, closing=True))):
        probabilities = implied(prices)
        columns |= {f"{name}_{outcome}": column for outcome, column in zip(OUTCOMES, probabilities.T, strict=True)}
    columns |= {"quoted_by": reference_bookmaker(table)}
    columns |= {f"quoted_{outcome}": column for outcome, column in zip(OUTCOMES, quoted.T, strict=True)}
    return pd.DataFrame(columns)


def _pass_gate(ports: Ports, work: str, snapshot: Ref, played: pd.DataFrame) -> None:
    checked = played[["match_id", "outcome", *FEATURE_NAMES]]
    report = gates.check("features", checked, columns=FEATURE_NAMES)
    ports.metrics.count(RESULTS, gate=report.kind, result=report.verdict)
    if not report.passed:
        _keep(ports.store, work, snapshot, report)


def _keep(store: ObjectStore, work: str, snapshot: Ref, report: GateReport) -> None:
    where = f"quarantine/feature/{work}/report.json"
    write_object(store, where, encode(as_data([report])))
    details = tuple(f"{failure.check} in {failure.column}: {failure.advice}" for failure in report.of("error"))
    raise GateRejected(report.summary(), where=snapshot.key, hint=f"see {where}", details=details)
