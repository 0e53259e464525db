"""What a drift report compares: the newest matches, and what the champion learnt from, with what it says of both.

The reference is made once for each champion, of the features that its card names, and kept: it stays the same until
another model is promoted.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
import numpy as np
import pandas as pd

from touchline import tables
from touchline.domain import drift, drift_chance
from touchline.domain.drift_chance import Inflation
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.vocabulary import OUTCOMES
from touchline.errors import NotFound, PermanentError
from touchline.manifest import Manifest, Ref, bundle_of, current, decode, encode, read_object, sha256
from touchline.ports import ObjectStore, Predictor
from touchline.work import Ports

REFERENCES: Final = "reports/drift/references"
MODEL: Final = "model.onnx"
SAID: Final = tuple(f"forecast_{name}" for name in (*OUTCOMES, "entropy"))
"""Columns of what the champion says: three probabilities, and how unsure it is, in nats."""
_LOG: Final = logging.getLogger(__name__)


class Card(msgspec.Struct, frozen=True):
    """As much of a model's card as is needed here."""

    model_id: str
    trained_from: datetime
    trained_until: datetime
    snapshot: str = ""
    """Manifest of the features that it learnt from."""
    competitions: tuple[str, ...] = ()
    """Those that it learnt from; empty = all."""


class Kept(msgspec.Struct, frozen=True):
    """A champion's reference, as it is kept."""

    model_id: str
    table: Ref
    """At most MAX_REFERENCE matches, evenly spaced, that stand for all."""
    matches: int
    inflation: dict[str, tuple[float, float, float]]
    """By column: that of its mean, of its shape, and of its gaps."""
    windows: int


@dataclass(frozen=True)
class Champion:
    """The model that serves."""

    card: Card
    version: str
    card_ref: Ref
    predictor: Predictor | None
    """None where it cannot be asked."""


@dataclass(frozen=True)
class Samples:
    """What is compared with what, and the objects that they were chosen by."""

    inputs: tuple[Ref, ...]
    reference: pd.DataFrame
    """(m, k) features, and SAID where the champion can be asked."""
    current: pd.DataFrame
    inflation: Inflation
    """Of each column."""
    matches: int
    """Of which the reference is a part."""
    until: pd.Timestamp
    """Newest kick-off of the current sample."""
    champion: Champion | None

    @property
    def against(self) -> str:
        """What the current matches are compared with, in words."""
        return f"the training period of {self.champion.card.model_id}" if self.champion else "the older half"

    @property
    def features(self) -> list[str]:
        """Columns that are features."""
        return [name for name in self.current if name not in SAID]

    @property
    def said(self) -> list[str]:
        """Columns that are what the champion says."""
        return [name for name in self.current if name in SAID]


def samples(ports: Ports, source: Ref, played: pd.DataFrame, newest: int) -> Samples:
    """The newest matches, and what the champion learnt from (the older half of the rest where there is no champion).

    Args:
        ports: all that may be touched.
        source: where the current features are.
        played: the current features of the played matches.
        newest: so many of them are current at most.

    Raises:
        PermanentError: the champion's card or its reference cannot be read.
    """
    champion = champion_of(ports)
    if champion is None:
        before, now = drift.windows(_kickoffs(played), newest)
        whole, current = _columns(played.iloc[before], None), _columns(played.iloc[now], None)
        inputs: tuple[Ref, ...] = (source,)
        reference, inflation = whole.iloc[drift.thinned(len(whole))], _inflation(whole, len(current))
        matches = len(whole)
    else:
        mine = _learnable(played, champion.card)
        _, now = drift.windows(_kickoffs(mine), newest)
        kept = _kept(ports.store, champion, played, newest)
        table = tables.read(ports.store, kept.table)
        found = _columns(mine.iloc[now], champion.predictor)
        names = [name for name in found if name in table]
        current, reference, matches = found[names], table[names], kept.matches
        mean, shape, missing = zip(*(kept.inflation[name] for name in names), strict=True)
        inflation = Inflation(mean, shape, missing, kept.windows)
        inputs = (source, champion.card_ref, kept.table)
    return Samples(inputs, reference, current, inflation, matches, played["kickoff"].max(), champion)


