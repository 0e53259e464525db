"""Seal what a challenger says of the same fixtures, so that both models are settled on identical matches.

Whatever the mode of the route, all fixtures that it covers are sealed; who was answered by which model
makes no difference to the record.
"""

import logging
from typing import Final

import pandas as pd

from touchline.domain.routing import route_of
from touchline.errors import PermanentError
from touchline.manifest import Manifest, Publication, bundle_of
from touchline.ports import Forecast
from touchline.stages.forecast_seal import Author, asked_of, seal
from touchline.work import Ports

_LOG: Final = logging.getLogger(__name__)


def seal_challenger(ports: Ports, due: pd.DataFrame, served: Manifest, features: Publication) -> list[Forecast]:
    """Seal the challenger's forecasts, if a route stands; those that stand in the ledger.

    A challenger that cannot forecast keeps nobody from the champion's forecasts: it is logged, and nothing is sealed.

    Args:
        ports: all that may be touched.
        due: the fixtures that are forecast now.
        served: manifest of what serves.
        features: publication of the features.
    """
    route = route_of(served.parameters)
    if route is None or due.empty:
        return []
    covered = due[due["competition"].map(route.covers).to_numpy(bool)]
    if covered.empty:
        return []
    version, promotion = str(served.parameters["challenger"]["model_version"]), int(served.parameters["promotion"])
    try:
        author = Author(ports.model(*bundle_of(served, challenger=True)), version, promotion, "challenger")
        return seal(ports, covered, author, features.seq, asked_of(author, covered, features.manifest))
    except PermanentError as error:
        _LOG.warning("the challenger %s sealed nothing: %s", version, error)
        return []
