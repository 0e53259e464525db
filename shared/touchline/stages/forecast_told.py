"""What is told of fixtures that were forecast and sealed, and of the model behind it."""

from typing import Any, Final

import msgspec
import pandas as pd

from touchline.domain import joint_goals
from touchline.domain.competitions import is_simulated
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.forecasts import ForecastSet, MatchForecast, ModelSummary, Score
from touchline.domain.uses import reached
from touchline.domain.vocabulary import Uses
from touchline.learning.card import ModelCard, ModelScore
from touchline.manifest import Manifest, Ref, bundle_of, decode, encode, read_object, sha256
from touchline.ports import Forecast
from touchline.settings import ForecastSettings
from touchline.stages.forecast_shadow import Challenged
from touchline.work import Ports

KEYS: Final = ("match_id", "competition", "season", "kickoff", "kickoff_known", "home_team", "away_team")
"""Columns that say which match a row of features is about."""
Rates = dict[str, tuple[float, float]]
"""Expected goals of home and away by match."""


def told_of(
    ports: Ports,
    due: pd.DataFrame,
    sealed: list[Forecast],
    rates: Rates,
    settings: ForecastSettings,
    served: Manifest,
    reason: str,
    challenged: Challenged,
) -> ForecastSet:
    """What is told of the fixtures that are due and sealed; by the challenger, where it has a competition to itself."""
    said = {forecast.match_id: forecast for forecast in sealed}
    model, other = _summary(ports, served), set[str]()
    uses = dict.fromkeys((False, True), model.uses)
    if challenged.author:
        other = {forecast.match_id for forecast in challenged.sealed}
        said |= {forecast.match_id: forecast for forecast in challenged.sealed}
        rates = rates | challenged.rates
        uses[True] = _card(ports, served, challenger=True).uses
    matches = tuple(
        msgspec.structs.replace(
            _match(row, said[row.match_id], rates.get(row.match_id), reached(uses[row.match_id in other], row.priced)),
            author=challenged.author if row.match_id in other else None,
        )
        for row in due[[*KEYS, "priced"]].itertuples()
        if row.match_id in said
    )
    simulated = ports.clock.mode == "simulated"
    return ForecastSet(
        mode=ports.clock.mode,
        as_of=ports.clock.now().isoformat() if simulated else "",
        simulated=model.simulated or any(is_simulated(match.competition) for match in matches),
        horizon_days=settings.horizon_days,
        features_hash=sha256(encode(list(FEATURE_NAMES))),
        reason=reason if matches or reason else "every fixture of the horizon has kicked off",
        model=model,
        matches=matches,
    )


def _match(row: Any, forecast: Forecast, rates: tuple[float, float] | None, uses: Uses) -> MatchForecast:
    return MatchForecast(
        match_id=row.match_id,
        competition=row.competition,
        season=row.season,
        kickoff=row.kickoff.to_pydatetime(),
        kickoff_known=bool(row.kickoff_known),
        home_team=row.home_team,
        away_team=row.away_team,
        home=forecast.home,
        draw=forecast.draw,
        away=forecast.away,
        uses=uses,
        rates=rates,
        rho=joint_goals.RHO,
    )


_FORECASTERS: Final = {
    "ours": "This model",
    "closing": "Bookmaker, at kick-off",
    "bookmaker": "Bookmaker, before the match",
    "elo": "Elo rating alone",
    "prior": "League averages",
}


def _summary(ports: Ports, served: Manifest) -> ModelSummary:
    card = _card(ports, served)
    return ModelSummary(
        model_id=str(served.parameters["model_id"]),
        version=str(served.parameters["model_version"]),
        promotion=int(served.parameters["promotion"]),
        simulated=card.simulated,
        uses=card.uses,
        trained_until=card.trained_until.date().isoformat(),
        matches=card.matches,
        scores=tuple(_score(title, card.scores[name]) for name, title in _FORECASTERS.items() if name in card.scores),
    )


def _card(ports: Ports, served: Manifest, *, challenger: bool = False) -> ModelCard:
    folder, digests = bundle_of(served, challenger=challenger)
    key = f"{folder}/card.json"
    return decode(read_object(ports.store, Ref(key, digests["card.json"])), ModelCard, key)


def _score(title: str, score: ModelScore) -> Score:
    loss = score.log_loss
    return Score(title, score.n, loss.value, loss.low, loss.high, score.rps.value)
