"""The views of the settled record, looked at every so often and read anew when they are others."""

from collections.abc import Callable

from touchline.domain.views import POINTER, Leaderboard, ReturnsTable
from touchline.ports import ObjectStore
from touchline.stages.predict_views import read_views
from touchline.web.newest import Newest

Views = tuple[Leaderboard, ReturnsTable]


class Settled(Newest[Views]):
    """The newest leaderboard and returns."""

    def __init__(self, store: ObjectStore, pause: float, elapsed: Callable[[], float]) -> None:
        super().__init__(store, POINTER, read_views, "the settled record", pause, elapsed)
