"""Looks for news every so often beside the requests, and swaps the whole board at once."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Final

import numpy as np

from touchline.errors import NotFound, TouchlineError, Unavailable
from touchline.stages.predict_board import Board, Serving, read_board
from touchline.work import Ports

PATIENCE: Final = 2.0
"""Seconds that a request waits for a look, where it waits at all."""
FIRST_PATIENCE: Final = 20.0
"""Seconds that it waits if there is no board yet: the client of a distant store alone takes a second to load."""


class Watcher:
    """Keeps the newest whole board; when newer objects cannot be read, the one before stays and `fault` says why.

    A request that finds a look due lets it begin in a thread, and is answered from the board at hand. It waits only if
    there is none, or if nobody has asked for twice the pause: an instance that slept (or that its platform froze) must
    not answer from yesterday. With a pause of 0 every request waits for a look of its own.

    Args:
        ports: object store and model loader.
        refresh_seconds: pause between the beginnings of two looks.
        elapsed: seconds that only go forward.
        also: called at the end of each look, in its thread, with the board at hand.
    """

    def __init__(
        self,
        ports: Ports,
        refresh_seconds: float,
        elapsed: Callable[[], float] = time.monotonic,
        also: Callable[[Board | None], object] = lambda board: None,
    ) -> None:
        self._ports, self._pause, self._elapsed, self._also = ports, refresh_seconds, elapsed, also
        self._patience = PATIENCE if refresh_seconds else FIRST_PATIENCE
        self._lock = Lock()
        self._due = self._asked = float("-inf")
        self._look: Future[None] | None = None
        self._next: Future[None] | None = None
        self._awaited_until = float("-inf")
        self._board: Board | None = None
        self._begun = 0.0
        self._fault = ""
        self.nothing_serves = False

    @property
    def fault(self) -> str:
        """Why the newest objects cannot be read, empty if they can."""
        if self._look is None or self._look.done() or time.monotonic() < self._begun + PATIENCE:
            return self._fault
        return self._fault or f"the object store has not answered for more than {PATIENCE:g} s"

    async def board(self) -> Board:
        """The newest board.

        Raises:
            Unavailable: none could be read since the start.
        """
        board = await self.peek()
        if board is None:
            raise Unavailable(
                f"not ready: {self.fault or 'nothing is read yet'}",
                where="serving/published/",
                hint="train and promote a model, then try again",
            )
        return board

    async def peek(self) -> Board | None:
        """The newest board; None when there is none, then `fault` says why and `nothing_serves` if that is all."""
        board = self.at_hand()
        if board is None and (look := self._next or self._look) is not None:
            await asyncio.wait([asyncio.wrap_future(look)], timeout=max(0.0, self._awaited_until - time.monotonic()))
            self._asked = self._elapsed()  # who waits does not sleep
        return board or self._board

    def at_hand(self) -> Board | None:
        """The newest board if it can be had without waiting; lets a look begin that is due."""
        now = self._elapsed()
        slept, self._asked = now - self._asked >= 2 * self._pause, now
        if now >= self._due:
            self._begin(now, awaited=slept)
        return None if self._awaited_until > time.monotonic() else self._board

    def _begin(self, now: float, *, awaited: bool) -> None:
        with self._lock:
            if now < self._due:
                return
            if self._look is not None and not self._look.done():
                if awaited and self._next is None:  # what it tells after the sleep it may have read before
                    self._next, self._awaited_until = Future(), time.monotonic() + self._patience
                return
            self._due = now + self._pause
            look: Future[None] = Future()
            self._look, self._begun = look, time.monotonic()
            if awaited or self._board is None:
                self._awaited_until = time.monotonic() + (self._patience if self._board else FIRST_PATIENCE)
            Thread(target=self._run, args=(look,), name="look", daemon=True).start()

    def _run(self, look: "Future[None] | None") -> None:
        while look is not None:
            self._read()
            try:
                self._also(self._board)
            except Exception as error:  # whoever waits for the board has no part in it
                self._fault = f"{type(error).__name__}: {error}"
            look = self._ended(look)

    def _ended(self, look: "Future[None]") -> "Future[None] | None":
        """End a look; the one after it if somebody came after a sleep meanwhile."""
        with self._lock:
            following, self._next = self._next, None
            if following is None:
                self._awaited_until = float("-inf")
            else:
                self._look, self._begun = following, time.monotonic()
            look.set_result(None)
        return following

    def _read(self) -> None:
        try:
            self._take(read_board(self._ports, self._board))
            self._fault, self.nothing_serves = "", False
        except TouchlineError as error:
            self._fault, self.nothing_serves = str(error), isinstance(error, NotFound)
        except Exception as error:  # whatever broke the new state, the old one still answers
            self._fault = f"{type(error).__name__}: {error}"

    def _take(self, board: Board) -> None:
        last = self._board
        if last is None or board.serving is not last.serving:
            _warm(board.serving)
        self._board = board


def _warm(serving: Serving) -> None:
    """Let the models predict once before they serve: their first run allocates what the others use."""
    for one in (serving, serving.challenger):
        if one is not None:
            one.predictor.both(np.zeros((1, len(one.predictor.features))))
