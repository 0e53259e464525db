"""The description of the API: for machines as OpenAPI, for people as a page with calls to try."""

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from anyio import to_thread
from fastapi import FastAPI, Request
from starlette.responses import Response

from touchline.domain.competitions import competition
from touchline.stages.predict_board import Board
from touchline.web.answering import told_now
from touchline.web.describe import Examples, openapi
from touchline.web.pages import Asked, Pages
from touchline.web.questions import only_path
from touchline.web.site import Site

_HOST: Final = "http://localhost:8080"


def add_description(app: FastAPI, pages: Pages, site: Site) -> None:
    """Let an application describe itself."""
    kept = _Kept(app)

    def docs(asked: Asked) -> tuple[str, dict[str, Any]]:
        described = kept.described(asked.board)
        return "docs.html", {"description": described, "operations": list(_operations(described))}

    @app.get("/openapi.json", include_in_schema=False)
    async def description(request: Request) -> Response:
        only_path(request)
        board = await site.watcher.peek()
        return await to_thread.run_sync(lambda: told_now(request, kept.described(board)))

    @app.get("/docs", include_in_schema=False)
    async def for_people(request: Request) -> Response:
        return await pages.answer(request, docs)


class _Kept:
    """The description for the board that it was last asked for."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._made: tuple[str, dict[str, Any]] = "", {}

    def described(self, board: Board | None) -> dict[str, Any]:
        digest, made = board.digest if board else "none", self._made
        if made[0] != digest:
            made = self._made = digest, openapi(self._app, examples(board))
        return made[1]


def examples(board: Board | None) -> Examples:
    """Values that this very service can answer, from its first coming match; none as long as there is none."""
    if board is None or board.published is None or not board.published.forecasts.matches:
        return {}
    match = board.published.forecasts.matches[0]
    day = match.kickoff.date().isoformat()
    squad = board.published.players().of(competition(match.competition).country, match.home_team)
    return {
        **({"player": squad[0].name} if squad else {}),
        "match_id": match.match_id,
        "home_team": match.home_team,
        "away_team": match.away_team,
        "team": match.home_team,
        "competition": match.competition,
        "date": day,
        "date_from": day,
        "date_to": day,
        "version": board.serving.version,
        "min_probability": 0.0,
    }


def _operations(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield {"path": path, "method": method.upper(), "curl": _curl(path, method.upper(), operation), **operation}


def _curl(path: str, method: str, operation: dict[str, Any]) -> str:
    """A call to try in a shell."""
    told = operation.get("parameters", [])
    for parameter in told:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(str(parameter["example"]), safe=""))
    bodiless = method == "POST" and "requestBody" not in operation
    lines = [f"curl {'-X POST ' * bodiless}{_HOST}{path}"]
    if operation.get("security"):
        lines.append('-H "X-API-Key: $TOUCHLINE_KEY"')
    for media, content in list(operation.get("requestBody", {}).get("content", {}).items())[:1]:
        body = json.dumps(content.get("example"), ensure_ascii=False).replace("'", "'\\''")
        lines += [f"-H 'content-type: {media}'", f"-d '{body}'" if "example" in content else "--data-binary @FILE"]
    return " \\\n  ".join(lines)
