"""What if two teams met: answered by the champion from the newest state of the teams."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Annotated, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from touchline.domain.competitions import competition as competition_of
from touchline.domain.features import FEATURE_NAMES, features_for
from touchline.domain.joint_goals import RHO, Goals
from touchline.domain.seasons import season_of
from touchline.domain.uses import level, reached
from touchline.domain.vocabulary import UNKNOWN_KICKOFF_HOUR, Uses
from touchline.errors import DataError, Unavailable
from touchline.stages.predict_board import Board, Serving, require_published
from touchline.stages.predict_goals import Grid, goals_told, told_grid
from touchline.stages.predict_match import Chances
from touchline.stages.predict_model import Asked
from touchline.stages.predict_names import known_competitions, known_teams, require_competition, require_team

Floats = NDArray[np.float64]
AT_HOME: Final = "{} play at home"
NEUTRAL: Final = "on neutral ground: the mean of the forecasts in which one and the other team plays at home"


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to "what if these two met on that day": nothing is stored or sealed. As JSON it is what people get."""

    home_team: str
    away_team: str
    competition: str
    season: str
    date: date
    neutral: bool
    how: Annotated[str, msgspec.Meta(description="What was done about the ground, in words")]
    probabilities: Chances
    goals: Goals | None
    """None of a model that expects none."""
    uses: Uses
    """What it was made from."""
    model_version: str
    promotion: int
    results_until: datetime
    """Moment of the newest result that the answer rests on."""
    simulated: bool


@dataclass(frozen=True)
class Pairing:
    """Two teams that are to meet, under the names of the data, checked."""

    home: str
    away: str
    competition: str
    season: str
    day: date
    kickoff: datetime
    until: datetime
    """Moment of the newest known result."""
    neutral: bool

    @property
    def orders(self) -> list[tuple[str, str]]:
        """Who plays at home: one team, on neutral ground one and then the other."""
        return [(self.home, self.away), (self.away, self.home)][: 2 if self.neutral else 1]


def what_if(
    board: Board, home_team: str, away_team: str, competition: str, day: date, *, neutral: bool = False
) -> WhatIf:
    """Probabilities of any pairing by the champion, from the state after the newest known result.

    The features are made by the function that made those of the fixtures. On neutral ground the forecast is the mean
    of both orders of the teams: what playing at home gives is then given to both alike. Models learn from matches that
    somebody played at home, so nothing better is known of neutral ground.

    Raises:
        UnknownName: a team or competition that the data do not hold.
        DataError: the pairing makes no sense, or the model was trained on other features.
    """
    return what_ifs(board, (pairing(board, home_team, away_team, competition, day, neutral=neutral),))[0]


def what_ifs(board: Board, pairings: Sequence[Pairing]) -> list[WhatIf]:
    """The same of several pairings, in their order, by one call of the model.

    Raises:
        Unavailable: the model was trained on other features, or gives no probabilities.
    """
    chances, rates = _forecast(board, pairings)
    goals, uses = (
        goals_told(chances, rates, [RHO] * len(pairings)),
        reached(_level(_known(board.serving)), priced=False),
    )
    return [
        _told(board, *told, uses) for told in zip(pairings, chances.tolist(), goals, strict=True)
    ]  # fmt: skip


def grid_if(board: Board, asked: Pairing) -> Grid:
    """The table of scores of a pairing; it has no id, and agrees with what `what_ifs` says of it.

    Raises:
        Unavailable: as in `what_ifs`.
    """
    return told_grid(("", asked.home, asked.away), board.serving.version, *_forecast(board, (asked,)), RHO)


def _forecast(board: Board, pairings: Sequence[Pairing]) -> tuple[Floats, Floats]:
    """(n, 3) chances and (n, 2) expected goals, NaN where the model expects none."""
    orders = [(one, *order) for one in pairings for order in one.orders]
    values = features_for(
        require_published(board).state,
        [home for _, home, _ in orders],
        [away for _, _, away in orders],
        [one.competition for one, _, _ in orders],
        [one.season for one, _, _ in orders],
        np.array([one.kickoff for one, _, _ in orders], "datetime64[us]"),
        _known(board.serving),
    )
    return _merged(pairings, *Asked(board.serving, values).forecast())


def _told(board: Board, asked: Pairing, row: list[float], goals: Goals | None, uses: Uses) -> WhatIf:
    return WhatIf(
        home_team=asked.home, away_team=asked.away, competition=asked.competition, season=asked.season,
        date=asked.day, probabilities=Chances(*row), goals=goals, neutral=asked.neutral,
        how=NEUTRAL if asked.neutral else AT_HOME.format(asked.home), model_version=board.serving.version,
        promotion=board.serving.promotion, results_until=asked.until, uses=uses,
        simulated=require_published(board).forecasts.simulated,
    )  # fmt: skip


def pairing(
    board: Board, home_team: str, away_team: str, competition: str, day: date, *, neutral: bool = False
) -> Pairing:
    """A pairing that a model can be asked about.

    Raises:
        UnknownName: a team or competition that the data do not hold.
        DataError: the pairing makes no sense.
    """
    code = require_competition(competition, known_competitions(board))
    names = known_teams(board, competition_of(code).country)
    home, away = require_team(home_team, names, "home_team"), require_team(away_team, names, "away_team")
    if home == away:
        raise DataError("a team does not play against itself", where="away_team")
    until = datetime.fromtimestamp(require_published(board).state.as_of / 1e6, UTC)
    if day < until.date():
        raise DataError(
            f"results are known until {until.date()}: a forecast of {day} would know its future", where="date"
        )
    kickoff = max(datetime.combine(day, time(UNKNOWN_KICKOFF_HOUR)), until.replace(tzinfo=None))
    season = season_of(day, competition_of(code).calendar_year)
    return Pairing(home, away, code, season, day, kickoff, until, neutral)


def _merged(pairings: Sequence[Pairing], chances: Floats, rates: Floats) -> tuple[Floats, Floats]:
    """One row a pairing: that of its one order, or the mean of its two, the second turned round."""
    neutral = np.array([one.neutral for one in pairings])
    first = np.cumsum(1 + neutral) - 1 - neutral
    second = first + neutral
    means = (chances[first] + chances[second, ::-1]) / 2, (rates[first] + rates[second, ::-1]) / 2
    alone = chances[first], rates[first]
    return (
        np.where(neutral[:, None], means[0], alone[0]),
        np.where(neutral[:, None], means[1], alone[1]),
    )


def _known(serving: Serving) -> tuple[str, ...]:
    """The features that the champion learnt from."""
    if unknown := _unknown(serving.predictor.features):
        raise Unavailable(
            f"model version {serving.version} was trained on features that this version does not make",
            where=serving.model_id,
            hint="train and promote a model with this version of Touchline",
            details=unknown[:10],
        )
    return serving.predictor.features


@lru_cache(maxsize=8)
def _unknown(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names) - set(FEATURE_NAMES)))


@lru_cache(maxsize=8)
def _level(names: tuple[str, ...]) -> Uses:
    return level(names)
