"""Looks for news at most every so often, and swaps the whole board at once."""

import time
from collections.abc import Callable
from threading import Lock

from anyio import to_thread

from touchline.errors import NotFound, TouchlineError, Unavailable
from touchline.stages.predict_board import Board, read_board
from touchline.work import Ports


class Watcher:
    """Keeps the newest whole board; when newer objects cannot be read, the one before stays and `fault` says why."""

    def __init__(self, ports: Ports, refresh_seconds: float, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._ports, self._pause, self._elapsed = ports, refresh_seconds, elapsed
        self._lock = Lock()
        self._due = float("-inf")
        self._board: Board | None = None
        self.fault = ""
        self.nothing_serves = False

    async def board(self) -> Board:
        """The newest board.

        Raises:
            Unavailable: none could be read since the start.
        """
        board = await self.peek()
        if board is None:
            raise Unavailable(
                f"not ready: {self.fault}", where="serving/published/", hint="train and promote a model, then try again"
            )
        return board

    async def peek(self) -> Board | None:
        """The newest board; None when there is none, then `fault` says why and `nothing_serves` if that is all."""
        if self._board is None or self._elapsed() >= self._due:
            await to_thread.run_sync(self._refresh)
        return self._board

    def _refresh(self) -> None:
        with self._lock:
            if self._elapsed() < self._due:  # another request looked while this one waited
                return
            self._due = self._elapsed() + self._pause
            try:
                self._board = read_board(self._ports, self._board)
                self.fault, self.nothing_serves = "", False
            except TouchlineError as error:
                self.fault, self.nothing_serves = str(error), isinstance(error, NotFound)
            except Exception as error:  # whatever broke the new state, the old one still answers
                self.fault = f"{type(error).__name__}: {error}"
