"""Forecasts of one match: computed by the model that serves, or told as they were published."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from touchline.domain.feature_rows import row_hash
from touchline.domain.routing import Arm
from touchline.stages.predict_arm import arm_for
from touchline.stages.predict_board import Board, require_published
from touchline.stages.predict_match import MatchAnswer, answers, precomputed
from touchline.stages.predict_model import asked_of, named, serving_of
from touchline.stages.predict_names import find_match
from touchline.web.kept import Kept, Wanted
from touchline.web.replies import Asked, Reply, no_parameters
from touchline.web.site import Site
from touchline.web.together import Together

MATCH: Final = "/predict/{match_id}"
PRECOMPUTED: Final = "/predict/precomputed/{match_id}"
_MOMENT: Final = b',"stale":'
"""Where the members begin that only the moment knows; they are the last of the answer."""
_TAILS: Final = 64


class Matches:
    """Forecasts of matches by the board at hand."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept = Kept(lambda: site.ports.cache, site.ports.clock, site.settings.cache_seconds, site.measured)
        self._together = Together(self._computed)
        self._tails: dict[tuple[bool, bool, str], bytes] = {}

    async def computed(self, asked: Asked) -> Reply:
        """The forecast of a match by the serving model."""
        no_parameters(asked.scope)
        board, match_id = await self._board(), asked.parameter
        arm = arm_for(board, asked.client, match_id)
        head = self._kept.at_hand(board, match_id, arm)
        cached = head is not None
        if head is None:
            head, cached = await self._kept.find(self._wanted(board, match_id, arm))
        self._site.measured.predictions[named(board, arm)] += 1
        return Reply(200, head + self._tail(board, cached=cached))

    async def precomputed(self, asked: Asked) -> Reply:
        """The forecast of a match as it was published."""
        no_parameters(asked.scope)
        board = await self._board()
        return Reply(200, _head(precomputed(board, asked.parameter)) + self._tail(board, cached=False))

    async def _board(self) -> Board:
        watcher = self._site.watcher
        return watcher.at_hand() or await watcher.board()

    def _wanted(self, board: Board, match_id: str, arm: Arm) -> Wanted:
        match = find_match(board, match_id)
        return Wanted(
            board, match_id, arm, lambda: _key(board, match_id, arm), match.kickoff,
            lambda: self._together.ask(board, match_id, arm),
        )  # fmt: skip

    def _computed(self, board: Board, match_ids: Sequence[str], arm: Arm) -> list[bytes]:
        begun = time.perf_counter()
        made = answers(board, match_ids, arm)
        self._site.measured.inference.observe(time.perf_counter() - begun)
        for one in made:
            self._site.measured.sure(one.probabilities)
        return [_head(one) for one in made]

    def _tail(self, board: Board, *, cached: bool) -> bytes:
        """The members that only the moment knows."""
        stale, fault = board.outdated or self._old(board), self._site.fault
        tail = self._tails.get((stale, cached, fault))
        if tail is None:
            if len(self._tails) >= _TAILS:
                self._tails.clear()
            tail = b"," + msgspec.json.encode({"stale": stale, "cached": cached, "degraded": fault})[1:]
            self._tails[stale, cached, fault] = tail
        return tail

    def _old(self, board: Board) -> bool:
        """Whether the forecasts were published too long ago."""
        published = require_published(board)
        told = published.forecasts.as_of
        made = datetime.fromisoformat(told) if told else published.written
        return (self._site.ports.clock.now() - made).total_seconds() > self._site.settings.stale_seconds


def _key(board: Board, match_id: str, arm: Arm) -> str:
    """Of a cache that several processes share: two that know the same board tell each other the same."""
    asked = asked_of(board, (match_id,), arm)
    hashed = row_hash(asked.values[0]) if asked else ""
    return f"predict:{match_id}:{serving_of(board, arm).model_id}:{hashed}:{board.digest}"


def _head(made: MatchAnswer) -> bytes:
    """An answer without the members that only the moment knows."""
    return msgspec.json.encode(made).rpartition(_MOMENT)[0]
