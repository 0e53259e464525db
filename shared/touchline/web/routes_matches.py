"""More about one coming match: goals, and why its forecast is what it is."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.responses import Response

from touchline.domain.routing import Arm
from touchline.stages.predict_arm import arm_for
from touchline.stages.predict_board import Board
from touchline.stages.predict_explain import Explanation, explain
from touchline.stages.predict_goals import Grid, grid_of
from touchline.web.answering import JSON, Asked, tell
from touchline.web.asker import asker
from touchline.web.describe import Operation, route
from touchline.web.questions import only_path
from touchline.web.site import Site

GOALS: Final = Operation(
    path="/predict/{match_id}/goals",
    tag="forecasts",
    about="Chances of scores, of more and fewer goals, and that both teams score; all agree with the chances of the "
    "result.",
    gives={JSON: Grid},
    refuses=(404,),
    tagged=True,
)
WHY: Final = Operation(
    path="/predict/{match_id}/explain",
    tag="forecasts",
    about="What each group of features adds to the forecast of a match, beginning with the mean forecast of the coming "
    "matches; the parts sum to the forecast.",
    gives={JSON: Explanation},
    refuses=(404,),
    tagged=True,
)


def add_matches(app: FastAPI, site: Site) -> None:
    """Let an application tell more of a match."""

    async def told(request: Request, name: str, make: Callable[[Board, str, Arm], Any]) -> Response:
        only_path(request)
        board, match_id = await site.watcher.board(), request.path_params["match_id"]
        arm = arm_for(board, asker(request, site), match_id)
        return await tell(Asked(request, site, board, [name, match_id, arm]), lambda: make(board, match_id, arm))

    @route(app, GOALS)
    async def goals(request: Request) -> Response:
        return await told(request, "goals", grid_of)

    @route(app, WHY)
    async def why(request: Request) -> Response:
        return await told(request, "explain", explain)
