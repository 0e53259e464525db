"""What the online service knows, read from objects alone, and how it answers from that.

A `Board` is one whole, checked state: what serves, its model, the newest forecasts, the team state behind them. It is
read completely or not at all. A model answers only if a promotion published it, and only with the bytes it promised.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property

import msgspec
import numpy as np

from touchline.domain.competitions import competition as competition_of
from touchline.domain.features import FEATURE_NAMES, features_for
from touchline.domain.forecasts import (
    ForecastSet,
    MatchForecast,
    ModelSummary,
    resolve,
    suggestions,
    valid_probabilities,
)
from touchline.domain.joint_goals import Goals, goals_of
from touchline.domain.seasons import season_of
from touchline.domain.state import TeamState
from touchline.domain.uses import level, reached
from touchline.domain.vocabulary import UNKNOWN_KICKOFF_HOUR, Uses
from touchline.errors import CorruptObject, DataError, NotFound, Unavailable, UnknownName
from touchline.manifest import (
    bundle_of,
    current,
    decode,
    encode,
    publication_key,
    read_object,
    read_publication,
    sha256,
)
from touchline.ports import ObjectStore, Predictor
from touchline.work import Ports

STAGE = "predict"
VERSION = "1"


@dataclass(frozen=True)
class Serving:
    """The champion, its bundle loaded and checked."""

    publication: str
    digest: str
    """Hash of the publication."""
    promotion: int
    model_id: str
    version: str
    predictor: Predictor


@dataclass(frozen=True)
class Published:
    """The newest forecasts, and the state of the teams behind them."""

    publication: str
    digest: str
    """Hash of the publication."""
    seq: int
    promotion: int
    written: datetime
    """When the publication appeared in the store."""
    forecasts: ForecastSet
    by_id: dict[str, MatchForecast]
    goals: dict[str, Goals]
    """What is said of goals, by match; empty if the model expects none."""
    state: TeamState

    @property
    def model(self) -> ModelSummary:
        """The model that made the forecasts."""
        return self.forecasts.model


@dataclass(frozen=True)
class Board:
    """One whole state of the service; `published` is None until forecasts were made."""

    serving: Serving
    published: Published | None

    @cached_property
    def digest(self) -> str:
        """Hash of all that an answer rests on."""
        published = (self.published.digest, self.published.written) if self.published else None
        return sha256(encode([VERSION, self.serving.digest, published]))

    @property
    def outdated(self) -> bool:
        """Whether the forecasts come from an earlier champion than the one that serves."""
        return self.published is not None and self.published.promotion != self.serving.promotion


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


def heads(store: ObjectStore) -> tuple[str, str]:
    """Newest publications of serving and predictions, empty where there is none: when they change, there is news."""
    serving, predictions = (
        max((info.key for info in store.list(f"{stage}/published/")), default="")
        for stage in ("serving", "predictions")
    )
    return serving, predictions


def read_board(ports: Ports, last: Board | None = None) -> Board:
    """The newest state; what has not changed since `last` is not read again.

    Raises:
        NotFound: no model serves yet.
        CorruptObject, DataError: an object is not what was promised.
    """
    serving_key, predictions_key = heads(ports.store)
    same = last is not None and last.serving.publication == serving_key
    serving = last.serving if last and same else _read_serving(ports)
    published = last.published if last else None
    if predictions_key and (published is None or published.publication != predictions_key):
        published = _read_published(ports.store, predictions_key)
    return Board(serving, published)


def _read_serving(ports: Ports) -> Serving:
    publication, manifest = current(ports.store, "serving")
    bundle, digests = bundle_of(manifest)
    return Serving(
        publication=publication_key("serving", publication.seq),
        digest=sha256(encode(publication)),
        promotion=publication.seq,
        model_id=str(manifest.parameters["model_id"]),
        version=str(manifest.parameters["model_version"]),
        predictor=ports.model(bundle, digests),
    )


def _read_published(store: ObjectStore, key: str) -> Published:
    publication, manifest = read_publication(store, key)
    ref = manifest.outputs["forecasts"]
    forecasts = decode(read_object(store, ref), ForecastSet, ref.key)
    promotion = publication.promotion or 0
    _require_promoted(store, forecasts.model, promotion, key)
    if not valid_probabilities((match.home, match.draw, match.away) for match in forecasts.matches):
        raise CorruptObject("probabilities that do not sum to 1", where=ref.key, hint="run forecast again")
    info = store.stat(key)
    assert info is not None, "a publication is never taken away"
    return Published(
        publication=key,
        digest=sha256(encode(publication)),
        seq=publication.seq,
        promotion=promotion,
        written=info.modified,
        forecasts=forecasts,
        by_id={match.match_id: match for match in forecasts.matches},
        goals=goals_of(forecasts.matches),
        state=TeamState.from_bytes(read_object(store, manifest.outputs["state"])),
    )


def _require_promoted(store: ObjectStore, model: ModelSummary, promotion: int, key: str) -> None:
    _, serving = read_publication(store, publication_key("serving", promotion))
    if serving.parameters["model_id"] != model.model_id:
        raise CorruptObject(
            f"forecasts of {model.model_id}, but promotion {promotion} made {serving.parameters['model_id']} champion",
            where=key,
            hint="run forecast again",
        )


def find_match(board: Board, match_id: str) -> MatchForecast:
    """Forecast of a match.

    Raises:
        NotFound: none is published for it.
    """
    published = require_published(board)
    if match_id in published.by_id:
        return published.by_id[match_id]
    raise NotFound(
        f"no forecast of match {match_id!r}",
        where="match_id",
        hint="only matches that are not played yet are forecast; GET /predict/predictions lists them",
        details=suggestions(match_id, published.by_id),
    )


def known_teams(board: Board, country: str = "") -> tuple[str, ...]:
    """Names of the teams that a country's matches have shown, of all countries by default."""
    published = require_published(board)
    return tuple(sorted({team for where, _, team in published.state.teams() if country in ("", where)}))


def require_team(name: str, known: Iterable[str], field: str) -> str:
    """A team under the name that it is stored with.

    Raises:
        UnknownName: nobody declared such a team; names that look like it are in `details`.
    """
    names = tuple(known)
    found = resolve(name, names)
    if found is None:
        raise UnknownName(
            f"no team {name!r} in these data",
            where=field,
            details=suggestions(name, names),
            hint="names are never guessed",
        )
    return found


def known_competitions(board: Board) -> tuple[str, ...]:
    """Codes of the competitions that the data hold."""
    return tuple(sorted({league for _, league, _ in require_published(board).state.teams()}))


def require_competition(code: str, known: Iterable[str]) -> str:
    """A competition's code as it is stored.

    Raises:
        UnknownName: the data hold no such competition; those that they hold are in `details`.
    """
    codes = tuple(known)
    found = resolve(code, codes)
    if found is None:
        raise UnknownName(f"no competition {code!r} in these data", where="competition", details=codes)
    return found


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


def require_published(board: Board) -> Published:
    """The forecasts of a board.

    Raises:
        Unavailable: there are none yet.
    """
    if board.published is None:
        raise Unavailable(
            "no forecasts are published yet",
            where="predictions/published/",
            hint="forecast runs when features and a champion are there",
        )
    return board.published
