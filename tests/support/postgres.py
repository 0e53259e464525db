"""A PostgreSQL server of our own, for as long as a test session lasts."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from missing import Missing


def _program(name: str) -> str:
    found = [shutil.which(name), *map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))]
    for path in found:
        if path:
            return path
    raise Missing(f"no PostgreSQL: {name} is not installed")


def _user() -> int | None:
    """Who runs the server: it refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise Missing("root cannot run PostgreSQL, and there is no other user")


class Server:
    """A server that listens on a socket in a folder of its own; it can go away and come back."""

    def __init__(self, folder: Path) -> None:
        initdb, self._control, self._user = _program("initdb"), _program("pg_ctl"), _user()
        self._folder = folder
        self.address = f"postgresql+pg8000://touchline@/{{database}}?unix_sock={folder}/.s.PGSQL.5432"
        """Address without the name of a database."""
        if self._user is not None:
            os.chown(folder, self._user, -1)
        options = ("-U", "touchline", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self._call(initdb, "-D", f"{folder}/data", *options)
        self.start()

    def start(self) -> None:
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=40"
        self._steer("-l", f"{self._folder}/log", "-o", options, "start")

    def stop(self) -> None:
        """Drop every connection, as in a crash: what was not committed is lost."""
        self._steer("-m", "immediate", "stop")

    def _steer(self, *what: str) -> None:
        self._call(self._control, "-D", f"{self._folder}/data", "-w", *what)

    def _call(self, *command: str) -> None:
        subprocess.run(command, check=True, user=self._user, cwd=self._folder, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Start a server.

    Raises:
        Missing: it cannot be had here.
    """
    with tempfile.TemporaryDirectory(prefix="touchline-pg-") as name:
        made = Server(Path(name))
        try:
            yield made
        finally:
            made.stop()


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server; gives its address without a database's name.

    Raises:
        Missing: it cannot be had here.
    """
    with running() as made:
        yield made.address
