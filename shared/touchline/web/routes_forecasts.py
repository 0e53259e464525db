"""What is published of coming matches: the list, as JSON, CSV or parquet, cards, and the matches alone."""

from base64 import b64encode
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec
from anyio import to_thread
from fastapi import FastAPI, Request
from starlette.responses import Response, StreamingResponse

from touchline.errors import NotFound
from touchline.stages.predict_board import Board, require_published
from touchline.web import listing
from touchline.web.answering import CSV, FRESH, JSON, Asked, chosen, tell, told_now
from touchline.web.answers import Filter, Forecasts, following
from touchline.web.cards import PATH as CARDS_PATH
from touchline.web.cards import Cards, cards
from touchline.web.describe import Operation, route
from touchline.web.fixtures import PATH as FIXTURES_PATH
from touchline.web.fixtures import FixtureFilter, Matches, fixtures
from touchline.web.manners import BODILESS
from touchline.web.questions import only_path, query
from touchline.web.replies import known
from touchline.web.site import Site

PARQUET: Final = "application/vnd.apache.parquet"
_CHUNK: Final = 262_144
LIST: Final = Operation(
    path=listing.PATH,
    tag="forecasts",
    about="Forecasts of coming matches, in the order of kick-off; as JSON, or as CSV if the client prefers that.",
    gives={JSON: Forecasts, CSV: None},
    query=Filter,
    refuses=(404, 406),
    tagged=True,
    headers={"Link": "The next page, and the file with all forecasts"},
)
FILE: Final = Operation(
    path="/predict/predictions.parquet",
    tag="forecasts",
    about="All forecasts as the parquet file that was published; its tag is the hash of its bytes.",
    gives={PARQUET: None},
    refuses=(404,),
    tagged=True,
    headers={"Repr-Digest": "SHA-256 of the file (RFC 9530)"},
)
CARDS: Final = Operation(
    path=CARDS_PATH,
    tag="forecasts",
    about="Coming matches as cards: the forecast, fair prices, prices of the market, what they differ by, form. The "
    "difference describes the forecast; it is no advice to bet.",
    gives={JSON: Cards},
    query=Filter,
    refuses=(404,),
    tagged=True,
)
MATCHES: Final = Operation(
    path=FIXTURES_PATH,
    tag="forecasts",
    about="Coming matches and those of these hours, with how they stand and whether they are forecast.",
    gives={JSON: Matches},
    query=FixtureFilter,
    refuses=(404,),
    tagged=True,
)
_FILE: Final = f'<{FILE.path}>; rel="alternate"; type="{PARQUET}"'


def add_forecasts(app: FastAPI, site: Site) -> None:
    """Let an application answer what is forecast."""

    @route(app, LIST)
    async def predictions(request: Request) -> Response:
        wish, media = query(request, Filter), chosen(request, JSON, CSV)
        board = await site.watcher.board()
        asked = Asked(request, site, board, ["predictions", msgspec.to_builtins(wish)])
        after = await to_thread.run_sync(lambda: following(LIST.path, wish, len(listing.chosen(board, wish))))
        links = {"link": ", ".join([f'<{after}>; rel="next"'] * bool(after) + [_FILE])}
        if media == CSV:
            links["content-disposition"] = 'inline; filename="predictions.csv"'
            return await tell(asked, lambda: listing.sheet(board, wish), CSV, links)
        return await tell(asked, lambda: listing.listing(board, wish, asked.fault), JSON, links)

    @route(app, CARDS)
    async def shown(request: Request) -> Response:
        wish, board = query(request, Filter), await site.watcher.board()
        asked = Asked(request, site, board, ["cards", msgspec.to_builtins(wish)])
        return await tell(asked, lambda: cards(board, wish, asked.fault))


def add_files(app: FastAPI, site: Site) -> None:
    """Let an application give out the published file."""

    @route(app, FILE)
    async def parquet(request: Request) -> Response:
        only_path(request)
        return await to_thread.run_sync(_file, request, await site.watcher.board())


def add_fixtures(app: FastAPI, site: Site) -> None:
    """Let an application list matches."""
    scores = site.scores

    @route(app, MATCHES)
    async def matches(request: Request) -> Response:
        wish, board = query(request, FixtureFilter), await site.watcher.board()

        def answer() -> Response:
            live = scores.scores()
            fault = "; ".join(filter(None, (site.fault, scores.fault)))
            return told_now(request, fixtures(board, live.matches if live else (), wish, fault))

        return await to_thread.run_sync(answer)


def _file(request: Request, board: Board) -> Response:
    published = require_published(board)
    ref = published.outputs.get("table")
    info = published.store.stat(ref.key) if ref else None
    if ref is None or info is None:
        raise NotFound("no table was published with these forecasts", hint="GET /predict/predictions lists them")
    headers = {
        "cache-control": FRESH,
        "etag": f'"{ref.sha256}"',
        "repr-digest": f"sha-256=:{b64encode(bytes.fromhex(ref.sha256)).decode()}:",
        "content-disposition": 'attachment; filename="predictions.parquet"',
    }
    if known(request.headers.get("if-none-match", ""), (headers["etag"],)):
        return Response(status_code=304, headers=headers)
    headers["content-length"] = str(info.size)
    if request.scope.get(BODILESS):
        return Response(headers=headers, media_type=PARQUET)
    return StreamingResponse(_pieces(published.store.open(ref.key)), headers=headers, media_type=PARQUET)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece
