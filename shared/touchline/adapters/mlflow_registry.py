"""Training runs and model versions in MLflow, in a server, or in an SQLite file beside a folder of artifacts."""

import logging
import os
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from touchline.errors import NotFound, Unavailable
from touchline.ports import TrainingLog

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT: Final = "touchline"
MODEL: Final = "touchline"
IDENTITY: Final = "touchline.model_id"
"""Tag that a run and a model version carry, so that the same model is logged and registered once."""
REQUIREMENTS: Final = (
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "threadpoolctl",
    "xgboost-cpu",
    "msgspec",
    "cloudpickle",
)
"""Named, because what MLflow infers holds the large build of XGBoost besides."""
_ADDRESSES: Final = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
_ROOMS: Final = ("domain", "learning")
"""Of the library, what a registered model is made of; with the modules beside them, and nothing else."""
_ENVIRONMENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # the platform tries again later, with more patience
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


class MlflowRegistry:
    """Experiment and registered model `touchline`; connects when it is first asked."""

    def __init__(self, tracking_uri: str, artifact_root: Path) -> None:
        """Where to log to.

        Args:
            tracking_uri: address of a server, or `sqlite:///<file>`.
            artifact_root: folder of the artifacts; a server has its own place for them.
        """
        self._uri, self._root = tracking_uri, artifact_root
        self._mlflow: Any = None

    def register(self, log: TrainingLog, model: Any, sample: "pd.DataFrame", identity: str) -> str:
        """Log a run and register its model, unless that was done before, as a whole or in part.

        Args:
            log: what to write down.
            model: anything with `predict(array) -> (n, 3) array` that can be pickled.
            sample: some rows of input.
            identity: id of the model.

        Returns:
            The version, as text.
        """
        with self._client() as client:
            if known := self._versions(client).get(identity):
                return known
            with _speaking_to(self._loaded(), self._uri):
                source = self._logged(client, identity) or self._log(client, log, model, sample, identity)
                return self._register(client, source, identity)

    def versions(self) -> dict[str, str]:
        """Identity -> version."""
        with self._client() as client:
            return self._versions(client)

    def aliases(self) -> dict[str, str]:
        """Alias -> version."""
        with self._client() as client:
            found = client.search_registered_models(f"name = '{MODEL}'")
            return {alias: str(number) for one in found for alias, number in one.aliases.items()}

    def set_alias(self, alias: str, version: str) -> None:
        """Point an alias at a version; idempotent.

        Raises:
            NotFound: there is no such version.
        """
        with self._client() as client:
            client.set_registered_model_alias(MODEL, alias, version)

    def check(self) -> str:
        """Really use it once: where it is, and whether a server keeps an artifact that it is given."""
        with self._client() as client:
            client.search_registered_models(max_results=1)
            kept = self._keeps_artifacts() if self._uri.startswith("http") else "artifacts in a folder"
        return f"{_public(self._uri)}, {kept}"

    def _keeps_artifacts(self) -> str:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        place: Any = get_artifact_repository("mlflow-artifacts:/doctor", tracking_uri=self._uri)
        with TemporaryDirectory(prefix="touchline-") as folder:
            probe, back = Path(folder, "probe.txt"), Path(folder, "back")
            probe.write_text("well")
            back.mkdir()
            try:
                place.log_artifact(str(probe))
            except (self._loaded().exceptions.MlflowException, OSError) as error:
                if "no-serve-artifacts" in str(error):
                    return "artifacts not through the server"
                raise
            if Path(place.download_artifacts("probe.txt", str(back))).read_text() != "well":
                raise OSError("the server loses artifacts")
        return "artifacts through the server"

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """MLflow's client; whatever goes wrong with it means that the registry does not answer."""
        mlflow = self._loaded()
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # MLflow warns of its own internals
                yield mlflow.MlflowClient(self._uri, self._uri)
        except (mlflow.exceptions.MlflowException, OSError) as error:
            text = _public(str(error).partition("\n")[0])
            if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
                raise NotFound(text, where=MODEL) from error
            raise Unavailable(f"the model registry does not answer: {text}", where=_public(self._uri)) from error

    def _loaded(self) -> Any:
        if self._mlflow is None:
            for name, value in _ENVIRONMENT.items():
                os.environ.setdefault(name, value)
            logging.getLogger("alembic").setLevel(logging.WARNING)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import mlflow
            logging.getLogger("mlflow").setLevel(logging.ERROR)
            self._mlflow = mlflow
        return self._mlflow

    def _versions(self, client: Any) -> dict[str, str]:
        found = client.search_model_versions(f"name = '{MODEL}'", max_results=10_000)
        return {one.tags[IDENTITY]: str(one.version) for one in found if IDENTITY in one.tags}

    def _logged(self, client: Any, identity: str) -> str:
        """Address of the model that an earlier attempt logged completely, empty if there is none."""
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            return ""
        runs = client.search_runs(
            [experiment.experiment_id], f"tags.`{IDENTITY}` = '{identity}' and attributes.status = 'FINISHED'"
        )
        return next((run.data.tags[_SOURCE] for run in runs if _SOURCE in run.data.tags), "")

    def _log(self, client: Any, log: TrainingLog, model: Any, sample: "pd.DataFrame", identity: str) -> str:
        mlflow = self._loaded()
        run = client.create_run(self._experiment(client), tags={**log.tags, IDENTITY: identity}, run_name=log.name)
        with mlflow.start_run(run_id=run.info.run_id):
            self._write(client, run.info.run_id, log)
            mlflow.log_input(_dataset(mlflow, sample, log.dataset), context="training")
            uri = _log_model(model, sample)
            client.set_tag(run.info.run_id, _SOURCE, uri)
        return str(uri)

    def _experiment(self, client: Any) -> str:
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is not None:
            return str(experiment.experiment_id)
        local = None if self._uri.startswith("http") else self._root.resolve().as_uri()
        return str(client.create_experiment(EXPERIMENT, artifact_location=local))

    def _write(self, client: Any, run_id: str, log: TrainingLog) -> None:
        entities = self._loaded().entities
        steps = [
            entities.Metric(name, value, 0, step)
            for name, values in log.fold_metrics.items()
            for step, value in enumerate(values)
        ]
        singles = [entities.Metric(name, value, 0, 0) for name, value in log.metrics.items()]
        params = [entities.Param(name, str(value)) for name, value in log.params.items()]
        client.log_batch(run_id, metrics=[*steps, *singles], params=params)
        for where, path in log.artifacts.items():
            folder = where.rpartition("/")[0] or None
            client.log_artifact(run_id, str(path), folder)

    def _register(self, client: Any, source: str, identity: str) -> str:
        if not client.search_registered_models(f"name = '{MODEL}'"):
            client.create_registered_model(MODEL)
        logged = source.rpartition("/")[2]  # models:/<model id>; a server wants to hear it apart
        made = client.create_model_version(MODEL, source, tags={IDENTITY: identity}, model_id=logged)
        return str(made.version)


