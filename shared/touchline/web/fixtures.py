"""Coming matches, and how those of these hours stand, without what is forecast of them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from touchline.domain.forecasts import select
from touchline.domain.live import Standing, State
from touchline.domain.vocabulary import Word
from touchline.stages.predict_board import Board, require_published
from touchline.stages.predict_names import known_competitions, known_teams, require_competition, require_team
from touchline.web.answers import Limit, Offset, following
from touchline.web.listing import iso

PATH: Final = "/predict/matches"


class FixtureFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which matches to list."""

    competition: Annotated[Word, Meta(description="Code of a competition, E0 for example; empty: all")] = ""
    team: Annotated[Word, Meta(description="A team at home or away, in any case; empty: all")] = ""
    date_from: Annotated[date | None, Meta(description="First day of kick-off (UTC), included")] = None
    date_to: Annotated[date | None, Meta(description="Last day of kick-off (UTC), included")] = None
    limit: Limit = 100
    offset: Offset = 0


class Fixture(msgspec.Struct, frozen=True, kw_only=True):
    """One match."""

    match_id: str
    competition: str
    season: str
    kickoff: datetime
    kickoff_known: bool
    home_team: str
    away_team: str
    status: Annotated[State, Meta(description="How it stands, as live scores tell; scheduled where they say nothing")]
    forecast: Annotated[bool, Meta(description="Whether GET /predict/{match_id} answers")]


class Matches(msgspec.Struct, frozen=True, kw_only=True):
    """A page of matches, in the order of kick-off."""

    total: int
    limit: int
    offset: int
    next: str
    degraded: str
    matches: list[Fixture]


def fixtures(board: Board, live: Sequence[Standing], wish: FixtureFilter, fault: str) -> Matches:
    """The matches that a filter asks for: those that are forecast, and those that live scores tell of.

    Raises:
        UnknownName: a team or competition that the data do not hold.
        Unavailable: nothing is published yet.
    """
    code = require_competition(wish.competition, known_competitions(board)) if wish.competition else ""
    team = require_team(wish.team, known_teams(board), "team") if wish.team else ""
    found = select(_all(board, live), competition=code, date_from=iso(wish.date_from), date_to=iso(wish.date_to))
    named = [match for match in found if team in ("", match.home_team, match.away_team)]
    return Matches(
        total=len(named),
        limit=wish.limit,
        offset=wish.offset,
        next=following(PATH, wish, len(named)),
        degraded=fault,
        matches=named[wish.offset : wish.offset + wish.limit],
    )


def _all(board: Board, live: Sequence[Standing]) -> list[Fixture]:
    published = require_published(board)
    states = {standing.match_id: standing.state for standing in live}
    ahead = [
        Fixture(
            match_id=match.match_id,
            competition=match.competition,
            season=match.season,
            kickoff=match.kickoff,
            kickoff_known=match.kickoff_known,
            home_team=match.home_team,
            away_team=match.away_team,
            status=states.get(match.match_id, "scheduled"),
            forecast=True,
        )
        for match in published.forecasts.matches
    ]
    played = [_fixture(standing) for standing in live if standing.match_id not in published.by_id]
    return sorted([*ahead, *played], key=lambda match: (match.kickoff, match.match_id))


def _fixture(standing: Standing) -> Fixture:
    return Fixture(
        match_id=standing.match_id,
        competition=standing.competition,
        season=standing.season,
        kickoff=standing.kickoff,
        kickoff_known=True,
        home_team=standing.home_team,
        away_team=standing.away_team,
        status=standing.state,
        forecast=False,
    )
