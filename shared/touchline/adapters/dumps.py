"""Dumps of a PostgreSQL database by the tools that come with the server, and their way back into an empty one."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from touchline.adapters.postgres_dialect import DRIVER
from touchline.errors import ConfigurationError, Unavailable


def dump(address: str, file: Path) -> None:
    """Write a database into a file, in the state of one moment.

    Raises:
        ConfigurationError: not an address of PostgreSQL, or `pg_dump` is missing or older than the server.
        Unavailable: the database does not answer.
    """
    _run(["pg_dump", "--format=custom", "--no-password", f"--file={file}"], address)


def restore(address: str, file: Path) -> None:
    """Fill an empty database from a file, as a whole or not at all; everything belongs to the user of the address.

    Raises:
        ConfigurationError: the database is not empty, or `pg_restore` is missing or older than the file.
        Unavailable: the database does not answer.
    """
    if tables := _tables(address):
        raise ConfigurationError(
            f"the database is not empty: it has {len(tables)} tables ({', '.join(tables[:3])}, ...)",
            hint="restore into a new one (CREATE DATABASE), and look before you drop the old one",
        )
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password"]
    _run(["pg_restore", *options, f"--dbname={_url(address).database}", str(file)], address)


def _tables(address: str) -> list[str]:
    engine = sa.create_engine(_url(address).set(drivername=DRIVER))
    try:
        return sorted(sa.inspect(engine).get_table_names())
    except sa.exc.DBAPIError as error:
        raise Unavailable(f"the database does not answer: {error.orig}") from error
    finally:
        engine.dispose()


def _run(command: list[str], address: str) -> None:
    """Run a tool of PostgreSQL; of our environment it sees nothing but the place of the database."""
    tool = shutil.which(command[0])
    if tool is None:
        raise ConfigurationError(
            f"{command[0]} is not installed", hint="install PostgreSQL's clients, of the server's version or newer"
        )
    done = subprocess.run([tool, *command[1:]], env=_told(address), capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip()[-500:]
        kind = ConfigurationError if "version mismatch" in said or "unsupported version" in said else Unavailable
        raise kind(f"{command[0]} failed: {said}")


def _told(address: str) -> Mapping[str, str]:
    """What the tools find in their environment: no list of processes shows a password."""
    url = _url(address)
    socket = url.query.get("unix_sock", "")
    told = {
        "PGHOST": str(Path(str(socket)).parent) if socket else url.host,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    return {name: value for name, value in told.items() if value}


def _url(address: str) -> sa.URL:
    try:
        url = sa.make_url(address)
    except sa.exc.ArgumentError as error:
        raise ConfigurationError("not a database address") from error
    if url.get_backend_name() != "postgresql":
        raise ConfigurationError(
            f"no dump of {url.get_backend_name()}",
            hint="a home of one machine is kept by copying its folder while nothing runs",
        )
    return url
