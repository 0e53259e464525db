"""What is computed when it is asked for: any pairing of teams, any player."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response

from touchline.stages.predict_board import Board
from touchline.stages.predict_players import PlayerAnswer, player
from touchline.stages.predict_whatif import what_if
from touchline.web import questions
from touchline.web.answering import JSON
from touchline.web.answers import Imagined, PlayerQuestion, Probabilities, Question
from touchline.web.describe import Operation, route
from touchline.web.site import Site

MATCH: Final = Operation(
    method="POST",
    path="/predict/match",
    tag="questions",
    about="What if these two met? Answered by the champion from the newest results; nothing is stored.",
    gives={JSON: Imagined},
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

    async def told(name: str, question: msgspec.Struct, make: Callable[[Board], Any]) -> Response:
        board = await site.watcher.board()
        asked = [name, msgspec.to_builtins(question)]
        body = await site.memory.answer(board, asked, lambda: msgspec.json.encode(make(board)))
        return Response(body, headers={"cache-control": "no-store", "content-type": JSON})

    @route(app, MATCH)
    async def match(request: Request) -> Response:
        question = await questions.body(request, Question)
        return await told("match", question, lambda board: imagined(board, question))

    @route(app, PLAYER)
    async def who(request: Request) -> Response:
        asked = await questions.body(request, PlayerQuestion)

        def make(board: Board) -> PlayerAnswer:
            return player(board, asked.player, team=asked.team, match_id=asked.match_id, minutes=asked.minutes)

        return await told("player", asked, make)


def imagined(board: Board, question: Question) -> Imagined:
    """The answer to a what-if question.

    Raises:
        UnknownName, DataError: a name that the data do not hold; a pairing that makes no sense.
    """
    found = what_if(
        board, question.home_team, question.away_team, question.competition, question.date, neutral=question.neutral
    )
    return Imagined(
        home_team=found.home_team,
        away_team=found.away_team,
        competition=found.competition,
        season=found.season,
        date=date.fromisoformat(found.date),
        neutral=found.neutral,
        how=found.how,
        goals=found.goals,
        probabilities=Probabilities(found.home, found.draw, found.away),
        uses=found.uses,
        model_version=found.model_version,
        promotion=found.promotion,
        results_until=datetime.fromisoformat(found.results_until),
        simulated=bool(board.published and board.published.forecasts.simulated),
    )