def champion_of(ports: Ports) -> Champion | None:
    """The model that serves, None if none does."""
    try:
        _, serving = current(ports.store, "serving")
    except NotFound:
        return None
    bundle, digests = bundle_of(serving)
    ref = Ref(f"{bundle}/card.json", digests["card.json"])
    card = decode(read_object(ports.store, ref), Card, ref.key)
    version = str(serving.parameters.get("model_version", card.model_id))
    return Champion(card, version, ref, _predictor(ports, bundle, digests))


def _predictor(ports: Ports, bundle: str, digests: dict[str, str]) -> Predictor | None:
    """The model itself; one that cannot be loaded keeps nobody from comparing features."""
    if MODEL not in digests:
        return None
    try:
        return ports.model(bundle, digests)
    except PermanentError as error:
        _LOG.warning("what %s says is not compared: %s", bundle, error)
        return None


def _kept(store: ObjectStore, champion: Champion, played: pd.DataFrame, window: int) -> Kept:
    """The champion's reference; whoever comes first makes it, the same from whatever features are current."""
    key = f"{REFERENCES}/{champion.card.model_id}.json"
    if store.stat(key) is None:
        store.create(key, encode(_made(store, champion, _learnt_from(store, champion.card, played), window)))
    return decode(store.get(key), Kept, key)


def _made(store: ObjectStore, champion: Champion, rows: pd.DataFrame, window: int) -> Kept:
    whole = _columns(rows, champion.predictor)
    inflation = _inflation(whole, window)
    data, schema = tables.to_parquet(whole.iloc[drift.thinned(len(whole))])
    key = f"{REFERENCES}/{champion.card.model_id}-{sha256(data)[:12]}.parquet"
    store.create(key, data)
    told = dict(zip(whole, zip(inflation.mean, inflation.shape, inflation.missing, strict=True), strict=True))
    return Kept(champion.card.model_id, Ref(key, sha256(data), None, schema), len(whole), told, inflation.windows)


def _learnt_from(store: ObjectStore, card: Card, played: pd.DataFrame) -> pd.DataFrame:
    """Rows of the champion's training; of the current features where its own are not kept any more."""
    try:
        ref = Ref(card.snapshot, sha256(store.get(card.snapshot))) if card.snapshot else None
        manifest = decode(read_object(store, ref), Manifest, ref.key) if ref else None
        table = tables.read(store, manifest.outputs["played"]) if manifest else played
    except NotFound:
        table = played
    mine = _learnable(table, card)
    rows, _ = drift.windows(_kickoffs(mine), 0, (_moment(card.trained_from), _moment(card.trained_until)))
    return mine.iloc[rows]


def _learnable(table: pd.DataFrame, card: Card) -> pd.DataFrame:
    return table[table["competition"].isin(card.competitions)] if card.competitions else table


def _columns(table: pd.DataFrame, predictor: Predictor | None) -> pd.DataFrame:
    """Features, and what the champion says of them where it can be asked."""
    features = table[[name for name in FEATURE_NAMES if name in table]].reset_index(drop=True)
    if predictor is None or table.empty or not set(predictor.features) <= set(features):
        return features
    p = np.asarray(predictor.predict(features[list(predictor.features)].to_numpy(np.float64)), np.float64)
    entropy = -np.sum(p * np.log(np.maximum(p, 1e-15)), axis=1)
    return pd.concat([features, pd.DataFrame(np.column_stack([p, entropy]), columns=list(SAID))], axis=1)


def _inflation(whole: pd.DataFrame, window: int) -> Inflation:
    return drift_chance.inflation(whole.to_numpy(np.float64), window)


def _kickoffs(table: pd.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.datetime64]]":
    return np.asarray(table["kickoff"].dt.tz_localize(None).to_numpy())


def _moment(time: datetime) -> np.datetime64:
    return np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "us")
