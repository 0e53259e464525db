"""Looks at the object that the watch of live scores keeps."""

from collections.abc import Callable
from threading import Lock

from touchline.domain.live import POINTER, LiveScores
from touchline.errors import TouchlineError
from touchline.manifest import decode
from touchline.ports import ObjectStore


class Scoreboard:
    """The newest scores; the object is looked at every so often, and read only if it is another.

    When it cannot be read, what was read before stays, and `fault` says why.
    """

    def __init__(self, store: ObjectStore, pause: float, elapsed: Callable[[], float]) -> None:
        self._store, self._pause, self._elapsed = store, pause, elapsed
        self._lock = Lock()
        self._due = float("-inf")
        self._etag = ""
        self._scores: LiveScores | None = None
        self.fault = ""

    def scores(self) -> LiveScores | None:
        """The newest scores that could be read, None if there never were any."""
        with self._lock:
            if self._elapsed() >= self._due:
                self._due = self._elapsed() + self._pause
                self._look()
            return self._scores

    def _look(self) -> None:
        try:
            info = self._store.stat(POINTER)
            if info is not None and info.etag != self._etag:
                self._scores = decode(self._store.get(POINTER), LiveScores, POINTER)
                self._etag = info.etag
            self.fault = ""
        except TouchlineError as error:
            self.fault = str(error)
