"""An MLflow server with its runs in PostgreSQL and its artifacts in a bucket: the registry of a real installation."""

from pathlib import Path

import httpx
import pandas as pd
import pytest

import real_parts
import s3
from made_matches import NAMES, made
from real_parts import Parts
from touchline.adapters.mlflow_registry import MODEL, MlflowRegistry
from touchline.errors import NotFound, Unavailable
from touchline.learning.fitting import FitOptions, Fitted, fit
from touchline.ports import TrainingLog

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # servers start slowly where there is much to do
EXAMPLES = made(300)
SAMPLE = pd.DataFrame(EXAMPLES.x[:5], columns=list(NAMES))


@pytest.fixture(scope="module")
def parts(servers: Parts) -> Parts:
    return real_parts.emptied(servers)


@pytest.fixture(scope="module")
def registry(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> MlflowRegistry:
    return MlflowRegistry(parts.mlflow.address, tmp_path_factory.mktemp("unused"))


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit(EXAMPLES, FitOptions(trials=1, folds=1, families=("logistic",)))


@pytest.fixture
def log(tmp_path: Path) -> TrainingLog:
    card = tmp_path / "card.md"
    card.write_text("# A card\n")
    return TrainingLog(
        name="run", params={"C": 0.01}, metrics={"rps": 0.2}, fold_metrics={"loss": [1.02, 1.01]},
        artifacts={"bundle/card.md": card}, dataset={"name": "features", "source": "x", "digest": "abc"}, tags={},
    )  # fmt: skip


def test_models_are_registered_once_named_and_kept_in_the_bucket(
    parts: Parts, registry: MlflowRegistry, fitted: Fitted, log: TrainingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (registry.versions(), registry.aliases()) == ({}, {})
    before = _cards(parts)
    first = registry.register(log, fitted, SAMPLE, "model-a")
    assert registry.register(log, fitted, SAMPLE, "model-a") == first
    second = registry.register(log, fitted, SAMPLE, "model-b")
    assert registry.versions() == {"model-a": first, "model-b": second}
    registry.set_alias("champion", first)
    registry.set_alias("champion", second)
    registry.set_alias("previous", first)
    assert registry.aliases() == {"champion": second, "previous": first}
    with pytest.raises(NotFound):
        registry.set_alias("champion", "999")
    _require_artifacts(parts, _cards(parts) - before)
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", parts.mlflow.address)
    said = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion").predict(SAMPLE)
    assert said.to_numpy() == pytest.approx(fitted.predict(EXAMPLES.x[:5]), abs=1e-9)


def _cards(parts: Parts) -> set[str]:
    """Keys of all model cards in the buckets of the server."""
    client = s3.client(parts.endpoint)
    buckets = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    listed = (client.get_paginator("list_objects_v2").paginate(Bucket=name) for name in buckets)
    keys = (item["Key"] for pages in listed for page in pages for item in page.get("Contents", []))
    return {key for key in keys if key.endswith("bundle/card.md")}


def _require_artifacts(parts: Parts, cards: set[str]) -> None:
    """The cards of both models lie in the bucket of the server, and come from there through it."""
    assert len(cards) == 2
    path = min(cards).removeprefix("artifacts/")
    answer = httpx.get(f"{parts.mlflow.address}/api/2.0/mlflow-artifacts/artifacts/{path}")
    assert answer.text == "# A card\n"


def test_a_server_that_is_away_is_unavailable_until_it_is_back(
    parts: Parts, registry: MlflowRegistry, fitted: Fitted, log: TrainingLog
) -> None:
    before = registry.versions()
    parts.mlflow.stop()
    for attempt in (registry.aliases, lambda: registry.register(log, fitted, SAMPLE, "model-c")):
        with pytest.raises(Unavailable, match="does not answer"):
            attempt()
    parts.mlflow.start()
    assert registry.versions() == before
    version = registry.register(log, fitted, SAMPLE, "model-c")
    assert registry.versions() == before | {"model-c": version}


def test_the_database_of_the_server_comes_back_and_nobody_has_to_restart_it(
    parts: Parts, registry: MlflowRegistry
) -> None:
    before = registry.versions()
    parts.postgresql.stop()
    with pytest.raises(Unavailable):
        registry.versions()
    parts.postgresql.start()
    assert registry.versions() == before
