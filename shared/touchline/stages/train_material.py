"""What train learns from and is measured against: the tables of a features manifest, and the model that serves."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from touchline import tables
from touchline.domain import splits
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.market import lessons
from touchline.domain.splits import Moments
from touchline.domain.uses import columns
from touchline.domain.vocabulary import OUTCOMES, Uses, side_columns
from touchline.errors import DataError, NotFound
from touchline.learning.examples import Examples, as_matrix, taught
from touchline.manifest import Manifest, Ref, bundle_of, current, decode, read_object
from touchline.ports import ObjectStore, Predictor
from touchline.work import Ports

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
_LOG = logging.getLogger("touchline.train")
MARKETS = ("bookmaker", "closing")
_LARGEST_TEST = 4
"""The held-out part is at most one in so many parts of the whole time, so that short histories can be learnt from."""


@dataclass(frozen=True)
class Material:
    """Matches to learn from, later ones to be tested on, and what the market said of those."""

    train: Examples
    """With the features that may be used."""
    test: Examples
    """With all features: a champion may use others."""
    markets: dict[str, Floats]
    """(n of test, 3) probabilities by name, NaN where there was no price."""


class ChampionCard(msgspec.Struct, frozen=True):
    """As much of the champion's card as a comparison needs."""

    trained_until: datetime


def read(store: ObjectStore, features: Manifest, test_days: int, uses: Uses) -> Material:
    """Tables of the features, the newest days held out; only what may be used is learnt from.

    Raises:
        NotFound, CorruptObject: a table is missing or broken.
    """
    played = tables.read(store, features.outputs["played"])
    prices = tables.read(store, features.outputs["benchmarks"]).set_index("match_id").loc[played["match_id"]]
    markets = {name: prices[[f"{name}_{one}" for one in OUTCOMES]].to_numpy(np.float64) for name in MARKETS}
    names = columns(uses)
    examples = Examples(
        as_matrix(played[list(FEATURE_NAMES)].to_numpy(np.float64)),
        FEATURE_NAMES,
        played["outcome"].to_numpy(np.int8),
        moments(played["kickoff"]),
        played["competition"].to_numpy(object),
        played[list(side_columns("goals"))].to_numpy(np.float64),
        taught(lessons(markets["closing"], markets["bookmaker"]), names),
    )
    split = splits.newest(examples.kickoff, _window(examples.kickoff, test_days))
    told = {name: p[split.test] for name, p in markets.items()}
    return Material(examples.take(split.train).only(names), examples.take(split.test), told)


def moments(kickoff: "pd.Series[pd.Timestamp]") -> Moments:
    """Kick-offs as plain datetime64 in UTC."""
    return np.asarray(kickoff.dt.tz_convert("UTC").dt.tz_localize(None), dtype="datetime64[us]")


def champion(ports: Ports, test: Examples) -> tuple[str, Floats]:
    """Who serves, and what he says of the test matches newer than his training, (n, 3), NaN elsewhere.

    Returns:
        An empty id and NaN when nobody serves; NaN too where his bundle is of another format, or he asks for features
        that are no longer made: the model that is trained now is what replaces him.
    """
    silent = np.full((len(test), len(OUTCOMES)), np.nan)
    try:
        _, serving = current(ports.store, "serving")
    except NotFound:
        return "", silent
    try:
        model = ports.model(*bundle_of(serving))
    except DataError as error:
        _LOG.warning("the champion cannot be compared with: %s", error)
        return str(serving.parameters["model_id"]), silent
    if not set(model.features) <= set(test.names):
        return model.model_id, silent
    newer = test.kickoff > _trained_until(ports.store, serving)
    return model.model_id, np.where(newer[:, np.newaxis], _ask(model, test), np.nan)


def _ask(model: Predictor, test: Examples) -> Floats:
    columns = [test.names.index(name) for name in model.features]
    return np.asarray(model.predict(test.x[:, columns]))


def _trained_until(store: ObjectStore, serving: Manifest) -> np.datetime64:
    bundle, digests = bundle_of(serving)
    ref = Ref(f"{bundle}/card.json", digests["card.json"])
    until = decode(read_object(store, ref), ChampionCard, ref.key).trained_until
    return np.datetime64(until.replace(tzinfo=None), "us")


def _window(kickoff: Moments, test_days: int) -> int:
    days = int((kickoff.max() - kickoff.min()) / np.timedelta64(1, "D"))
    return min(test_days, days // _LARGEST_TEST)
