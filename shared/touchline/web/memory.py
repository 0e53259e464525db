"""Answers that were made before. Their keys hold the hash of what they rest on, so none outlives it."""

from collections.abc import Callable
from typing import Any, Final

from anyio import to_thread
from starlette.responses import JSONResponse, Response

from touchline.manifest import encode, sha256
from touchline.ports import Cache
from touchline.stages.predict_board import Board
from touchline.web.meters import Meters

KEPT_SECONDS: Final = 600.0
"""Bounds how long a cache that several versions of the code share gives out the answers of another one."""


class Memory:
    """Makes an answer once, as long as the board stays what it is; away from the loop that serves the others."""

    def __init__(self, cache: Cache, meters: Meters) -> None:
        self._cache, self._meters = cache, meters

    async def answer(self, board: Board, question: Any, make: Callable[[], dict[str, Any]]) -> Response:
        """The JSON answer to a question, from the cache or made now; refusals are made anew each time."""
        key = f"predict/{board.digest}/{sha256(encode(question))}"
        body = await to_thread.run_sync(self._answer, key, make)
        return Response(body, media_type="application/json")

    def _answer(self, key: str, make: Callable[[], dict[str, Any]]) -> bytes:
        body = self._cache.get(key)
        self._meters.remembered(hit=body is not None)
        if body is None:
            body = bytes(JSONResponse(make()).body)
            self._cache.set(key, body, KEPT_SECONDS)
        return body
