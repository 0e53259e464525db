"""Teams, and their Elo ratings."""

from collections import Counter
from typing import Annotated, Final

import msgspec
from fastapi import FastAPI, Request
from msgspec import Meta
from starlette.responses import Response

from touchline.domain.competitions import competition
from touchline.domain.vocabulary import Word, slug
from touchline.stages.predict_board import Board, require_published
from touchline.stages.predict_names import known_competitions, require_competition
from touchline.stages.predict_teams import elo_of
from touchline.web.answering import JSON, Asked, tell
from touchline.web.answers import Limit, Offset, following
from touchline.web.describe import Operation, route
from touchline.web.questions import only_path, query
from touchline.web.site import Site


class TeamFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which teams to list."""

    competition: Annotated[Word, Meta(description="Code of the competition that they last played in; empty: all")] = ""
    limit: Limit = 100
    offset: Offset = 0


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A team."""

    id: Annotated[str, Meta(description="Stands for the team in addresses")]
    name: Annotated[str, Meta(description="Name of the team, as the data have it")]
    country: Annotated[str, Meta(description="Country of the team")]
    competition: str
    competition_name: str
    elo: Annotated[
        float | None, Meta(description="Elo rating now, points; null where its country has no coming match")
    ]  # fmt: skip


class Teams(msgspec.Struct, frozen=True, kw_only=True):
    """Teams by country, competition and name."""

    total: int
    limit: int
    offset: int
    next: str
    teams: list[Team]


class Rating(msgspec.Struct, frozen=True):
    """A rating at a moment."""

    day: Annotated[str, Meta(description="Day (UTC), ISO 8601")]
    elo: Annotated[float, Meta(description="Elo rating before the match of that day, points; the last one: now")]


class Elo(msgspec.Struct, frozen=True, kw_only=True):
    """How strong a team was, by Elo: differences within a country count; 100 points more are expected to win 64 %."""

    team: Annotated[str, Meta(description="Name of the team, as the data have it")]
    country: Annotated[str, Meta(description="Country of the team")]
    ratings: Annotated[list[Rating], Meta(description="Oldest first, at most the last hundred")]


LIST: Final = Operation(
    path="/teams",
    tag="teams",
    about="Teams that the data know, with the Elo rating of now.",
    gives={JSON: Teams},
    query=TeamFilter,
    refuses=(404,),
    tagged=True,
)
ELO: Final = Operation(
    path="/teams/{team}/elo",
    tag="teams",
    about="Elo ratings of a team before each of its last matches, and now.",
    gives={JSON: Elo},
    refuses=(404,),
    tagged=True,
)


def add_teams(app: FastAPI, site: Site) -> None:
    """Let an application tell of teams."""

    @route(app, LIST)
    async def teams(request: Request) -> Response:
        wish = query(request, TeamFilter)
        board = await site.watcher.board()
        return await tell(
            Asked(request, site, board, ["teams", msgspec.to_builtins(wish)]), lambda: _teams(board, wish)
        )

    @route(app, ELO)
    async def elo(request: Request, team: str) -> Response:
        only_path(request)
        board = await site.watcher.board()
        return await tell(Asked(request, site, board, ["elo", team]), lambda: _elo(board, team))


def _teams(board: Board, wish: TeamFilter) -> Teams:
    published = require_published(board)
    code = require_competition(wish.competition, known_competitions(board)) if wish.competition else ""
    known = published.state.teams()
    named = Counter(slug(name) for _, _, name in known)
    ratings = {(line.country, line.team): line.points[-1][1] for line in published.elo().lines if line.points}
    found = [row for row in known if code in ("", row[1])]
    return Teams(
        total=len(found),
        limit=wish.limit,
        offset=wish.offset,
        next=following(LIST.path, wish, len(found)),
        teams=[
            Team(
                id=slug(name) if named[slug(name)] == 1 else slug(f"{country} {name}"),
                name=name,
                country=country,
                competition=league,
                competition_name=competition(league).name,
                elo=ratings.get((country, name)),
            )
            for country, league, name in found[wish.offset : wish.offset + wish.limit]
        ],
    )


def _elo(board: Board, team: str) -> Elo:
    line = elo_of(board, team)
    return Elo(team=line.team, country=line.country, ratings=[Rating(day, value) for day, value in line.points])
