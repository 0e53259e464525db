"""The page of what-if: any two teams, answered as of now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from touchline.domain.competitions import competition
from touchline.domain.forecasts import resolve
from touchline.errors import TouchlineError
from touchline.stages.predict_board import Board
from touchline.stages.predict_names import known_competitions, known_teams
from touchline.stages.predict_whatif import WhatIf, grid_if, pairing, what_ifs
from touchline.web.look import Look
from touchline.web.view_goals import GoalsView, goals_view
from touchline.web.view_parts import Chance, chances, league

FIELDS: Final = ("competition", "home_team", "away_team", "date", "neutral")
LONGEST: Final = 100


@dataclass(frozen=True)
class Fault:
    """What is wrong with a field; suggestions are links with another value."""

    field: str
    reason: str
    suggestions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Answered:
    """The forecast of a pairing."""

    told: WhatIf
    league: str
    day: str
    chances: tuple[Chance, ...]
    goals: GoalsView
    until: str


@dataclass(frozen=True)
class WhatIfView:
    """What the page shows: the form with what was asked, and the answer or what is wrong."""

    asked: Mapping[str, str]
    competitions: tuple[tuple[str, str], ...]
    teams: tuple[str, ...]
    """Of the country that was chosen."""
    fault: Fault | None
    answer: Answered | None


def whatif_view(look: Look, board: Board) -> WhatIfView:
    """The form, and the answer to what it asks.

    Raises:
        Unavailable: there is no state of the teams yet.
    """
    codes = known_competitions(board)
    asked = {name: look.query.get(name, "").strip()[:LONGEST] for name in FIELDS}
    chosen = asked["competition"] or (codes[0] if codes else "")
    asked["competition"] = resolve(chosen, codes) or chosen
    complete = bool(asked["home_team"] and asked["away_team"])
    asked["date"] = asked["date"] or look.day(look.now).isoformat()
    fault, answer = None, None
    if complete:
        try:
            answer = _answer(look, board, asked)
        except TouchlineError as error:
            fault = _fault(look, error)
        except ValueError:
            fault = Fault("date", look.words("whatif.date.wrong"), ())
    return WhatIfView(
        asked=asked,
        competitions=tuple((code, league(code)) for code in codes),
        teams=known_teams(board, competition(asked["competition"]).country),
        fault=fault,
        answer=answer,
    )


def _answer(look: Look, board: Board, asked: Mapping[str, str]) -> Answered:
    t, day = look.words, date.fromisoformat(asked["date"])
    pair = pairing(
        board, asked["home_team"], asked["away_team"], asked["competition"], day, neutral=bool(asked["neutral"])
    )
    (told,) = what_ifs(board, (pair,))
    return Answered(
        told=told,
        league=league(told.competition),
        day=t.day(day),
        chances=chances(look, (told.home_team, told.away_team), msgspec.structs.astuple(told.probabilities)),
        goals=goals_view(look, grid_if(board, pair)),
        until=told.results_until.date().isoformat(),
    )


def _fault(look: Look, error: TouchlineError) -> Fault:
    field = error.where if error.where in FIELDS else ""
    links = tuple((one, look.here(**{field: one})) for one in error.details) if field else ()
    return Fault(field, error.what, links)
