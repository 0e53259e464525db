"""Which of the published forecasts are asked for, and the page of them, as values or as a sheet."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import msgspec

from touchline.domain.forecasts import MatchForecast, select
from touchline.stages import predict_names
from touchline.stages.predict_board import Board, require_published
from touchline.stages.predict_match import Forecast
from touchline.web.answers import Filter, Forecasts, following, forecasts

PATH: Final = "/predict/predictions"
COLUMNS: Final = (
    "match_id", "competition", "season", "kickoff", "kickoff_known", "home_team", "away_team", "home", "draw", "away",
    "uses", "model_version", "promotion", "seq", "mode", "simulated",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a formula of a cell in a spreadsheet."""


def chosen(board: Board, wish: Filter) -> list[MatchForecast]:
    """The forecasts that a filter lets through, in the order of kick-off.

    Raises:
        UnknownName: a team or competition that the data do not hold.
        Unavailable: nothing is published yet.
    """
    published = require_published(board)
    team = predict_names.require_team(wish.team, predict_names.known_teams(board), "team") if wish.team else ""
    competitions = predict_names.known_competitions(board)
    code = predict_names.require_competition(wish.competition, competitions) if wish.competition else ""
    found = select(
        published.forecasts.matches,
        competition=code,
        date_from=iso(wish.date_from),
        date_to=iso(wish.date_to),
    )
    return [
        match
        for match in found
        if team in ("", match.home_team, match.away_team)
        and max(match.home, match.draw, match.away) >= wish.min_probability
    ]


def page(found: Sequence[MatchForecast], wish: Filter) -> Sequence[MatchForecast]:
    """The page that a filter asks for."""
    return found[wish.offset : wish.offset + wish.limit]


def listing(board: Board, wish: Filter, fault: str) -> Forecasts:
    """A page of forecasts, and what is to be known of all of them."""
    published, found = require_published(board), chosen(board, wish)
    told = published.forecasts
    return Forecasts(
        total=len(found),
        limit=wish.limit,
        offset=wish.offset,
        next=following(PATH, wish, len(found)),
        reason=told.reason,
        published=published.written,
        mode=told.mode,
        as_of=told.as_of,
        simulated=told.simulated,
        outdated=board.outdated,
        degraded=fault,
        model=told.model,
        matches=forecasts(published, page(found, wish)),
    )


def sheet(board: Board, wish: Filter) -> bytes:
    """The same page as CSV with a header line, COLUMNS."""
    published = require_published(board)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(_cells, forecasts(published, page(chosen(board, wish), wish))))
    return lines.getvalue().encode()


def _cells(answer: Forecast) -> list[Any]:
    """A forecast as cells of COLUMNS."""
    told = msgspec.to_builtins(answer)
    flat = {**told, **told["probabilities"]}
    return [cell(flat[name]) for name in COLUMNS]


def cell(value: Any) -> Any:
    """A value as a cell: true and false in lower case, and no text that a spreadsheet would take for a formula.

    >>> cell(True), cell("=1+1"), cell(-0.5)
    ('true', "'=1+1", -0.5)
    """
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def iso(day: date | None) -> str:
    """A day as forecasts are chosen by it, empty without one."""
    return day.isoformat() if day else ""
