"""What if two teams met: answered by the champion from the newest state of the teams."""

from datetime import UTC, date, datetime, time

import msgspec
import numpy as np

from touchline.domain.competitions import competition as competition_of
from touchline.domain.features import FEATURE_NAMES, features_for
from touchline.domain.forecasts import valid_probabilities
from touchline.domain.seasons import season_of
from touchline.domain.uses import level, reached
from touchline.domain.vocabulary import UNKNOWN_KICKOFF_HOUR, Uses
from touchline.errors import DataError, Unavailable
from touchline.stages.predict_board import Board, Serving, require_published
from touchline.stages.predict_names import known_competitions, known_teams, require_competition, require_team


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to "what if these two met on that day": nothing is stored or sealed."""

    home_team: str
    away_team: str
    competition: str
    season: str
    date: str
    home: float
    draw: float
    away: float
    model_version: str
    promotion: int
    results_until: str
    """Moment of the newest result that the answer rests on."""
    uses: Uses
    """What it was made from."""


def what_if(board: Board, home_team: str, away_team: str, competition: str, day: date) -> WhatIf:
    """Probabilities of any pairing by the champion, from the state after the newest known result.

    The features are made by the function that made those of the fixtures.

    Raises:
        UnknownName: a team or competition that the data do not hold.
        DataError: the pairing makes no sense, or the model was trained on other features.
    """
    published = require_published(board)
    code = require_competition(competition, known_competitions(board))
    names = known_teams(board, competition_of(code).country)
    home, away = require_team(home_team, names, "home_team"), require_team(away_team, names, "away_team")
    if home == away:
        raise DataError("a team does not play against itself", where="away_team")
    until = datetime.fromtimestamp(published.state.as_of / 1e6, UTC)
    if day < until.date():
        raise DataError(
            f"results are known until {until.date()}: a forecast of {day} would know its future", where="date"
        )
    columns = _columns(board.serving)
    season = season_of(day, competition_of(code).calendar_year)
    kickoff = max(datetime.combine(day, time(UNKNOWN_KICKOFF_HOUR)), until.replace(tzinfo=None))
    values = features_for(published.state, [home], [away], [code], [season], np.array([kickoff], "datetime64[us]"))
    (row,) = board.serving.predictor.predict(values[:, columns]).tolist()
    if not valid_probabilities([row]):
        raise Unavailable(f"model version {board.serving.version} gave no probabilities", hint="roll it back")
    return WhatIf(
        home_team=home, away_team=away, competition=code, season=season, date=day.isoformat(),
        home=row[0], draw=row[1], away=row[2], model_version=board.serving.version,
        promotion=board.serving.promotion, results_until=until.isoformat(),
        uses=reached(level(board.serving.predictor.features), priced=False),
    )  # fmt: skip


def _columns(serving: Serving) -> list[int]:
    """Where the features that the champion learnt from stand among those of this version."""
    unknown = sorted(set(serving.predictor.features) - set(FEATURE_NAMES))
    if unknown:
        raise Unavailable(
            f"model version {serving.version} was trained on features that this version does not make",
            where=serving.model_id,
            hint="train and promote a model with this version of Touchline",
            details=tuple(unknown[:10]),
        )
    return [FEATURE_NAMES.index(name) for name in serving.predictor.features]
