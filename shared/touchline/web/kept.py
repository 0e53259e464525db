"""Forecasts of matches that were told before: in this process, and behind that in a cache that several share.

An answer belongs to a board: its key names match, model, features and the board, which a promotion or new forecasts
change. Nothing is kept beyond kick-off. What is kept is the answer without the members that only the moment knows
(`cached`, `degraded`, `stale`).

Many who ask at once make one look into the shared cache and one computation. Processes do not wait for one another: a
forecast is computed in less time than Redis needs to grant a lock.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from touchline.domain.routing import Arm
from touchline.ports import Cache, Clock
from touchline.stages.predict_board import Board
from touchline.web.meters import Meters


class Entry(NamedTuple):
    """An answer, and until when it may be told (seconds since 1970)."""

    head: bytes
    until: float


@dataclass(frozen=True)
class Wanted:
    """The forecast of a match by one arm of a board."""

    board: Board
    match_id: str
    arm: Arm
    key: Callable[[], str]
    """Names it in the shared cache."""
    kickoff: datetime
    make: Callable[[], Awaitable[bytes]]
    """Computes the answer, once for all who ask at the same time."""


class Kept:
    """Answers of this process, of the board at hand only.

    Args:
        cache: asked, if it is shared, before anything is computed.
        clock: says how far a match is.
        seconds: an answer is kept for so long at most; 0 keeps nothing.
        meters: told of each look.
    """

    def __init__(self, cache: Callable[[], Cache], clock: Clock, seconds: float, meters: Meters) -> None:
        self._cache, self._clock, self._seconds, self._meters = cache, clock, seconds, meters
        self._state: tuple[Board | None, dict[tuple[str, Arm], Entry]] = None, {}
        self._flights: dict[tuple[str, int], asyncio.Task[tuple[bytes, bool]]] = {}

    def at_hand(self, board: Board, match_id: str, arm: Arm) -> bytes | None:
        """The answer if this process has it."""
        state = self._state
        if state[0] is not board:
            state = self._state = board, {}
        entry = state[1].get((match_id, arm))
        if entry is None or entry.until <= self._clock.now().timestamp():
            return None
        self._meters.looks["process"] += 1
        return entry.head

    async def find(self, wanted: Wanted) -> tuple[bytes, bool]:
        """The answer that this process does not have yet, and whether the shared cache had it."""
        now = self._clock.now()
        life = min(self._seconds, (wanted.kickoff - now).total_seconds())
        shared = self._cache()
        if life <= 0 or not shared.shared:
            head, cached = await self._made(wanted, life), False
        else:
            head, cached = await asyncio.shield(self._flight(wanted, shared, life))
        self._meters.looks["shared" if cached else "none"] += 1
        return head, cached

    def _flight(self, wanted: Wanted, shared: Cache, life: float) -> "asyncio.Task[tuple[bytes, bool]]":
        """The look and the computation that are on their way for this answer; they end when it is kept."""
        key = wanted.key()
        flight = (key, id(asyncio.get_running_loop()))
        task = self._flights.get(flight)
        if task is None:
            task = self._flights[flight] = asyncio.ensure_future(self._found(wanted, key, shared, life))
            task.add_done_callback(lambda ended: self._landed(flight, ended))
        return task

    def _landed(self, flight: tuple[str, int], ended: "asyncio.Task[tuple[bytes, bool]]") -> None:
        del self._flights[flight]
        if not ended.cancelled():
            ended.exception()  # is told to those who still listen; that nobody does any more is no fault

    async def _found(self, wanted: Wanted, key: str, shared: Cache, life: float) -> tuple[bytes, bool]:
        found = await asyncio.to_thread(shared.get, key)
        if found is not None:
            self._keep(wanted, found, life)
            return found, True
        head = await self._made(wanted, life)
        shared.set(key, head, life)
        return head, False

    async def _made(self, wanted: Wanted, life: float) -> bytes:
        head = await wanted.make()
        if life > 0:
            self._keep(wanted, head, life)
        return head

    def _keep(self, wanted: Wanted, head: bytes, life: float) -> None:
        board, entries = self._state  # of one moment: another thread may take up another board now
        if board is wanted.board:
            entries[wanted.match_id, wanted.arm] = Entry(head, self._clock.now().timestamp() + life)
