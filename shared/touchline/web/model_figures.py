"""What is known of the model that serves beyond its answers: when it was registered, how far its features moved."""

import time
from collections.abc import Callable
from typing import Final

import msgspec

from touchline.errors import TouchlineError
from touchline.manifest import decode
from touchline.ports import ObjectStore
from touchline.stages.predict_board import Board

POINTER: Final = "reports/drift/latest.json"
PAUSE: Final = 30.0
"""Seconds between looks."""
MOST: Final = 20
"""Features that are told, those that moved most."""
SHARE: Final = "share"
"""Stands beside the features for the share of all that moved."""


class _Moved(msgspec.Struct):
    name: str
    psi: float


class _Report(msgspec.Struct):
    features: tuple[_Moved, ...]


class _Latest(msgspec.Struct):
    report: str
    share: float


class ModelFigures:
    """Looks at objects now and then; what cannot be read leaves what was read before, and `fault` says why.

    Args:
        store: where they are.
        elapsed: seconds that only go forward.
    """

    def __init__(self, store: ObjectStore, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._store, self._elapsed = store, elapsed
        self._due, self._model, self._etag = float("-inf"), "", ""
        self.registered: float | None = None
        """Seconds since 1970; None while no model serves."""
        self.drift: dict[str, float] = {}
        """Population stability index of a feature; under SHARE the share of features that moved."""
        self.fault = ""

    def look(self, board: Board | None) -> None:
        """Read what is new, where that is due."""
        if self._elapsed() < self._due and (board is None or board.serving.model_id == self._model):
            return
        self._due = self._elapsed() + PAUSE
        try:
            if board is not None and board.serving.model_id != self._model:
                self._registered(board.serving.model_id)
            self._drift()
            self.fault = ""
        except TouchlineError as error:
            self.fault = str(error)

    def _registered(self, model: str) -> None:
        info = self._store.stat(f"models/{model}/manifest.json")
        self.registered, self._model = info.modified.timestamp() if info else None, model

    def _drift(self) -> None:
        info = self._store.stat(POINTER)
        if info is None or info.etag == self._etag:
            return
        latest = decode(self._store.get(POINTER), _Latest, POINTER)
        features = decode(self._store.get(latest.report), _Report, latest.report).features
        most = sorted(features, key=lambda one: (-one.psi, one.name))[:MOST]
        self.drift, self._etag = {one.name: one.psi for one in most} | {SHARE: latest.share}, info.etag
