"""A model registry of plain files, for whoever has no room for MLflow: a folder a model, and one small index.

    <root>/models/<identity>/log.json, model.pickle, sample.json, artifacts/...
    <root>/index.json      identity -> version, alias -> version

A model's folder appears whole, by a rename; the index is replaced by a rename, under a lock.
"""

import contextlib
import fcntl
import os
import pickle
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from touchline.errors import DataError, NotFound, Unavailable
from touchline.ports import TrainingLog

if TYPE_CHECKING:
    import pandas as pd

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
_STAGED: Final = ".staged"


class Index(msgspec.Struct, frozen=True):
    """What is registered."""

    versions: dict[str, str] = {}
    """Identity -> version."""
    aliases: dict[str, str] = {}
    """Alias -> version."""


class FolderRegistry:
    """A `Registry` in a folder of the local file system; several processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def register(self, log: TrainingLog, model: Any, sample: "pd.DataFrame", identity: str) -> str:
        """Keep a model with all that is known of its training, unless that was done; its version.

        Args:
            log: what to write down.
            model: anything that can be pickled.
            sample: some rows of input.
            identity: id of the model, which names its folder.

        Raises:
            DataError: the identity cannot be the name of a folder.
        """
        if not _NAME.fullmatch(identity):
            raise DataError(f"{identity!r} cannot name a folder", where=str(self._root), hint="letters, digits, _.-")
        with self._answering(), self._lock():
            folder = self._root / "models" / identity
            if not folder.exists():
                self._keep(folder, log, model, sample)
            return self._change(lambda index: _numbered(index, identity)).versions[identity]

    def versions(self) -> dict[str, str]:
        """Identity -> version."""
        with self._answering():
            return self._index().versions

    def aliases(self) -> dict[str, str]:
        """Alias -> version."""
        with self._answering():
            return self._index().aliases

    def set_alias(self, alias: str, version: str) -> None:
        """Point an alias at a version; idempotent.

        Raises:
            NotFound: there is no such version.
        """
        with self._answering(), self._lock():
            self._change(lambda index: _pointed(index, alias, version))

    def check(self) -> str:
        """Take the lock and read the index; where it is."""
        with self._answering(), self._lock():
            self._index()
        return f"folder {self._root}"

    def _keep(self, folder: Path, log: TrainingLog, model: Any, sample: "pd.DataFrame") -> None:
        """Write a model's folder beside its place, then move it there."""
        staged = self._root / _STAGED
        shutil.rmtree(staged, ignore_errors=True)  # of a writer who died
        staged.mkdir()
        for where, path in log.artifacts.items():
            target = staged / "artifacts" / where
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        told = msgspec.to_builtins(msgspec.structs.replace(log, artifacts={}), enc_hook=str)
        (staged / "log.json").write_bytes(msgspec.json.encode(told, order="sorted"))
        (staged / "model.pickle").write_bytes(pickle.dumps(model))
        (staged / "sample.json").write_text(sample.to_json(orient="split"))
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(folder)

    def _index(self) -> Index:
        try:
            return msgspec.json.decode((self._root / "index.json").read_bytes(), type=Index)
        except FileNotFoundError:
            return Index()

    def _change(self, change: Callable[[Index], Index]) -> Index:
        """The index after a change."""
        before = self._index()
        after = change(before)
        if after != before:
            staged = self._root / ".index.json"
            with staged.open("wb") as stream:
                stream.write(msgspec.json.encode(after, order="sorted"))
                stream.flush()
                os.fsync(stream.fileno())
            staged.replace(self._root / "index.json")
        return after

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One writer at a time over all processes; the system releases the lock of a process that dies."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / ".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (OSError, msgspec.MsgspecError) as error:
            raise Unavailable(f"the model registry does not answer: {error}", where=str(self._root)) from error


def _numbered(index: Index, identity: str) -> Index:
    if identity in index.versions:
        return index
    number = max((int(version) for version in index.versions.values()), default=0) + 1
    return msgspec.structs.replace(index, versions={**index.versions, identity: str(number)})


def _pointed(index: Index, alias: str, version: str) -> Index:
    if version not in index.versions.values():
        raise NotFound(f"no version {version}", where=alias, hint="register the model first")
    return msgspec.structs.replace(index, aliases={**index.aliases, alias: version})
