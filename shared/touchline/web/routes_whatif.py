"""What is computed when it is asked for: any pairing of teams, any player."""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response

from touchline.stages.predict_board import Board
from touchline.stages.predict_players import PlayerAnswer, player
from touchline.stages.predict_whatif import WhatIf, what_if
from touchline.web import questions
from touchline.web.answering import JSON
from touchline.web.answers import PlayerQuestion, Question
from touchline.web.asker import asker
from touchline.web.describe import Operation, route
from touchline.web.site import Site

MATCH: Final = Operation(
    method="POST",
    path="/predict/match",
    tag="questions",
    about="What if these two met? Answered by the champion from the newest results; nothing is stored.",
    gives={JSON: WhatIf},
    takes=Question,
    refuses=(404,),
)


PLAYER: Final = Operation(
    method="POST",
    path="/predict/player",
    tag="questions",
    about="What is a player likely to do? His share, from line-ups, of the goals that are expected of his team.",
    gives={JSON: PlayerAnswer},
    takes=PlayerQuestion,
    refuses=(404,),
)


def add_whatif(app: FastAPI, site: Site) -> None:
    """Let an application answer what-if questions."""

    async def told(question: list[Any], make: Callable[[Board], Any], client: str = "") -> Response:
        board = await site.watcher.board()
        asked = [*question, client if board.serving.route else ""]  # without a route all are told the same
        body = await site.memory.answer(board, asked, lambda: msgspec.json.encode(make(board)))
        return Response(body, headers={"cache-control": "no-store", "content-type": JSON})

    @route(app, MATCH)
    async def match(request: Request) -> Response:
        asked = await questions.body(request, Question)

        def make(board: Board) -> WhatIf:
            begun = time.perf_counter()
            made = what_if(
                board, asked.home_team, asked.away_team, asked.competition, asked.date, neutral=asked.neutral
            )
            site.measured.inference.observe(time.perf_counter() - begun)
            site.measured.sure(made.probabilities)
            return made

        return await told(["match", msgspec.to_builtins(asked)], make)

    @route(app, PLAYER)
    async def who(request: Request) -> Response:
        asked, client = await questions.body(request, PlayerQuestion), asker(request, site)

        def make(board: Board) -> PlayerAnswer:
            return player(
                board, asked.player, team=asked.team, match_id=asked.match_id, minutes=asked.minutes, client=client
            )

        return await told(["player", msgspec.to_builtins(asked)], make, client)
