"""What the online service knows, read from objects alone.

A `Board` is one whole, checked state: what serves, its model, the newest forecasts. What only some questions need
(features, the state of the teams, what stands around the matches) is read when it is first asked for; its bytes were
promised by hash when the board was read, so it cannot be of another state. A model answers only if a promotion
published it, and only with the bytes it promised.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from touchline.domain.context import Contexts, EloLines, Records
from touchline.domain.feature_rows import FeatureRows
from touchline.domain.forecasts import ForecastSet, MadeBy, MatchForecast, ModelSummary, valid_probabilities
from touchline.domain.player_shares import PlayerShares
from touchline.domain.routing import Route, route_of
from touchline.errors import CorruptObject, DataError, NotFound, Unavailable
from touchline.manifest import (
    Manifest,
    Publication,
    Ref,
    bundle_of,
    decode,
    encode,
    publication_key,
    read_object,
    read_publication,
    sha256,
)
from touchline.ports import ObjectStore, Predictor
from touchline.stages.predict_heads import Lookout
from touchline.work import Ports

if TYPE_CHECKING:
    from touchline.domain.joint_goals import Goals
    from touchline.domain.state import TeamState

VERSION: Final = "2"
_T = TypeVar("_T")


@dataclass(frozen=True)
class Serving:
    """A model that a promotion published, its bundle loaded and checked: the champion, or its challenger."""

    publication: str
    digest: str
    """Hash of the publication."""
    promotion: int
    model_id: str
    version: str
    predictor: Predictor
    route: Route | None = None
    """How clients are divided between this model and the challenger."""
    challenger: "Serving | None" = None


@dataclass(frozen=True)
class Published:
    """The newest forecasts, and what stands behind and around them."""

    publication: str
    digest: str
    """Hash of the publication."""
    seq: int
    promotion: int
    written: datetime
    """When the publication appeared in the store."""
    forecasts: ForecastSet
    by_id: dict[str, MatchForecast]
    outputs: dict[str, Ref]
    """What was published beside the forecasts."""
    store: ObjectStore
    _read: dict[str, object]
    _lock: Lock

    @property
    def model(self) -> ModelSummary:
        """The model that made the forecasts."""
        return self.forecasts.model

    def author(self, match: "MatchForecast") -> "MadeBy":
        """Who made the forecast of a match."""
        return match.author or MadeBy(self.model.model_id, self.model.version)

    @cached_property
    def goals(self) -> "dict[str, Goals]":
        """What is said of goals, by match; empty if the model expects none."""
        from touchline.domain.joint_goals import goals_of

        return goals_of(self.forecasts.matches)

    @property
    def state(self) -> "TeamState":
        """State of the teams after the newest result.

        Raises:
            CorruptObject, DataError: it is not what was published.
        """
        from touchline.domain.state import TeamState

        return self._of("state", TeamState.from_bytes)

    @cached_property
    def teams(self) -> dict[str, tuple[str, ...]]:
        """Names of the teams by country, sorted, of all countries under "".

        Raises:
            CorruptObject, DataError: the state is not what was published.
        """
        found: dict[str, set[str]] = {}
        for country, _, team in self.state.teams():
            found.setdefault(country, set()).add(team)
            found.setdefault("", set()).add(team)
        return {country: tuple(sorted(teams)) for country, teams in found.items()}

    @cached_property
    def competitions(self) -> tuple[str, ...]:
        """Codes of the competitions in which teams were last seen, sorted.

        Raises:
            CorruptObject, DataError: the state is not what was published.
        """
        return tuple(sorted({league for _, league, _ in self.state.teams()}))

    def features(self) -> FeatureRows | None:
        """Features of the matches that were forecast; None of a publication that is older than they are.

        Raises:
            CorruptObject, DataError: they are not what was published.
        """
        return self._of("features", FeatureRows.from_bytes) if "features" in self.outputs else None

    def context(self) -> Contexts:
        """Form, meetings and prices; empty of a publication that is older than they are.

        Raises:
            CorruptObject, DataError: it is not what was published.
        """
        return self._packed("context", Contexts, Contexts((), {}))

    def elo(self) -> EloLines:
        """Elo lines; empty of a publication that is older than they are.

        Raises:
            CorruptObject, DataError: they are not what was published.
        """
        return self._packed("elo", EloLines, EloLines(()))

    def records(self) -> Records:
        """What was sealed and quoted; empty of a publication that is older than it is.

        Raises:
            CorruptObject, DataError: it is not what was published.
        """
        return self._packed("records", Records, Records())

    def players(self) -> PlayerShares:
        """Shares of players; nobody where no line-ups are known.

        Raises:
            CorruptObject, DataError: they are not what was published.
        """
        return self._packed("players", PlayerShares, PlayerShares())

    def _packed(self, name: str, kind: type[_T], otherwise: _T) -> _T:
        def read(data: bytes) -> _T:
            return msgspec.msgpack.decode(data, type=kind)

        return self._of(name, read) if name in self.outputs else otherwise

    def _of(self, name: str, read: Callable[[bytes], _T]) -> _T:
        """An output, read once; what was read is had without waiting for what others read."""
        if name in self._read:
            return self._read[name]  # type: ignore[return-value]  # each name has one reader
        with self._lock:
            if name not in self._read:
                ref = self.outputs[name]
                try:
                    self._read[name] = read(read_object(self.store, ref))
                except ValueError as error:
                    raise DataError(f"no {name}: {error}", where=ref.key, hint="run forecast again") from error
        return self._read[name]  # type: ignore[return-value]  # as above


@dataclass(frozen=True)
class Board:
    """One whole state of the service; `published` is None until forecasts were made."""

    serving: Serving
    published: Published | None
    lookout: Lookout = field(compare=False, repr=False)

    @property
    def heads(self) -> tuple[str, str]:
        """Publications that it was read from, empty where there is none."""
        return self.serving.publication, self.published.publication if self.published else ""

    @cached_property
    def digest(self) -> str:
        """Hash of all that an answer rests on."""
        published = (self.published.digest, self.published.written) if self.published else None
        return sha256(encode([VERSION, self.serving.digest, published]))

    @property
    def outdated(self) -> bool:
        """Whether the forecasts come from another champion than the one that serves; a route changes nothing there."""
        return self.published is not None and self.published.model.model_id != self.serving.model_id


def read_board(ports: Ports, last: Board | None = None) -> Board:
    """The newest state, or `last` itself if it is that; what has not changed is not read again.

    Raises:
        NotFound: no model serves yet.
        CorruptObject, DataError: an object is not what was promised.
    """
    lookout = last.lookout if last else Lookout()
    serving_key, predictions_key = lookout.newest(ports.store)
    if not serving_key:
        raise NotFound(
            "nothing published by serving yet", where="serving/published/", hint="train and promote a model first"
        )
    if last and last.heads == (serving_key, predictions_key):
        return last
    same = last is not None and last.serving.publication == serving_key
    serving = last.serving if last and same else _read_serving(ports, serving_key)
    published = last.published if last else None
    if predictions_key and (published is None or published.publication != predictions_key):
        published = _read_published(ports.store, predictions_key, serving)
    return Board(serving, published, lookout)


def _read_serving(ports: Ports, key: str) -> Serving:
    publication, manifest = read_publication(ports.store, key)
    champion = Serving(
        publication=key,
        digest=sha256(encode(publication)),
        promotion=publication.seq,
        model_id=str(manifest.parameters["model_id"]),
        version=str(manifest.parameters["model_version"]),
        predictor=ports.model(*bundle_of(manifest)),
    )
    route = route_of(manifest.parameters)
    if route is None:
        return champion
    told = manifest.parameters["challenger"]
    challenger = replace(
        champion,
        model_id=str(told["model_id"]),
        version=str(told["model_version"]),
        predictor=ports.model(*bundle_of(manifest, challenger=True)),
    )
    return replace(champion, route=route, challenger=challenger)


def _read_published(store: ObjectStore, key: str, serving: Serving) -> Published:
    publication, manifest = read_publication(store, key)
    ref = manifest.outputs["forecasts"]
    forecasts = decode(read_object(store, ref), ForecastSet, ref.key)
    promotion = publication.promotion or 0
    if (forecasts.model.model_id, promotion) != (serving.model_id, serving.promotion):
        _require_promoted(store, forecasts.model, promotion, key)
    if not valid_probabilities((match.home, match.draw, match.away) for match in forecasts.matches):
        raise CorruptObject("probabilities that do not sum to 1", where=ref.key, hint="run forecast again")
    info = store.stat(key)
    assert info is not None, "a publication is never taken away"
    published = Published(
        publication=key,
        digest=sha256(encode(publication)),
        seq=publication.seq,
        promotion=promotion,
        written=info.modified,
        forecasts=forecasts,
        by_id={match.match_id: match for match in forecasts.matches},
        outputs=_outputs(publication, manifest),
        store=store,
        _read={},
        _lock=Lock(),
    )
    published.features(), published.records()  # each answer needs them: what is broken is found out now
    return published


def _outputs(publication: Publication, manifest: Manifest) -> dict[str, Ref]:
    return {**manifest.outputs, **publication.sidecars}


def _require_promoted(store: ObjectStore, model: ModelSummary, promotion: int, key: str) -> None:
    _, serving = read_publication(store, publication_key("serving", promotion))
    if serving.parameters["model_id"] != model.model_id:
        raise CorruptObject(
            f"forecasts of {model.model_id}, but promotion {promotion} made {serving.parameters['model_id']} champion",
            where=key,
            hint="run forecast again",
        )


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
