"""Publications of a whole chain, made by hand: what a trace walks, without the stages that make it."""

import io
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from touchline.domain.forecasts import ForecastSet, MatchForecast, ModelSummary
from touchline.manifest import Manifest, Ref, encode, publish, sha256, write_object, write_payload
from touchline.ports import ObjectStore

MATCH = "sim1-2025-26-aldermoor-fennimore"
KICKOFF = datetime(2026, 3, 7, 15, 0, tzinfo=UTC)


def manifest(stage: str, inputs: tuple[Ref, ...], outputs: dict[str, Ref]) -> Manifest:
    return Manifest(stage=stage, id="1", inputs=inputs, outputs=outputs, parameters={}, versions={}, counts={})


def reference(made: Manifest) -> Ref:
    return Ref(f"{made.stage}/{made.id}/manifest.json", sha256(encode(made)))


def parquet(**columns: list[str]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def write_chain(store: ObjectStore) -> None:
    """Payload, snapshot, validation, features, model, champion, forecasts; everything under the number 7."""
    body = b"Div,Date,HomeTeam,AwayTeam\n"
    payload = write_payload(store, "files", body)
    lineage = write_object(
        store, "raw/lineage/000000000007.parquet", parquet(match_id=[MATCH], payload=[payload.sha256])
    )
    snapshot = write_object(store, "raw/1/matches.parquet", b"the snapshot")
    publish(store, manifest("raw", (), {"matches": snapshot}), 7, sidecars={"lineage": lineage})
    report = write_object(store, "validated/1/report.json", b"{}")
    publish(store, manifest("validated", (snapshot,), {"matches": snapshot, "report": report}), 7)
    played = write_object(store, "features/1/played.parquet", b"the features")
    features = manifest("features", (snapshot,), {"played": played})
    publish(store, features, 7)
    bundle = {"model": write_object(store, "models/1/model.onnx", b"the model")}
    models = manifest("models", (reference(features),), bundle)
    publish(store, models, 7)
    serving = manifest("serving", (reference(models),), bundle)
    publish(store, serving, 1)
    match = MatchForecast(
        match_id=MATCH, competition="SIM1", season="2025-26", kickoff=KICKOFF, kickoff_known=True,
        home_team="Aldermoor", away_team="Fennimore", home=0.5, draw=0.3, away=0.2,
    )  # fmt: skip
    model = ModelSummary(model_id="1", version="1", promotion=1, simulated=True)
    told = ForecastSet(
        mode="live",
        as_of="",
        simulated=True,
        horizon_days=14,
        features_hash="",
        reason="",
        model=model,
        matches=(match,),
    )
    forecasts = {"forecasts": write_object(store, "predictions/1/forecasts.json", encode(told))}
    publish(store, manifest("predictions", (reference(features), reference(serving)), forecasts), 7, promotion=1)
