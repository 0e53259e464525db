"""The online service: JSON, CSV and a page, answered from the board that the watcher keeps."""

import csv
import io
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Query, Request
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from touchline.domain.forecasts import MatchForecast, select
from touchline.settings import Predict
from touchline.stages import predict_names
from touchline.stages.predict_board import Board, require_published
from touchline.stages.predict_whatif import what_if
from touchline.web import answers, meters, problems
from touchline.web.guard import Guard
from touchline.web.livescores import add_livescores
from touchline.web.site import Site, site_of
from touchline.web.templates import Pages
from touchline.work import Ports

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": answers.Problem, "content": {problems.MEDIA_TYPE: {}}} for status in (404, 422, 503)
}


def create_app(
    ports: Ports, settings: Predict, assets: Path, *, elapsed: Callable[[], float] = time.monotonic
) -> FastAPI:
    """The service over ports.

    Args:
        ports: only the object store, the clock, the model loader and the cache are used.
        settings: how often to look for news.
        assets: folder with `templates` and `static`.
        elapsed: seconds that only go forward.
    """
    site = site_of(ports, settings, assets, elapsed)
    app = application(site)
    app.add_middleware(Guard, meters=site.measured)
    return app


def application(site: Site) -> FastAPI:
    """All routes over the parts of the service."""
    app = FastAPI(
        title="Touchline", version="1", docs_url=None, redoc_url=None,
        description="Probabilities of home win, draw and away win. Information, not betting advice.",
    )  # fmt: skip
    problems.install(app)
    add_forecasts(app, site)
    add_livescores(app, site)
    add_health(app, site)
    add_pages(app, site)
    app.mount("/static", StaticFiles(directory=site.assets / "static"), name="static")
    return app


def add_forecasts(app: FastAPI, site: Site) -> None:
    """Let an application answer what is forecast."""
    watcher, memory = site.watcher, site.memory
    listing = {**_PROBLEMS, 200: {"model": answers.Forecasts, "content": {"text/csv": {}}}}

    @app.get("/predict/predictions", tags=["forecasts"], responses=listing)
    async def predictions(request: Request, wish: Annotated[answers.Filter, Query()]) -> Response:
        """Forecasts of coming matches, as JSON, or as CSV where the Accept header asks for text/csv."""
        board = await watcher.board()
        if "text/csv" in request.headers.get("accept", ""):
            return _csv(board, _page(wish, _filter(board, wish)))
        fault = watcher.fault
        question = ["predictions", wish.model_dump(mode="json"), fault]
        return await memory.answer(board, question, lambda: _listing(board, wish, fault))

    @app.post("/predict/match", tags=["forecasts"], responses={**_PROBLEMS, 200: {"model": answers.Imagined}})
    async def match(question: answers.Question) -> Response:
        """What if these two met? Answered by the champion from the newest results; nothing is stored."""
        board = await watcher.board()

        def make() -> dict[str, Any]:
            found = what_if(
                board, question.home_team, question.away_team, question.competition, question.date
            )  # fmt: skip
            return answers.imagined(found, board)

        return await memory.answer(board, ["match", question.model_dump(mode="json")], make)

    @app.get("/predict/{match_id}", tags=["forecasts"], responses={**_PROBLEMS, 200: {"model": answers.Forecast}})
    async def one(match_id: str) -> Response:
        """Forecast of one coming match."""
        board = await watcher.board()
        found = predict_names.find_match(board, match_id)
        return JSONResponse(answers.forecast(found, require_published(board)))


def _filter(board: Board, wish: answers.Filter) -> list[MatchForecast]:
    published = require_published(board)
    team = predict_names.require_team(wish.team, predict_names.known_teams(board), "team") if wish.team else ""
    competitions = predict_names.known_competitions(board)
    code = predict_names.require_competition(wish.competition, competitions) if wish.competition else ""
    return select(
        published.forecasts.matches,
        competition=code,
        team=team,
        date_from=_iso(wish.date_from),
        date_to=_iso(wish.date_to),
    )


def _page(wish: answers.Filter, found: list[MatchForecast]) -> list[MatchForecast]:
    return found[wish.offset : wish.offset + wish.limit]


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _listing(board: Board, wish: answers.Filter, fault: str) -> dict[str, Any]:
    published, found = require_published(board), _filter(board, wish)
    told = published.forecasts
    return {
        "total": len(found), "limit": wish.limit, "offset": wish.offset, "reason": told.reason,
        "published": published.written.isoformat(),
        "mode": told.mode, "as_of": told.as_of, "simulated": told.simulated, "outdated": board.outdated,
        "degraded": fault, "model": msgspec.to_builtins(told.model),
        "matches": [answers.forecast(match, published) for match in _page(wish, found)],
    }  # fmt: skip


def _csv(board: Board, chosen: list[MatchForecast]) -> Response:
    published = require_published(board)
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(answers.CSV_COLUMNS)
    writer.writerows(answers.csv_row(answers.forecast(match, published)) for match in chosen)
    headers = {"content-disposition": 'inline; filename="predictions.csv"', "vary": "accept"}
    return Response(sheet.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def add_health(app: FastAPI, site: Site) -> None:
    """Let an application say how it is."""
    watcher, measured = site.watcher, site.measured

    @app.get("/healthz", tags=["operation"])
    async def healthz() -> dict[str, str]:
        """The process answers; says nothing of what it knows."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operation"], responses={503: _PROBLEMS[503]})
    async def readyz() -> dict[str, Any]:
        """Ready with a model that the promotions know, its bytes checked."""
        board = await watcher.board()
        published = board.published
        return {
            "status": "ready", "model_id": board.serving.model_id, "model_version": board.serving.version,
            "promotion": board.serving.promotion, "seq": published.seq if published else 0,
            "forecasts": len(published.forecasts.matches) if published else 0,
            "outdated": board.outdated, "degraded": watcher.fault,
        }  # fmt: skip

    @app.get("/metrics", tags=["operation"], response_class=Response)
    async def metrics() -> Response:
        """Counters and gauges for Prometheus."""
        return Response(measured.render(await watcher.peek(), watcher.fault), media_type=meters.MEDIA_TYPE)


def add_pages(app: FastAPI, site: Site) -> None:
    """Let an application show its pages."""
    watcher, clock, pages = site.watcher, site.ports.clock, Pages(site.assets / "templates")

    @app.get("/", include_in_schema=False)
    async def home(competition: Annotated[str, Query(max_length=100)] = "") -> Response:
        board = await watcher.peek()
        return pages.home(watcher, board, competition, clock.now(), clock.mode == "simulated")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return pages.docs(app.openapi())
