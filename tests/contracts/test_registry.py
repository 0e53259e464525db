"""Models in MLflow and in a folder: registered once each, found again, and honest where a part does not answer."""

import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest

from made_matches import NAMES, made
from touchline.adapters.folder_registry import FolderRegistry
from touchline.adapters.mlflow_registry import IDENTITY, MODEL, MlflowRegistry
from touchline.errors import DataError, NotFound, Unavailable
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("folder") / "registry"


@pytest.fixture(scope="module", params=["mlflow", "folder"])
def either(request):
    """A registry of each kind, for what both must do."""
    if request.param == "mlflow":
        return request.getfixturevalue("registry")
    return FolderRegistry(request.getfixturevalue("folder"))


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


def test_what_is_registered_can_be_found_loaded_and_asked(registry, client, fitted, log, home, monkeypatch):
    version = registry.register(log, fitted, SAMPLE, "model-a")
    assert registry.versions()["model-a"] == version
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}")
    loaded = mlflow.pyfunc.load_model(f"models:/{MODEL}/{version}")
    said = loaded.predict(SAMPLE)
    assert list(said.columns) == ["home", "draw", "away"]
    np.testing.assert_allclose(said.to_numpy(), fitted.predict(EXAMPLES.x[:5]), atol=1e-12)


ELSEWHERE = """
import json, sys
import mlflow, pandas as pd
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in f"{finder}"]
sys.path[:] = [place for place in sys.path if not place.endswith("shared")]
mlflow.set_registry_uri(sys.argv[1])
sample = pd.DataFrame(json.load(sys.stdin)).astype("float32")
said = mlflow.pyfunc.load_model(sys.argv[2]).predict(sample)
import touchline
print(json.dumps([touchline.__file__, said.to_numpy().tolist()]))
"""


@pytest.mark.slow
def test_a_model_brings_the_code_with_it_that_it_needs(registry, fitted, log, home):
    version = registry.register(log, fitted, SAMPLE, "model-n")
    command = [sys.executable, "-c", ELSEWHERE, f"sqlite:///{home / 'mlflow.db'}", f"models:/{MODEL}/{version}"]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, input=SAMPLE.to_json(), env=environ, cwd=home, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    where, said = json.loads(done.stdout.splitlines()[-1])
    assert where.endswith("/code/touchline/__init__.py")
    np.testing.assert_allclose(said, fitted.predict(EXAMPLES.x[:5]), atol=1e-9)


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


def test_the_same_model_is_registered_once(either, fitted, log):
    first = either.register(log, fitted, SAMPLE, "model-c")
    assert either.register(log, fitted, SAMPLE, "model-c") == first
    assert either.register(log, fitted, SAMPLE, "model-d") != first
    assert either.versions()["model-c"] == first


@pytest.mark.parametrize("known", ["", "http://127.0.0.1:9"])
def test_whoever_registers_leaves_the_environment_as_it_was(known, registry, fitted, log, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", known) if known else monkeypatch.delenv("MLFLOW_TRACKING_URI", False)
    before = dict(os.environ)
    registry.register(log, fitted, SAMPLE, f"model-o{len(known)}")
    assert {**os.environ} == before


def test_the_same_model_is_logged_once(registry, client, fitted, log):
    for _ in range(2):
        registry.register(log, fitted, SAMPLE, "model-m")
    run_of(client, "model-m")


def test_a_crash_between_logging_and_registering_is_made_good(registry, client, fitted, log):
    """As after the crash: the run is complete, the version is gone."""
    lost = registry.register(log, fitted, SAMPLE, "model-e")
    client.delete_model_version(MODEL, lost)
    assert "model-e" not in registry.versions()
    again = registry.register(log, fitted, SAMPLE, "model-e")
    assert registry.versions()["model-e"] == again
    run_of(client, "model-e")


def test_a_run_that_failed_is_logged_anew(either, fitted, log, tmp_path):
    broken = msgspec.structs.replace(log, artifacts={"card.md": tmp_path / "none"})
    with pytest.raises(Unavailable):
        either.register(broken, fitted, SAMPLE, "model-f")
    assert "model-f" not in either.versions()
    version = either.register(log, fitted, SAMPLE, "model-f")
    assert either.versions()["model-f"] == version


def test_an_alias_points_at_one_version_and_may_move(either, fitted, log):
    one, two = (either.register(log, fitted, SAMPLE, name) for name in ("model-g", "model-h"))
    for version in (one, one, two):
        either.set_alias("candidate", version)
        assert either.aliases()["candidate"] == version
    either.set_alias("champion", two)
    assert either.aliases()["champion"] == either.aliases()["candidate"] == two


def test_an_alias_for_a_version_that_is_not_there(either, fitted, log):
    either.register(log, fitted, SAMPLE, "model-i")
    with pytest.raises(NotFound, match="999"):
        either.set_alias("champion", "999")


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
        assert "secret" not in str(caught.value)


def test_a_model_without_its_fold_scores_is_a_model_too(registry, fitted, log):
    bare = replace(fitted, fold_losses={})
    assert registry.register(log, bare, SAMPLE, "model-l")


def test_a_folder_keeps_the_model_and_all_that_was_logged(fitted, log, tmp_path):
    version = FolderRegistry(tmp_path / "registry").register(log, fitted, SAMPLE, "model-a")
    kept = tmp_path / "registry" / "models" / "model-a"
    told = json.loads((kept / "log.json").read_bytes())
    assert (told["params"], told["metrics"], told["tags"]) == (log.params, log.metrics, log.tags)
    assert (kept / "artifacts" / "bundle" / "card.md").read_text() == "# A card\n"
    model = pickle.loads((kept / "model.pickle").read_bytes())
    np.testing.assert_array_equal(model.predict(EXAMPLES.x[:5]), fitted.predict(EXAMPLES.x[:5]))
    assert FolderRegistry(tmp_path / "registry").versions() == {"model-a": version}


def test_a_folder_takes_a_model_of_which_nothing_else_is_known(log, tmp_path):
    bare = msgspec.structs.replace(log, artifacts={})
    assert FolderRegistry(tmp_path).register(bare, "a model", SAMPLE, "model-a") == "1"


def test_a_folder_that_nobody_wrote_to_has_nothing(tmp_path):
    registry = FolderRegistry(tmp_path / "registry")
    assert (registry.versions(), registry.aliases()) == ({}, {})


@pytest.mark.parametrize("done", ["half of the model", "the model without its version"])
def test_a_crash_while_a_folder_was_written_is_made_good(done, fitted, log, tmp_path):
    """As after the crash: what was staged lies about, or the model is complete and stands in no index."""
    root = tmp_path / "registry"
    registry = FolderRegistry(root)
    registry.register(log, fitted, SAMPLE, "model-a")
    (root / "index.json").unlink()
    if done == "half of the model":
        (root / "models" / "model-a").rename(root / ".staged")
        (root / ".staged" / "model.pickle").unlink()
    assert registry.register(log, fitted, SAMPLE, "model-a") == "1"
    assert registry.versions() == {"model-a": "1"}
    assert (root / "models" / "model-a" / "model.pickle").exists()
    assert not (root / ".staged").exists()


def test_many_at_once_get_a_version_each(log, tmp_path):
    names = [f"model-{number}" for number in range(12)]

    def register(name):
        return FolderRegistry(tmp_path / "registry").register(log, name, SAMPLE, name)

    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(register, [*names, *names]))
    assert versions[:12] == versions[12:]
    assert sorted(versions[:12], key=int) == [str(number) for number in range(1, 13)]


@pytest.mark.parametrize("identity", ["", "..", "a/b", ".staged", "a b"])
def test_a_folder_takes_no_identity_that_is_no_name(identity, fitted, log, tmp_path):
    with pytest.raises(DataError):
        FolderRegistry(tmp_path).register(log, fitted, SAMPLE, identity)


def test_a_folder_whose_index_is_broken_can_be_asked_later(log, tmp_path):
    (tmp_path / "index.json").write_text("{")
    registry = FolderRegistry(tmp_path)
    for attempt in (registry.versions, registry.aliases, lambda: registry.set_alias("champion", "1")):
        with pytest.raises(Unavailable):
            attempt()
