"""Where Optuna keeps studies: its own tables in a database, or a journal in a file."""

import contextlib
import fcntl
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from touchline.adapters import postgres_dialect
from touchline.errors import ConfigurationError, Unavailable

SCHEMA: Final = "touchline_studies"
"""Schema of PostgreSQL that holds Optuna's tables: in ours its table of revisions would meet our own."""
_WAIT_SECONDS: Final = 60


def open_storage(address: str) -> BaseStorage:
    """Storage at a SQLAlchemy address (PostgreSQL, SQLite), or in a file if it is a path.

    Raises:
        ConfigurationError: a database of another kind.
        Unavailable: the database does not answer, or the file cannot be written.
    """
    with translated():
        if "://" not in address:
            path = Path(address).expanduser().resolve()
            path.parent.mkdir(parents=True, exist_ok=True)
            return JournalStorage(JournalFileBackend(str(path)))
        url = _url(address)
        return _postgresql(url) if url.get_backend_name() == "postgresql" else _sqlite(url)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Errors of the storage in our words."""
    try:
        yield
    except (StorageInternalError, sa.exc.SQLAlchemyError, OSError) as error:
        cause = error.__cause__ or error
        raise Unavailable(f"the studies cannot be reached: {cause}", hint="check that the database runs") from error


def _url(address: str) -> sa.URL:
    with contextlib.suppress(sa.exc.ArgumentError):
        url = sa.make_url(address)
        if url.get_backend_name() in ("postgresql", "sqlite"):
            return url
    raise ConfigurationError(
        "studies cannot be kept there", where="the study", hint="use postgresql://, sqlite:/// or a file's path"
    )


def _postgresql(url: sa.URL) -> RDBStorage:
    url = url.set(drivername=postgres_dialect.DRIVER)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:  # until it ends nobody else makes the tables
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(SCHEMA))))
        if not sa.inspect(connection).has_schema(SCHEMA):  # to ask for one that exists needs the right to make it, too
            with engine.begin() as maker:
                maker.execute(sa.schema.CreateSchema(SCHEMA))
        connect = {"timeout": _WAIT_SECONDS, "startup_params": {"search_path": SCHEMA}}
        arguments = {"pool_pre_ping": True, "connect_args": connect}
        return _closing(RDBStorage(url.render_as_string(hide_password=False), arguments))


def _sqlite(url: sa.URL) -> RDBStorage:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError("studies need a file", where="the study", hint="sqlite:///<path>")
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # until it is closed nobody else makes the tables
        return _closing(RDBStorage(str(url), {"connect_args": {"timeout": _WAIT_SECONDS}}))


def _closing(storage: RDBStorage) -> RDBStorage:
    """The storage, that leaves no connection open once nobody holds it."""
    weakref.finalize(storage, storage.engine.dispose)
    return storage
