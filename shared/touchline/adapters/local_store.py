"""Objects as files of a local folder: the embedded object store.

An object appears by linking a finished file into place, which fails where one stands already, and is replaced by
renaming over it, so a reader sees a whole object or none. Unfinished files live in a folder that no key can name.
"""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from touchline.adapters.object_keys import check_key, check_prefix
from touchline.domain.vocabulary import KEY_ALPHABET
from touchline.errors import DataError, NotFound, TouchlineError, Unavailable
from touchline.ports import ObjectInfo

_STAGING = ".~staging"  # hidden, and `~` is outside the alphabet of keys
_LOCK = ".~lock"
_ABANDONED = timedelta(days=1)


class LocalStore:
    """An `ObjectStore` in a folder of the local file system; several processes may use it at once.

    Unlike a bucket, it cannot hold both `a` and `a/b`: the second one is refused with a `DataError`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.expanduser().resolve()

    @property
    def root(self) -> Path:
        """The folder, absolute."""
        return self._root

    def get(self, key: str) -> bytes:
        """Content of an object.

        Raises:
            NotFound: there is no such object.
        """
        with self.open(key) as stream:
            return stream.read()

    def open(self, key: str) -> BinaryIO:
        """Content as a seekable binary stream; it stays what it was if the object is replaced meanwhile.

        Raises:
            NotFound: there is no such object.
        """
        path = self._path(key)
        with _translated(key):
            try:
                return path.open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise NotFound("there is no such object", where=key) from None

    def create(self, key: str, data: bytes | BinaryIO) -> bool:
        """Write an object if there is none: True if written, False if one existed (which is left as it was)."""
        path = self._path(key)
        if self.stat(key) is not None:
            return False
        with self._written(key, data) as staged:
            _make_folders(path.parent, key)
            try:
                os.link(staged, path)
            except FileExistsError:
                if path.is_dir():
                    raise _blocked(path, key) from None
                return False
            _sync_folder(path.parent)
        return True

    def swap(self, key: str, data: bytes, etag: str) -> bool:
        """Replace an object if its etag is still `etag`: False, and nothing written, otherwise."""
        path = self._path(key)
        with self._written(key, data) as staged, self._lock():
            before = self.stat(key)
            if before is None or before.etag != etag:
                return False
            _outdate(staged, path.stat().st_mtime_ns)
            staged.replace(path)
            _sync_folder(path.parent)
        return True

    def stat(self, key: str) -> ObjectInfo | None:
        """What is known of an object, None if there is none."""
        path = self._path(key)
        with _translated(key):
            try:
                found = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return _info(key, found) if stat.S_ISREG(found.st_mode) else None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix`, in the order of their keys."""
        check_prefix(prefix)
        folder, slash, start = prefix.rpartition("/")
        return self._walk(self._path(folder) if slash else self._root, folder + slash, start)

    def _walk(self, folder: Path, above: str, start: str) -> Iterator[ObjectInfo]:
        for name, entry in _entries(folder):
            if not name.startswith(start):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(folder / entry.name, above + name, "")
            elif entry.is_file(follow_symlinks=False):
                with contextlib.suppress(FileNotFoundError):
                    yield _info(above + name, entry.stat(follow_symlinks=False))

    def _path(self, key: str) -> Path:
        check_key(key)
        path = self._root / key
        with _translated(key):
            straight = path.resolve() == path
        if not straight:
            raise DataError("a symbolic link stands in the way", where=key, hint="remove it from the store's folder")
        return path

    @cached_property
    def _staging(self) -> Path:
        folder = self._root / _STAGING
        folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        return folder

    @contextlib.contextmanager
    def _written(self, key: str, data: bytes | BinaryIO) -> Iterator[Path]:
        """A finished file with this content, on the same file system as the objects; failures name the key."""
        with _translated(key), tempfile.NamedTemporaryFile(dir=self._staging, delete=False) as stream:
            staged = Path(stream.name)
            try:
                if isinstance(data, bytes):
                    stream.write(data)
                else:
                    shutil.copyfileobj(data, stream, 1 << 20)
                stream.flush()
                os.fsync(stream.fileno())
                staged.chmod(0o644)
                yield staged
            finally:
                staged.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One swap at a time over all processes; the system releases the lock of a process that dies."""
        with (self._root / _LOCK).open("wb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


@contextlib.contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except TouchlineError:
        raise  # `Unavailable` is an OSError too
    except OSError as error:
        raise _unavailable(error, key) from error


def _unavailable(error: OSError, key: str) -> Unavailable:
    return Unavailable(
        f"the store's folder answers: {error.strerror or error}", where=key, hint="check its space and its rights"
    )


def _blocked(path: Path, key: str) -> DataError:
    return DataError(f"{path} is in the way", where=key, hint="a key cannot be a folder of other keys here")


def _info(key: str, found: os.stat_result) -> ObjectInfo:
    modified = datetime.fromtimestamp(found.st_mtime, UTC)
    return ObjectInfo(key, found.st_size, f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}", modified)


def _entries(folder: Path) -> list[tuple[str, "os.DirEntry[str]"]]:
    """Entries that keys can name; a folder's name ends with a slash, so that sorting gives the order of keys."""
    try:
        with os.scandir(folder) as found:
            named = [entry for entry in found if KEY_ALPHABET.fullmatch(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _unavailable(error, str(folder)) from error
    names = ((entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name, entry) for entry in named)
    return sorted(names, key=lambda pair: pair[0])


def _make_folders(folder: Path, key: str) -> None:
    if folder.is_dir():
        return
    _make_folders(folder.parent, key)
    try:
        folder.mkdir(exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _blocked(folder, key) from None
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Make names durable: without this a file may be lost by a crash though its content was synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _outdate(path: Path, other_ns: int) -> None:
    """Give a file a later time than the one it replaces: a reused inode must not bring an old etag back."""
    own = path.stat().st_mtime_ns
    if own <= other_ns:
        os.utime(path, ns=(other_ns + 1, other_ns + 1))


def _remove_abandoned(folder: Path) -> None:
    """Remove what writers left that died long ago, by the file system's own clock; younger files may be in use."""
    with tempfile.NamedTemporaryFile(dir=folder) as probe:
        now = Path(probe.name).stat().st_mtime
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if now - path.stat().st_mtime > _ABANDONED.total_seconds():
                path.unlink()
