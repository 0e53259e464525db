"""Computes in one call what several ask for at the same moment: many matches take a model little longer than one.

Whoever asks is waited for no longer than those take who have asked already: the call is made in the same turn of the
event loop, after everybody whose request has been read.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from touchline.domain.routing import Arm
from touchline.stages.predict_board import Board

MOST: Final = 64
"""Matches of one call; what is more comes in the next."""
Compute = Callable[[Board, Sequence[str], Arm], list[bytes]]
_Group = tuple[int, int, Arm]


class Together:
    """Calls `compute` for all matches of a board and an arm that are waited for."""

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._waiting: dict[_Group, dict[str, asyncio.Future[bytes]]] = {}

    async def ask(self, board: Board, match_id: str, arm: Arm) -> bytes:
        """The answer for one match; raises what `compute` raises for it."""
        loop = asyncio.get_running_loop()
        group = id(loop), id(board), arm
        waiting = self._waiting.get(group)
        if waiting is None or len(waiting) >= MOST:
            waiting = self._waiting[group] = {}
            loop.call_soon(self._answer, waiting, board, group)
        found = waiting.get(match_id)
        if found is None:
            found = waiting[match_id] = loop.create_future()
        return await asyncio.shield(found)

    def _answer(self, waiting: dict[str, "asyncio.Future[bytes]"], board: Board, group: _Group) -> None:
        if self._waiting.get(group) is waiting:
            del self._waiting[group]
        try:
            made = self._compute(board, tuple(waiting), group[2])
        except Exception:  # one of them is to blame: the others need not suffer
            for match_id, future in waiting.items():
                self._answer_one(board, match_id, group[2], future)
            return
        for future, head in zip(waiting.values(), made, strict=True):
            future.set_result(head)

    def _answer_one(self, board: Board, match_id: str, arm: Arm, future: "asyncio.Future[bytes]") -> None:
        try:
            (head,) = self._compute(board, (match_id,), arm)
        except Exception as error:  # whoever asked is told
            future.set_exception(error)
        else:
            future.set_result(head)