_SOURCE: Final = "touchline.model_uri"


@contextmanager
def _speaking_to(mlflow: Any, address: str) -> Iterator[None]:
    """MLflow writes addresses into the environment, where another home of this process would take them for its own."""
    before = {name: os.environ.get(name) for name in _ADDRESSES}
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
        for name in _ADDRESSES:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _public(text: str) -> str:
    """Without the user and password that addresses may hold."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def _dataset(mlflow: Any, sample: "pd.DataFrame", about: dict[str, str]) -> Any:
    return mlflow.data.from_pandas(
        sample, source=about.get("source"), name=about.get("name"), digest=about.get("digest")
    )


def _log_model(model: Any, sample: "pd.DataFrame") -> str:
    """Log as a Python function with the library's code beside it; MLflow's default format refuses our estimators."""
    import pandas as pd
    from mlflow import pyfunc
    from mlflow.models import infer_signature

    class Calibrated(pyfunc.PythonModel):  # type: ignore[misc,name-defined]  # MLflow publishes no types
        """Features in, probabilities of home, draw and away out."""

        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
            """One row a match."""
            return pd.DataFrame(model.predict(model_input.to_numpy()), columns=["home", "draw", "away"])

    wrapped = Calibrated()
    with TemporaryDirectory(prefix="touchline-") as folder:
        logged = pyfunc.log_model(
            name="model",
            python_model=wrapped,
            signature=infer_signature(sample, wrapped.predict(None, sample)),
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
            code_paths=[_code(Path(folder))],
        )
    return str(logged.model_uri)


def _code(folder: Path) -> str:
    """As much of the library as a model needs, copied into a folder: a server is sent every file by itself."""
    import touchline

    home, made = Path(touchline.__path__[0]), folder / "touchline"
    made.mkdir()
    for module in home.glob("*.py"):
        shutil.copy(module, made)
    for room in _ROOMS:
        shutil.copytree(home / room, made / room, ignore=shutil.ignore_patterns("__pycache__"))
    return str(made)
