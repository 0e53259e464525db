"""A home belongs to one platform at a time, and to one kind of runs for ever."""

import fcntl
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from touchline.domain.vocabulary import Mode
from touchline.errors import ConfigurationError, Conflict
from touchline.manifest import decode, encode, sha256
from touchline.ports import ObjectStore

LOCK: Final = "platform.lock"
_MODE: Final = "mode.json"


@contextmanager
def locked(home: Path, names: Sequence[str] = ()) -> Iterator[None]:
    """Be the platform of a home. The system gives the lock back if the process dies.

    Args:
        home: of which.
        names: the functions that this platform runs, for `at_work`; all of them if it names none.

    Raises:
        Conflict: another platform works in this home.
        ConfigurationError: the home cannot be made.
    """
    make(home)
    with (home / LOCK).open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "another platform works in this home", where=str(home), hint="end it, or wait until it has finished"
            ) from None
        handle.truncate(0)
        handle.write("\n".join(names).encode())
        handle.flush()
        yield


def at_work(home: Path, known: Iterable[str]) -> list[str]:
    """Which of the known functions the platform runs that works in a home."""
    names = (home / LOCK).read_text().split()
    return [name for name in known if not names or name in names]


def mark(home: Path) -> str:
    """What the instances of this home begin with, on this machine: the names under which its functions hold claims."""
    return f"up-{sha256(f'{socket.gethostname()}:{home}'.encode())[:12]}/"


def make(home: Path) -> None:
    """Make the folder of a home.

    Raises:
        ConfigurationError: it cannot be made.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / LOCK).touch()
    except OSError as error:
        raise ConfigurationError(
            f"the home cannot be used: {error.strerror}", where=str(home), hint="choose another with TOUCHLINE_HOME"
        ) from error


def claim_mode(store: ObjectStore, mode: Mode) -> None:
    """Keep simulated and live runs apart: they would take each other's numbers.

    Raises:
        ConfigurationError: the home belongs to the other mode.
    """
    if not store.create(_MODE, encode(mode)) and store.get(_MODE) != encode(mode):
        first = decode(store.get(_MODE), str, _MODE)
        hint = f"choose another TOUCHLINE_HOME for {mode} runs (a run is simulated when TOUCHLINE_NOW is set)"
        raise ConfigurationError(f"this home holds {first} runs, this run is {mode}", where="TOUCHLINE_HOME", hint=hint)
