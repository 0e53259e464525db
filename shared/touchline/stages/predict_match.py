"""What the serving model says of one coming match, computed from the features that were published of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
import numpy as np

from touchline.domain.competitions import competition
from touchline.domain.context import Sealed
from touchline.domain.feature_rows import row_hash
from touchline.domain.forecasts import MatchForecast
from touchline.domain.joint_goals import Goals
from touchline.domain.routing import Arm
from touchline.domain.vocabulary import Mode, Uses
from touchline.stages.predict_board import Board, Published, Serving, require_published
from touchline.stages.predict_goals import goals_told
from touchline.stages.predict_model import asked_of
from touchline.stages.predict_names import find_match

Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Chances(msgspec.Struct, frozen=True):
    """Of the three outcomes after full time; they sum to 1."""

    home: Chance
    draw: Chance
    away: Chance


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """One coming match, as it was forecast and published."""

    match_id: str
    competition: str
    competition_name: str
    season: str
    kickoff: datetime
    kickoff_known: bool
    home_team: str
    away_team: str
    probabilities: Chances
    goals: Goals | None
    uses: Uses
    model_version: str
    promotion: int
    seq: int
    mode: Mode
    simulated: bool


class MatchAnswer(Forecast, frozen=True, kw_only=True):
    """The same and whose it is; as JSON it is what people get."""

    run_id: str
    """Identity of the model that answered."""
    arm: Arm
    precomputed: bool
    """Whether this is the forecast as it was published: so it is where features were not published beside it."""
    features_hash: str
    """Of the features that the model saw, as in the ledger; empty if `precomputed`."""
    sealed_at: datetime | None
    """When this model sealed its newest forecast of the match, None if it sealed none."""
    stale: bool
    """Whether the forecasts come from an earlier champion than the one that serves; as served, or are old as well."""
    cached: bool = False
    degraded: str = ""


def forecast_fields(
    published: Published, match: MatchForecast, chances: Chances, goals: Goals | None
) -> dict[str, Any]:
    """The fields of a `Forecast` of a published match, by the model of the publication."""
    return {
        "match_id": match.match_id,
        "competition": match.competition,
        "competition_name": competition(match.competition).name,
        "season": match.season,
        "kickoff": match.kickoff,
        "kickoff_known": match.kickoff_known,
        "home_team": match.home_team,
        "away_team": match.away_team,
        "probabilities": chances,
        "goals": goals,
        "uses": match.uses,
        "model_version": published.author(match).version,
        "promotion": published.promotion,
        "seq": published.seq,
        "mode": published.forecasts.mode,
        "simulated": published.forecasts.simulated,
    }


def answer(board: Board, match_id: str, arm: Arm = "champion") -> MatchAnswer:
    """The forecast of a match by a model of the board.

    Raises:
        NotFound: no forecast of it is published.
        Unavailable: there are no forecasts, the model wants features that were not published, or gives no chances.
    """
    return answers(board, (match_id,), arm)[0]


def answers(board: Board, match_ids: Sequence[str], arm: Arm = "champion") -> list[MatchAnswer]:
    """Forecasts of several matches, in their order, by one call of the model.

    Raises:
        NotFound, Unavailable: as in `answer`.
    """
    matches = [find_match(board, match_id) for match_id in match_ids]
    asked = asked_of(board, match_ids, arm)
    if asked is None:
        return [_as_published(board, match) for match in matches]
    chances, rates = asked.forecast()
    goals = goals_told(chances, rates, [match.rho for match in matches])
    return [
        _answer(board, asked.serving, match, arm, chances=row, goals=told, hashed=row_hash(values))
        for match, row, told, values in zip(matches, chances.tolist(), goals, asked.values, strict=True)
    ]


def _answer(
    board: Board,
    serving: Serving,
    match: MatchForecast,
    arm: Arm,
    *,
    chances: list[float],
    goals: Goals | None,
    hashed: str,
) -> MatchAnswer:
    published = require_published(board)
    fields = forecast_fields(published, match, Chances(*chances), goals)
    return MatchAnswer(
        **fields | {"model_version": serving.version, "promotion": serving.promotion},
        run_id=serving.model_id,
        arm=arm if board.serving.challenger else "champion",
        precomputed=not hashed,
        features_hash=hashed,
        sealed_at=newest_seal(published.records().sealed.get(match.match_id, ()), serving.version),
        stale=board.outdated,
    )


def newest_seal(sealed: Iterable[Sealed], version: str) -> datetime | None:
    """When a model sealed its newest forecast of a match, None if it sealed none."""
    return max((row.sealed_at for row in sealed if row.model_version == version), default=None)


def precomputed(board: Board, match_id: str) -> MatchAnswer:
    """The forecast of a match as it was published.

    Raises:
        NotFound: none is published for it.
        Unavailable: there are no forecasts.
    """
    return _as_published(board, find_match(board, match_id))


def _as_published(board: Board, match: MatchForecast) -> MatchAnswer:
    published = require_published(board)
    chances = np.array([[match.home, match.draw, match.away]])
    rates = np.array([match.rates or (np.nan, np.nan)])
    (goals,) = goals_told(chances, rates, [match.rho])
    made = _answer(board, board.serving, match, "champion", chances=chances[0].tolist(), goals=goals, hashed="")
    author, sealed = published.author(match), published.records().sealed.get(match.match_id, ())
    return msgspec.structs.replace(
        made, run_id=author.model_id, model_version=author.version, promotion=published.promotion,
        sealed_at=newest_seal(sealed, author.version), arm="challenger" if match.author else "champion",
    )  # fmt: skip
