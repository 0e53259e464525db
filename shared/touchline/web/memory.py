"""Answers that were made before. Their keys hold the hash of what they rest on, so none outlives it."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from touchline.manifest import encode, sha256
from touchline.ports import Cache
from touchline.stages.predict_board import Board
from touchline.web.meters import Meters

KEPT_SECONDS: Final = 600.0
"""Bounds how long a cache that several versions of the code share gives out the answers of another one."""


class Memory:
    """Keeps answers while the board stays what it is, and makes those that it does not have in threads.

    Two that ask for the same at the same moment may both make it.
    """

    def __init__(self, cache: Cache, meters: Meters) -> None:
        self._cache, self._meters = cache, meters

    async def answer(self, board: Board, question: Any, make: Callable[[], bytes]) -> bytes:
        """The answer to a question, from the cache or made now; refusals are made anew each time."""
        key = f"predict/{board.digest}/{sha256(encode(question))}"
        return await asyncio.to_thread(self._answer, key, make)

    def _answer(self, key: str, make: Callable[[], bytes]) -> bytes:
        body = self._cache.get(key)
        self._meters.looks["none" if body is None else "shared" if self._cache.shared else "process"] += 1
        if body is None:
            body = make()
            self._cache.set(key, body, KEPT_SECONDS)
        return body
