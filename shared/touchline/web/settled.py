"""The views of the settled record, looked at every so often and read anew when they are others."""

from collections.abc import Callable
from threading import Lock

from touchline.domain.views import POINTER, Leaderboard, ReturnsTable
from touchline.errors import TouchlineError, Unavailable
from touchline.ports import ObjectStore
from touchline.stages.predict_views import read_views

Views = tuple[Leaderboard, ReturnsTable]


class Settled:
    """The newest views that could be read; when newer ones cannot be, those before stay, and it is said why."""

    def __init__(self, store: ObjectStore, pause: float, elapsed: Callable[[], float]) -> None:
        self._store, self._pause, self._elapsed = store, pause, elapsed
        self._lock = Lock()
        self._due = float("-inf")
        self._etag = ""
        self._views: Views | None = None
        self._fault = ""

    def views(self) -> tuple[Views | None, str]:
        """The newest views, None if none were ever published; and why newer ones cannot be read, empty if they can.

        Raises:
            Unavailable: there are some, but none could be read since the start.
        """
        with self._lock:
            if self._elapsed() >= self._due:
                self._due = self._elapsed() + self._pause
                self._look()
            if self._views is None and self._fault:
                raise Unavailable(f"the settled record cannot be read: {self._fault}", where=POINTER)
            return self._views, self._fault

    def _look(self) -> None:
        try:
            info = self._store.stat(POINTER)
            if info is not None and info.etag != self._etag:
                self._views = read_views(self._store)
                self._etag = info.etag
            self._fault = ""
        except TouchlineError as error:
            self._fault = str(error)
