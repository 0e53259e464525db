"""Training runs and versions in MLflow: once each, found again, and honest when MLflow does not answer."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest

from made_matches import NAMES, made
from touchline.adapters.mlflow_registry import IDENTITY, MODEL, MlflowRegistry
from touchline.errors import NotFound, Unavailable, is_retryable
from touchline.learning.fitting import FitOptions, fit
from touchline.ports import TrainingLog

EXAMPLES = made(300)
SAMPLE = pd.DataFrame(EXAMPLES.x[:5], columns=list(NAMES))


@pytest.fixture(scope="module")
def fitted():
    return fit(EXAMPLES, FitOptions(trials=1, folds=1, families=("logistic",)))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="module")
def registry(home):
    """Made once: MLflow takes seconds to lay out its database."""
    return MlflowRegistry(f"sqlite:///{home / 'mlflow.db'}", home / "artifacts")


@pytest.fixture(scope="module")
def client(registry, home):
    registry.versions()
    import mlflow

    address = f"sqlite:///{home / 'mlflow.db'}"
    return mlflow.MlflowClient(address, address)


@pytest.fixture
def log(tmp_path):
    card = tmp_path / "card.md"
    card.write_text("# A card\n")
    return TrainingLog(
        name="run", params={"family": "logistic", "C": 0.01}, metrics={"test_ours_rps": 0.2},
        fold_metrics={"fold_logistic_log_loss": [1.02, 1.01, 1.0]}, artifacts={"card.md": card, "bundle/card.md": card},
        dataset={"name": "features", "source": "features/abc/manifest.json", "digest": "abc"},
        tags={"touchline.seq": "7"},
    )  # fmt: skip


def run_of(client, identity):
    experiment = client.get_experiment_by_name("touchline")
    (run,) = client.search_runs([experiment.experiment_id], f"tags.`{IDENTITY}` = '{identity}'")
    return run


def test_what_is_registered_can_be_found_loaded_and_asked(registry, client, fitted, log):
    version = registry.register(log, fitted, SAMPLE, "model-a")
    assert registry.versions()["model-a"] == version
    import mlflow

    loaded = mlflow.pyfunc.load_model(f"models:/{MODEL}/{version}")
    said = loaded.predict(SAMPLE)
    assert list(said.columns) == ["home", "draw", "away"]
    np.testing.assert_allclose(said.to_numpy(), fitted.predict(EXAMPLES.x[:5]), atol=1e-12)


def test_a_run_keeps_all_that_was_logged(registry, client, fitted, log):
    registry.register(log, fitted, SAMPLE, "model-b")
    run = run_of(client, "model-b")
    assert run.info.status == "FINISHED"
    assert run.data.params == {"family": "logistic", "C": "0.01"}
    assert run.data.metrics["test_ours_rps"] == 0.2
    assert run.data.tags["touchline.seq"] == "7"
    history = client.get_metric_history(run.info.run_id, "fold_logistic_log_loss")
    assert [(one.step, one.value) for one in history] == [(0, 1.02), (1, 1.01), (2, 1.0)]
    assert {one.path for one in client.list_artifacts(run.info.run_id)} >= {"card.md", "bundle"}
    (data,) = run.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("features", "abc")


def test_the_same_model_is_registered_once(registry, client, fitted, log):
    first = registry.register(log, fitted, SAMPLE, "model-c")
    assert registry.register(log, fitted, SAMPLE, "model-c") == first
    assert registry.register(log, fitted, SAMPLE, "model-d") != first
    run_of(client, "model-c")


def test_a_crash_between_logging_and_registering_is_made_good(registry, client, fitted, log):
    """As after the crash: the run is complete, the version is gone."""
    lost = registry.register(log, fitted, SAMPLE, "model-e")
    client.delete_model_version(MODEL, lost)
    assert "model-e" not in registry.versions()
    again = registry.register(log, fitted, SAMPLE, "model-e")
    assert registry.versions()["model-e"] == again
    run_of(client, "model-e")


def test_a_run_that_failed_is_logged_anew(registry, client, fitted, log, tmp_path):
    broken = msgspec.structs.replace(log, artifacts={"card.md": tmp_path / "none"})
    with pytest.raises(Unavailable):
        registry.register(broken, fitted, SAMPLE, "model-f")
    assert "model-f" not in registry.versions()
    version = registry.register(log, fitted, SAMPLE, "model-f")
    assert registry.versions()["model-f"] == version


def test_an_alias_points_at_one_version_and_may_move(registry, fitted, log):
    one, two = (registry.register(log, fitted, SAMPLE, name) for name in ("model-g", "model-h"))
    for version in (one, one, two):
        registry.set_alias("candidate", version)
        assert registry.aliases()["candidate"] == version
    registry.set_alias("champion", two)
    assert registry.aliases()["champion"] == registry.aliases()["candidate"] == two


def test_an_alias_for_a_version_that_is_not_there(registry, fitted, log):
    registry.register(log, fitted, SAMPLE, "model-i")
    with pytest.raises(NotFound, match="999"):
        registry.set_alias("champion", "999")


def test_requirements_are_few_and_name_the_small_xgboost(registry, client, fitted, log, home):
    registry.register(log, fitted, SAMPLE, "model-j")
    (written, *_) = (home / "artifacts").rglob("requirements.txt")
    names = {line.partition("==")[0] for line in written.read_text().split()}
    assert "xgboost-cpu" in names
    assert "xgboost" not in names
    assert len(names) <= 10


def test_another_process_sees_the_same_and_needs_no_tables(registry, fitted, log, home):
    """Promotion sets aliases where there is only the small MLflow; nothing is sent to its makers."""
    version = registry.register(log, fitted, SAMPLE, "model-k")
    code = (
        "import json, sys; from pathlib import Path; from touchline.adapters.mlflow_registry import MlflowRegistry;"
        "heavy = {'sklearn', 'xgboost', 'matplotlib'} & set(sys.modules);"
        "registry = MlflowRegistry(sys.argv[1], Path(sys.argv[2]));"
        "versions = registry.versions(); import mlflow.telemetry.client as t;"
        "print(json.dumps([sorted(heavy), versions, t.get_telemetry_client() is None]))"
    )
    clean = {name: value for name, value in os.environ.items() if "MLFLOW" not in name and "DO_NOT_TRACK" not in name}
    done = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{home / 'mlflow.db'}", str(home / "artifacts")],
        capture_output=True, text=True, check=True, env=clean,
    )  # fmt: skip
    heavy, versions, silent = json.loads(done.stdout.splitlines()[-1])
    assert heavy == []
    assert versions["model-k"] == version
    assert silent
    assert done.stderr == ""


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://user:secret@127.0.0.1:9"])
def test_a_registry_that_does_not_answer_can_be_asked_later(address, tmp_path, fitted, log):
    registry = MlflowRegistry(address, tmp_path)
    for attempt in (registry.versions, lambda: registry.register(log, fitted, SAMPLE, "x")):
        with pytest.raises(Unavailable) as caught:
            attempt()
        assert is_retryable(caught.value)
        assert "secret" not in str(caught.value)


def test_a_model_without_its_fold_scores_is_a_model_too(registry, fitted, log):
    bare = replace(fitted, fold_losses={})
    assert registry.register(log, bare, SAMPLE, "model-l")
