"""Seal what other models say of the same fixtures, so that all are settled on identical matches.

Those are the challenger of a route, and whoever is in the shadow: candidates that are tried, and the champion before.
Whatever the mode of the route, all fixtures that it covers are sealed; who was answered by which model makes no
difference to the record.
"""

import logging
from dataclasses import dataclass, field, replace
from typing import Final

import pandas as pd

from touchline.domain.forecasts import MadeBy
from touchline.domain.routing import route_of
from touchline.errors import PermanentError
from touchline.manifest import Manifest, Publication, bundle_of, decode, read_object
from touchline.ports import Forecast
from touchline.stages.forecast_seal import Author, asked_of, rates_of, seal
from touchline.stages.promote_shadows import Shadow, shadows_of
from touchline.work import Ports

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Challenged:
    """What a challenger said."""

    sealed: list[Forecast]
    """Those that stand in the ledger."""
    rates: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Expected goals by match, where its forecasts are published."""
    author: MadeBy | None = None
    """Who it is, where its forecasts are published in place of the champion's."""


def seal_challenger(ports: Ports, due: pd.DataFrame, served: Manifest, features: Publication) -> Challenged:
    """Seal what the challenger says, if a route stands, and those in the shadow.

    A challenger that cannot forecast keeps nobody from the champion's forecasts: it is logged, and nothing is sealed.

    Args:
        ports: all that may be touched.
        due: the fixtures that are forecast now.
        served: manifest of what serves.
        features: publication of the features.
    """
    if due.empty:
        return Challenged([])
    found = _routed(ports, due, served, features)
    beside = [
        forecast
        for shadow in shadows_of(served.parameters)
        for forecast in _shadow(ports, due, served, features, shadow)
    ]
    return replace(found, sealed=[*found.sealed, *beside])


def _shadow(ports: Ports, due: pd.DataFrame, served: Manifest, features: Publication, shadow: Shadow) -> list[Forecast]:
    promotion = int(served.parameters["promotion"])
    try:
        bundle = decode(read_object(ports.store, shadow.manifest), Manifest, shadow.manifest.key)
        author = Author(ports.model(*bundle_of(bundle)), shadow.model_id, promotion, "challenger")
        return seal(ports, due, author, features.seq, asked_of(author, due, features.manifest))
    except PermanentError as error:
        _LOG.warning("%s in the shadow sealed nothing: %s", shadow.model_id, error)
        return []


def _routed(ports: Ports, due: pd.DataFrame, served: Manifest, features: Publication) -> Challenged:
    route = route_of(served.parameters)
    if route is None:
        return Challenged([])
    covered = due[due["competition"].map(route.covers).to_numpy(bool)].reset_index(drop=True)
    if covered.empty:
        return Challenged([])
    told, promotion = served.parameters["challenger"], int(served.parameters["promotion"])
    version = str(told["model_version"])
    try:
        author = Author(ports.model(*bundle_of(served, challenger=True)), version, promotion, "challenger")
        values = asked_of(author, covered, features.manifest)
        sealed = seal(ports, covered, author, features.seq, values)
    except PermanentError as error:
        _LOG.warning("the challenger %s sealed nothing: %s", version, error)
        return Challenged([])
    if route.mode != "competitions":
        return Challenged(sealed)
    return Challenged(sealed, rates_of(author, covered, values), MadeBy(str(told["model_id"]), version))
