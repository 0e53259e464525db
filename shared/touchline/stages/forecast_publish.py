"""How forecasts are published: for people, and for predict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import pandas as pd
import pyarrow as pa

from touchline import tables
from touchline.domain import joint_goals
from touchline.domain.context import Records, Sealed
from touchline.domain.forecasts import ForecastSet, MatchForecast
from touchline.manifest import (
    Manifest,
    Publication,
    Ref,
    content_id,
    encode,
    publish,
    read_object,
    sha256,
    write_object,
)
from touchline.ports import Forecast
from touchline.stages.forecast_context import around
from touchline.stages.forecast_quotes import quoted_of
from touchline.work import Ports

STAGE: Final = "predictions"
VERSION: Final = "2"


@dataclass(frozen=True)
class Basis:
    """What forecasts were made from."""

    features: Publication
    featured: Manifest
    serving: Publication
    upcoming: pd.DataFrame
    """Coming matches with their features."""
    known: Sequence[Forecast]
    """Everything that was sealed of them, oldest first."""


def publish_forecasts(ports: Ports, told: ForecastSet, basis: Basis, revision: int) -> tuple[str, bool]:
    """Write forecasts and what stands around them, and publish them; the publication's key, and whether it is new."""
    inputs = tuple(Ref(publication.manifest, publication.sha256) for publication in (basis.features, basis.serving))
    compact = encode(told)
    parameters = {
        "horizon_days": told.horizon_days,
        "mode": told.mode,
        "as_of": told.as_of,
        "simulated": told.simulated,
    }
    versions = {STAGE: VERSION}
    name = content_id(STAGE, inputs, {**parameters, "content": sha256(compact)}, versions)
    where, rows = f"{STAGE}/{name}", len(told.matches)
    outputs = {
        "forecasts": write_object(ports.store, f"{where}/forecasts.json", compact, rows=rows),
        "table": write_object(ports.store, f"{where}/forecasts.parquet", _people(told), rows=rows),
        "state": write_object(
            ports.store, f"{where}/state.npz", read_object(ports.store, basis.featured.outputs["state"])
        ),
    } | {
        name: write_object(ports.store, f"{where}/{name}.msgpack", data, rows=rows)
        for name, data in around(ports.store, told, basis.featured, basis.upcoming).items()
    }
    manifest = Manifest(
        stage=STAGE, id=name, inputs=inputs, outputs=outputs, parameters=parameters, versions=versions,
        counts={"forecasts": rows},
    )  # fmt: skip
    seq, promotion = basis.features.seq, basis.serving.seq
    record = _record(ports, [match.match_id for match in told.matches], basis.known)
    digest = sha256(record)
    sidecars = {"records": write_object(ports.store, f"{STAGE}/records/{digest[:20]}.msgpack", record, rows=rows)}
    return publish(
        ports.store, manifest, seq, promotion=promotion, revision=revision, sidecars=sidecars, seal=ports.claim.seal
    )


def _record(ports: Ports, match_ids: list[str], known: Iterable[Forecast]) -> bytes:
    """All that was sealed of matches by now, and the prices of them: no two runs need to find the same."""
    sealed: dict[str, list[Sealed]] = {match: [] for match in match_ids}
    for row in known:
        if row.mode == ports.clock.mode and row.sealed_at is not None and row.match_id in sealed:
            told = Sealed(row.sealed_at, row.model_version, row.home, row.draw, row.away, row.features_hash)
            sealed[row.match_id].append(told)
    records = Records(
        sealed={match: tuple(rows) for match, rows in sealed.items() if rows},
        quoted=quoted_of(ports.quotes.of(match_ids)),
    )
    return msgspec.msgpack.encode(records, order="sorted")


_COLUMNS: Final = pa.schema(
    [(name, pa.string()) for name in ("match_id", "competition", "season", "date")]
    + [("kickoff", pa.timestamp("us", "UTC")), ("kickoff_known", pa.bool_())]
    + [(name, pa.string()) for name in ("home_team", "away_team")]
    + [(name, pa.float64()) for name in ("home", "draw", "away")]
    + [(name, pa.float64()) for name in ("expected_goals_home", "expected_goals_away", "over_25", "both_score")]
    + [("likeliest_score", pa.string())]
    + [("model_version", pa.string()), ("promotion", pa.int64()), ("uses", pa.string())]
    + [("mode", pa.string()), ("simulated", pa.bool_())]
)


_OF_GOALS: Final = joint_goals.Goals.__struct_fields__
_OWN: Final = tuple(name for name in MatchForecast.__struct_fields__ if name in _COLUMNS.names)


def _people(told: ForecastSet) -> bytes:
    """The forecasts as a table for people."""
    matches, goals = told.matches, joint_goals.goals_of(told.matches)
    fixed = {
        "promotion": told.model.promotion,
        "mode": told.mode,
        "simulated": told.simulated,
    }
    columns: dict[str, list[Any]] = {name: [value] * len(matches) for name, value in fixed.items()}
    columns |= {name: [getattr(match, name) for match in matches] for name in _OWN}
    columns |= {name: [getattr(goals.get(match.match_id), name, None) for match in matches] for name in _OF_GOALS}
    columns["model_version"] = [match.author.version if match.author else told.model.version for match in matches]
    columns["date"] = [match.kickoff.date().isoformat() for match in matches]
    return tables.arrow_bytes(pa.table({name: columns[name] for name in _COLUMNS.names}, schema=_COLUMNS))
