"""The page of one match: its forecast, why it is what it is, and what stands around it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from touchline.domain.competitions import competition
from touchline.domain.context import MatchContext, Meeting, Quoted, Sealed, newest_prices
from touchline.errors import TouchlineError
from touchline.manifest import Publication, decode
from touchline.stages.predict_arm import arm_for
from touchline.stages.predict_board import Board, require_published
from touchline.stages.predict_explain import explain
from touchline.stages.predict_goals import grid_of
from touchline.stages.predict_match import MatchAnswer, answer
from touchline.stages.predict_teams import context_of
from touchline.web.figures import Figure, elo_lines, outcome_lines
from touchline.web.look import Look
from touchline.web.view_goals import GoalsView, goals_view
from touchline.web.view_parts import Chance, Kickoff, chances, kickoff, league
from touchline.web.view_why import Why, why

_T = TypeVar("_T")


@dataclass(frozen=True)
class Met:
    """A finished match as a row of a table; `result` is `W`, `D` or `L` of the team that it is told of."""

    day: str
    league: str
    home_team: str
    away_team: str
    score: str
    result: str


@dataclass(frozen=True)
class Meetings:
    """Earlier meetings of the two, and who won how many."""

    counts: tuple[tuple[str, int], ...]
    shares: tuple[Chance, ...]
    """The same as a bar; empty if they never met."""
    rows: tuple[Met, ...]


@dataclass(frozen=True)
class MatchView:
    """What the page shows; `faults` names parts that could not be made, with the reason."""

    answer: MatchAnswer
    league: str
    kickoff: Kickoff
    day: str
    chances: tuple[Chance, ...]
    market: bool
    why: Why | None
    goals: GoalsView | None
    elo: Figure | None
    form_home: tuple[Met, ...]
    form_away: tuple[Met, ...]
    meetings: Meetings
    odds: Figure | None
    history: Figure | None
    publication: str
    trace: str
    faults: dict[str, str]


def match_view(look: Look, board: Board, match_id: str) -> MatchView:
    """All that is known of a match.

    Raises:
        NotFound: no forecast of it is published.
        Unavailable: there are none yet, or the model cannot answer.
    """
    published, arm = require_published(board), arm_for(board, "", match_id)
    told = answer(board, match_id, arm)
    match, around = published.by_id[told.match_id], context_of(board, match_id)
    faults: dict[str, str] = {}
    teams = (told.home_team, told.away_team)
    market = newest_prices(around.odds)
    begins = kickoff(look, match)
    values = (told.probabilities.home, told.probabilities.draw, told.probabilities.away)
    country = competition(told.competition).country
    return MatchView(
        answer=told,
        league=league(told.competition),
        kickoff=begins,
        day=look.words.day(begins.day),
        chances=chances(look, teams, values, market),
        market=market is not None,
        why=_part(faults, "why", lambda: why(look, explain(board, match_id, arm))),
        goals=_part(faults, "goals", lambda: goals_view(look, grid_of(board, match_id, arm))),
        elo=_part(faults, "elo", lambda: elo_lines(look, published.elo(), country, teams)),
        form_home=_met(look, around.form_home, told.home_team),
        form_away=_met(look, around.form_away, told.away_team),
        meetings=_meetings(look, around, teams),
        odds=_odds(look, around.odds),
        history=_history(look, around.history, told.model_version),
        publication=published.publication,
        trace=_trace(board),
        faults=faults,
    )


def _part(faults: dict[str, str], name: str, make: Callable[[], _T]) -> _T | None:
    """A part of the page; where it cannot be made the others are shown all the same."""
    try:
        return make()
    except TouchlineError as error:
        faults[name] = error.what
        return None


def _met(look: Look, meetings: tuple[Meeting, ...], team: str) -> tuple[Met, ...]:
    return tuple(
        Met(
            day=meeting.day,
            league=competition(meeting.competition).name,
            home_team=meeting.home_team,
            away_team=meeting.away_team,
            score=f"{meeting.home_goals}–{meeting.away_goals}",
            result=meeting.result(team),
        )
        for meeting in meetings
    )


def _meetings(look: Look, around: MatchContext, teams: tuple[str, str]) -> Meetings:
    won, drawn, lost = around.head_to_head_counts
    total = won + drawn + lost
    labels = (look.words("wins.of", team=teams[0]), look.words("draws"), look.words("wins.of", team=teams[1]))
    shares = chances(look, teams, (won / total, drawn / total, lost / total)) if total else ()
    return Meetings(
        counts=tuple(zip(labels, (won, drawn, lost), strict=True)),
        shares=shares,
        rows=_met(look, around.head_to_head, teams[0]),
    )


def _odds(look: Look, quotes: tuple[Quoted, ...]) -> Figure | None:
    if not quotes:
        return None
    t = look.words
    return outcome_lines(
        look,
        "odds",
        [(quote.quoted_at, (quote.home, quote.draw, quote.away)) for quote in quotes],
        head=(t("when"), t("odds.source"), "1", "X", "2"),
        rows=[
            (
                look.moment(quote.quoted_at) if quote.quoted_at else t("odds.before"),
                quote.source,
                *(t.number(value) for value in (quote.home, quote.draw, quote.away)),
            )
            for quote in reversed(quotes)
        ],
        named=t.number,
    )


def _history(look: Look, sealed: tuple[Sealed, ...], drawn: str) -> Figure | None:
    """What was sealed of the match: one model's forecasts as lines, since others would cross them, and all as rows."""
    if not sealed:
        return None
    t = look.words
    return outcome_lines(
        look,
        "history",
        [(row.sealed_at if row.model_version == drawn else None, (row.home, row.draw, row.away)) for row in sealed],
        head=(t("when"), t("home.by"), "1", "X", "2"),
        rows=[
            (
                look.moment(row.sealed_at),
                row.model_version[:12],
                *(t.percent(v, 1) for v in (row.home, row.draw, row.away)),
            )
            for row in reversed(sealed)
        ],
        named=t.percent,
    )


def _trace(board: Board) -> str:
    """Trace of the run that published the forecasts, empty where it is not known."""
    published = require_published(board)
    try:
        publication = decode(published.store.get(published.publication), Publication, published.publication)
    except TouchlineError:
        return ""
    return publication.traceparent.split("-")[1] if publication.traceparent.count("-") == 3 else ""
