"""What is published of coming matches: the list, as JSON, CSV or parquet, and each match."""

from typing import Final

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response

from touchline.web.answering import CSV, JSON, Asked, chosen, tell
from touchline.web.answers import Filter, Forecasts, following
from touchline.web.describe import Operation, route
from touchline.web.listing import PATH, listing, sheet
from touchline.web.listing import chosen as chosen_matches
from touchline.web.questions import query
from touchline.web.site import Site

LIST: Final = Operation(
    path=PATH,
    tag="forecasts",
    about="Forecasts of coming matches, in the order of kick-off; as JSON, or as CSV if the client prefers that.",
    gives={JSON: Forecasts, CSV: None},
    query=Filter,
    refuses=(404, 406),
    tagged=True,
    headers={"Link": "The next page, and the file with all forecasts"},
)
_FILE: Final = '</predict/predictions.parquet>; rel="alternate"; type="application/vnd.apache.parquet"'


def add_forecasts(app: FastAPI, site: Site) -> None:
    """Let an application answer what is forecast."""

    @route(app, LIST)
    async def predictions(request: Request) -> Response:
        wish, media = query(request, Filter), chosen(request, JSON, CSV)
        board = await site.watcher.board()
        asked = Asked(request, site, board, ["predictions", msgspec.to_builtins(wish)])
        after = following(PATH, wish, len(chosen_matches(board, wish)))
        links = {"link": ", ".join([f'<{after}>; rel="next"'] * bool(after) + [_FILE])}
        if media == CSV:
            links["content-disposition"] = 'inline; filename="predictions.csv"'
            return await tell(asked, lambda: sheet(board, wish), CSV, links)
        return await tell(asked, lambda: listing(board, wish, site.fault), JSON, links)
