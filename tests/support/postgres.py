"""A PostgreSQL server of our own, for as long as a test session lasts."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


class Missing(Exception):
    """There is no PostgreSQL on this machine, or nobody to run it as."""


def _program(name: str) -> str:
    found = [shutil.which(name), *map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))]
    for path in found:
        if path:
            return path
    raise Missing(f"{name} is not installed")


def _user() -> int | None:
    """Who runs the server: it refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise Missing("root cannot run PostgreSQL, and there is no other user")


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server that listens on a socket in a folder of its own; gives the address without a database's name.

    Raises:
        Missing: it cannot be had here.
    """
    initdb, control, user = _program("initdb"), _program("pg_ctl"), _user()
    with tempfile.TemporaryDirectory(prefix="touchline-pg-") as name:
        folder = Path(name)
        if user is not None:
            os.chown(folder, user, -1)

        def call(*command: str) -> None:
            subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

        call(initdb, "-D", f"{name}/data", "-U", "touchline", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-k {name} -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=40"
        call(control, "-D", f"{name}/data", "-l", f"{name}/log", "-o", options, "-w", "start")
        try:
            yield f"postgresql+pg8000://touchline@/{{database}}?unix_sock={name}/.s.PGSQL.5432"
        finally:
            call(control, "-D", f"{name}/data", "-m", "immediate", "-w", "stop")
