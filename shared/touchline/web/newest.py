"""The newest of what others publish behind a pointer, looked at every so often and read anew when it is another."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from touchline.errors import TouchlineError, Unavailable
from touchline.ports import ObjectStore

_T = TypeVar("_T")


class Newest(Generic[_T]):
    """The newest that could be read; when a newer one cannot be, the one before stays, and it is said why.

    Args:
        store: where it is.
        pointer: key of the object that moves when there is a newer one.
        read: reads it, None if there is none.
        what: names it, for who asks while it was never readable.
        pause: seconds between looks.
        elapsed: seconds that only go forward.
    """

    def __init__(
        self,
        store: ObjectStore,
        pointer: str,
        read: Callable[[ObjectStore], _T | None],
        what: str,
        pause: float,
        elapsed: Callable[[], float],
    ) -> None:
        self._store, self._pointer, self._read, self._what = store, pointer, read, what
        self._pause, self._elapsed = pause, elapsed
        self._lock = Lock()
        self._due = float("-inf")
        self._etag = ""
        self._found: _T | None = None
        self._fault = ""

    def look(self) -> tuple[_T | None, str]:
        """The newest, None if there never was one; and why a newer one cannot be read, empty if it can.

        Raises:
            Unavailable: there is one, but none could be read since the start.
        """
        with self._lock:
            if self._elapsed() >= self._due:
                self._due = self._elapsed() + self._pause
                self._try()
            if self._found is None and self._fault:
                raise Unavailable(f"{self._what} cannot be read: {self._fault}", where=self._pointer)
            return self._found, self._fault

    def _try(self) -> None:
        try:
            info = self._store.stat(self._pointer)
            if info is not None and info.etag != self._etag:
                self._found = self._read(self._store)
                self._etag = info.etag
            self._fault = ""
        except TouchlineError as error:
            self._fault = str(error)
