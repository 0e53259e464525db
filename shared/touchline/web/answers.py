"""Shapes of questions and answers about forecasts: checked, sent and described by one definition each."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from touchline.domain.forecasts import MatchForecast, ModelSummary
from touchline.domain.vocabulary import Mode, Name, Word
from touchline.stages.predict_board import Published
from touchline.stages.predict_match import Chance, Chances, Forecast, forecast_fields

Limit = Annotated[int, Meta(ge=1, le=1000, description="Entries of a page")]
Offset = Annotated[int, Meta(ge=0, le=1_000_000, description="Entries to leave out before the page")]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which forecasts to list."""

    competition: Annotated[Word, Meta(description="Code of a competition, E0 for example; empty: all")] = ""
    team: Annotated[Word, Meta(description="A team at home or away, in any case; empty: all")] = ""
    date_from: Annotated[date | None, Meta(description="First day of kick-off (UTC), included")] = None
    date_to: Annotated[date | None, Meta(description="Last day of kick-off (UTC), included")] = None
    min_probability: Annotated[Chance, Meta(description="Least probability of the likeliest outcome, 0 to 1")] = 0.0
    limit: Limit = 100
    offset: Offset = 0


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What if these two met? Names as the data have them, upper or lower case."""

    home_team: Name
    away_team: Name
    competition: Annotated[Name, Meta(description="Code of the competition that they would meet in, E0 for example")]
    date: Annotated[date, Meta(description="Day of the match (UTC), not before the newest known result")]
    neutral: Annotated[bool, Meta(description="Whether neither plays at home")] = False


class PlayerQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What is a player likely to do? In the next match of his team, unless another is named."""

    player: Annotated[Name, Meta(description="Name as line-ups have it, in any case")]
    team: Annotated[Word, Meta(description="His team, needed where several have that name; empty: whichever")] = ""
    match_id: Annotated[Word, Meta(description="A coming match of his team; empty: the next one")] = ""
    minutes: Annotated[float, Meta(ge=1, le=90, description="Minutes that he plays")] = 90.0


class Forecasts(msgspec.Struct, frozen=True, kw_only=True):
    """A page of coming matches, and what is to be known of all of them."""

    total: int
    limit: int
    offset: int
    next: str
    reason: str
    published: datetime
    mode: Mode
    as_of: str
    simulated: bool
    outdated: bool
    degraded: str
    model: ModelSummary
    matches: list[Forecast]


def following(path: str, wish: Any, total: int) -> str:
    """Address of the page after the one that was asked for (with `limit` and `offset`), empty after the last."""
    start = wish.offset + wish.limit
    if start >= total:
        return ""
    defaults = msgspec.to_builtins(type(wish)())
    asked = msgspec.to_builtins(msgspec.structs.replace(wish, offset=start))
    return f"{path}?{urlencode({name: value for name, value in asked.items() if value != defaults[name]})}"


def forecasts(published: Published, matches: Sequence[MatchForecast]) -> list[Forecast]:
    """Matches as answers; what is said of goals is that of all together, so that no page changes its last digit."""
    return [
        Forecast(
            **forecast_fields(
                published, match, Chances(match.home, match.draw, match.away), published.goals.get(match.match_id)
            )
        )
        for match in matches
    ]
