"""Shapes of questions and answers, as the OpenAPI description shows them."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from touchline.domain.competitions import competition
from touchline.domain.forecasts import MatchForecast
from touchline.stages.predict_board import Board, Published
from touchline.stages.predict_whatif import WhatIf

EXAMPLE: dict[str, Any] = {
    "home_team": "Arsenal",
    "away_team": "Chelsea",
    "competition": "E0",
    "date": "2026-03-14",
}
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Filter(BaseModel):
    """Which forecasts to list; days are inclusive, in UTC."""

    model_config = ConfigDict(extra="forbid")

    competition: Annotated[str, Field(max_length=100, description="Code of a competition, E0 for example")] = ""
    team: Annotated[str, Field(max_length=100, description="A team at home or away")] = ""
    date_from: Annotated[date | None, Field(description="First day of kick-off")] = None
    date_to: Annotated[date | None, Field(description="Last day of kick-off")] = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class Question(BaseModel):
    """What if these two met? Names as the data have them, upper or lower case."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    home_team: Name
    away_team: Name
    competition: Name
    date: date


class Probabilities(BaseModel):
    """Of the three outcomes after full time; they sum to 1."""

    home: float
    draw: float
    away: float


class ExpectedGoals(BaseModel):
    """What the same forecast says of goals; `over_25` is the chance of three or more."""

    expected_goals_home: float
    expected_goals_away: float
    over_25: float
    both_score: float
    likeliest_score: str


class Forecast(BaseModel):
    """One coming match."""

    match_id: str
    competition: str
    competition_name: str
    season: str
    kickoff: str
    kickoff_known: bool
    home_team: str
    away_team: str
    probabilities: Probabilities
    goals: ExpectedGoals | None
    uses: str
    model_version: str
    promotion: int
    seq: int
    mode: str
    simulated: bool


class Forecasts(BaseModel):
    """A page of coming matches, and what is to be known of all of them."""

    total: int
    limit: int
    offset: int
    reason: str
    published: str
    mode: str
    as_of: str
    simulated: bool
    outdated: bool
    degraded: str
    model: dict[str, Any]
    matches: list[Forecast]


class Imagined(BaseModel):
    """Answer to a what-if question; it is stored nowhere."""

    home_team: str
    away_team: str
    competition: str
    season: str
    date: str
    probabilities: Probabilities
    uses: str
    model_version: str
    promotion: int
    results_until: str
    simulated: bool


class Fault(BaseModel):
    """One wrong value."""

    field: str
    reason: str
    example: Any = None


class Problem(BaseModel):
    """A refusal."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] = []
    suggestions: list[str] = []
    hint: str = ""


def forecast(match: MatchForecast, published: Published) -> dict[str, Any]:
    """A match as an answer."""
    return {
        "match_id": match.match_id,
        "competition": match.competition,
        "competition_name": competition(match.competition).name,
        "season": match.season,
        "kickoff": match.kickoff.isoformat().replace("+00:00", "Z"),
        "kickoff_known": match.kickoff_known,
        "home_team": match.home_team,
        "away_team": match.away_team,
        "probabilities": probabilities(match),
        "goals": msgspec.structs.asdict(goals) if (goals := published.goals.get(match.match_id)) else None,
        "uses": match.uses,
        "model_version": published.model.version,
        "promotion": published.promotion,
        "seq": published.seq,
        "mode": published.forecasts.mode,
        "simulated": published.forecasts.simulated,
    }


def probabilities(row: MatchForecast | WhatIf) -> dict[str, float]:
    """The three numbers, in the order home, draw, away."""
    return {"home": row.home, "draw": row.draw, "away": row.away}


def imagined(answer: WhatIf, board: Board) -> dict[str, Any]:
    """A what-if as an answer."""
    return {
        "home_team": answer.home_team,
        "away_team": answer.away_team,
        "competition": answer.competition,
        "season": answer.season,
        "date": answer.date,
        "probabilities": probabilities(answer),
        "uses": answer.uses,
        "model_version": answer.model_version,
        "promotion": answer.promotion,
        "results_until": answer.results_until,
        "simulated": bool(board.published and board.published.forecasts.simulated),
    }


CSV_COLUMNS = (
    "match_id", "competition", "season", "kickoff", "kickoff_known", "home_team", "away_team", "home", "draw", "away",
    "uses", "model_version", "promotion", "seq", "mode", "simulated",
)  # fmt: skip


def csv_row(answer: Mapping[str, Any]) -> list[Any]:
    """A forecast as cells of CSV_COLUMNS; true and false in lower case."""
    flat = {**answer, **answer["probabilities"]}
    return [str(flat[name]).lower() if isinstance(flat[name], bool) else flat[name] for name in CSV_COLUMNS]
