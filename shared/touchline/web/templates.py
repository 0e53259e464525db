"""Fills the templates; autoescaping is on, an undefined name is an error."""

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from touchline.domain.competitions import competition
from touchline.domain.forecasts import MatchForecast, select
from touchline.stages.predict_board import Board
from touchline.web import page
from touchline.web.answers import EXAMPLE
from touchline.web.watch import Watcher


class Pages:
    """The pages of the service."""

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def home(self, watcher: Watcher, board: Board | None, code: str, now: datetime, simulated_time: bool) -> Response:
        """Coming matches, the model behind them, and how good it is."""
        published, fault = board.published if board else None, watcher.fault
        ahead = page.upcoming(published.forecasts.matches, now) if published else []
        chosen = select(ahead, competition=code)
        model = published.model if published else None
        return self._render(
            "home.html",
            days=page.days(chosen, published.goals if published else {}),
            count=len(chosen),
            competitions=_choices(ahead),
            chosen=code,
            empty=page.NOTHING_SERVES
            if watcher.nothing_serves
            else page.empty(board, fault, competition(code).name if code else ""),
            board=board,
            model=model,
            scores=page.score_rows(model.scores) if model else (),
            published=page.moment(published.written) if published else "",
            invented=bool(published and published.forecasts.simulated),
            as_of=_as_of(board, now, simulated_time),
            fault=fault if board else "",
        )

    def docs(self, description: dict[str, Any]) -> Response:
        """How to ask, from the OpenAPI description."""
        operations = [
            {"path": path, "method": method.upper(), **operation}
            for path, methods in description["paths"].items()
            for method, operation in methods.items()
        ]
        return self._render("docs.html", description=description, operations=operations, example=EXAMPLE)

    def _render(self, name: str, **values: Any) -> Response:
        return HTMLResponse(self._environment.get_template(name).render(**values))


def _choices(matches: list[MatchForecast]) -> list[tuple[str, str, int]]:
    codes = [match.competition for match in matches]
    return [(code, competition(code).name, codes.count(code)) for code in sorted(set(codes))]


def _as_of(board: Board | None, now: datetime, simulated_time: bool) -> str:
    if simulated_time:
        return page.moment(now)
    told = board.published.forecasts.as_of if board and board.published else ""
    return page.moment(datetime.fromisoformat(told)) if told else ""
