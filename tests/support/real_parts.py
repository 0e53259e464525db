"""All real parts at once: PostgreSQL, a bucket, Redis and an MLflow server, and the settings that name them."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import msgspec
import redis
import sqlalchemy as sa

import mlflow_server
import postgres
import redis_server
import s3
from mlflow_server import MlflowServer
from redis_server import RedisServer
from touchline import wiring

_numbers = count()
QUICK_DRIFT = """
from touchline.entrypoint import expose
from touchline.stages.drift import run as stage
from touchline.testing.league import Page


def run(event, ports, settings):
    ports.reporter = Page()
    return stage(event, ports, settings)


handle, lambda_handler = expose("drift", run)
"""


class Parts(msgspec.Struct, frozen=True):
    """Servers, and where each of them is."""

    postgresql: postgres.Server
    database: str
    redis: RedisServer
    mlflow: MlflowServer
    endpoint: str
    bucket: str

    def settings(self, home: Path) -> dict[str, str]:
        """What a user sets to have everything in these parts."""
        return {
            "TOUCHLINE_HOME": str(home),
            "TOUCHLINE_STORE": f"s3://{self.bucket}",
            "TOUCHLINE_DATABASE": self.database,
            "TOUCHLINE_CACHE": self.redis.address,
            "MLFLOW_TRACKING_URI": self.mlflow.address,
            **s3.environment(self.endpoint),
        }


@contextmanager
def started() -> Iterator[Parts]:
    """Start one of each, empty.

    Raises:
        Missing: one cannot be had here.
    """
    with ExitStack() as stack:
        endpoint = stack.enter_context(s3.server())
        postgresql = stack.enter_context(postgres.running())
        cache = stack.enter_context(redis_server.server())
        database, tracking = (made_database(postgresql.address, name) for name in ("touchline_main", "mlflow"))
        artifacts = f"s3://{s3.bucket(endpoint)}/artifacts"
        mlflow = stack.enter_context(mlflow_server.running(tracking, artifacts, s3.environment(endpoint)))
        yield Parts(postgresql, database, cache, mlflow, endpoint, s3.bucket(endpoint))


def emptied(parts: Parts) -> Parts:
    """The same servers with nothing in them: another database and bucket, an empty cache, a registry of no models."""
    forget_models(parts.mlflow.address)
    with redis.Redis(port=parts.redis.port) as cache:
        cache.flushall()
    database = made_database(parts.postgresql.address, f"touchline_{next(_numbers)}")
    return msgspec.structs.replace(parts, database=database, bucket=s3.bucket(parts.endpoint))


def forget_models(address: str) -> None:
    """Delete the runs and models of a registry."""
    import mlflow

    client = mlflow.MlflowClient(address, address)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    for run in client.search_runs(experiments):
        client.delete_run(run.info.run_id)


def made_database(server: str, name: str) -> str:
    """Make an empty database; gives its address."""
    engine = sa.create_engine(server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.format(database=name)


def quick_functions(folder: Path) -> Path:
    """All functions below a folder, with a drift report that is quick to make; the folder for TOUCHLINE_FUNCTIONS."""
    made = Path(shutil.copytree(wiring.root(), folder / "functions"))
    (made / "drift" / "main.py").write_text(QUICK_DRIFT)
    return made
