"""The servable form of a fitted model: five files, from which forecasts come without any of the learners' code."""

from typing import Final

import msgspec
import numpy as np
import onnx
import onnxruntime

from touchline.domain import calibration, pooling
from touchline.domain.pooling import FORMAT, Pool
from touchline.errors import DataError
from touchline.learning.card import ModelCard
from touchline.learning.examples import Floats, Matrix
from touchline.learning.families import probabilities
from touchline.learning.fitting import Fitted
from touchline.learning.graph import INPUT, OUTPUT, firsts, graph
from touchline.manifest import encode, sha256

MODEL: Final = "model.onnx"
POOL: Final = "pool.json"
CALIBRATION: Final = "calibration.json"
FEATURES: Final = "features.json"
CARD: Final = "card.json"
PARITY: Final = 1e-4
"""Largest difference of a probability, or of expected goals, that the servable model may show."""


class FeatureList(msgspec.Struct, frozen=True):
    """What the model wants to be told, in this order."""

    names: tuple[str, ...]
    dtype: str
    sha256: str


def features_sha256(names: tuple[str, ...]) -> str:
    """Identity of feature columns and their order."""
    return sha256(encode(names))


def bundle_files(fitted: Fitted, card: ModelCard) -> dict[str, bytes]:
    """Content of the bundle's files by name; the card tells the measured parity.

    Raises:
        DataError: the converted model says something else than the fitted one.
    """
    model = convert(fitted)
    for name, measured in parities(fitted, model).items():
        if not measured <= PARITY:
            raise DataError(
                f"the ONNX form of {name} differs by {measured:.1e}, allowed is {PARITY:.0e}",
                where=MODEL,
                hint="report it with the model's parameters; until then train without that family",
            )
    features = FeatureList(fitted.names, "float32", features_sha256(fitted.names))
    return {
        MODEL: model,
        POOL: encode(pool(fitted)),
        CALIBRATION: calibration.encode(fitted.calibration),
        FEATURES: encode(features),
        CARD: encode(msgspec.structs.replace(card, parity=parity(fitted, model))),
    }


def pool(fitted: Fitted) -> Pool:
    """What serving must know of the members, in the order of their scores."""
    places = firsts([one.estimator for one in fitted.members])
    members = [
        pooling.Member(family=one.family, weight=one.weight, first=first, rho=getattr(one.estimator, "rho", None))
        for one, first in zip(fitted.members, places, strict=True)
    ]
    return Pool(FORMAT, tuple(members))


def convert(fitted: Fitted) -> bytes:
    """ONNX model with input `features` (n, k) in 32 bits and output `scores` (n, m), those of all members."""
    model = graph([one.estimator for one in fitted.members], len(fitted.names))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def parity(fitted: Fitted, model: bytes) -> float:
    """Largest difference between the fitted and the converted model, of the whole or a member, over `probes`."""
    return max(parities(fitted, model).values())


def parities(fitted: Fitted, model: bytes) -> dict[str, float]:
    """Largest differences over `probes`: of each member's probabilities, the calibrated pool's, and expected goals."""
    x = probes(fitted.sample)
    scores, told = _scores(model, x), pool(fitted)
    found = {
        one.family: _gap(shown.forecast(scores), probabilities(one.estimator, x))
        for one, shown in zip(fitted.members, told.members, strict=True)
    }
    found["the whole"] = _gap(fitted.calibration.apply(told.forecast(scores)), fitted.predict(x))
    if any(shown.rho is not None for shown in told.members):
        found["expected goals"] = _gap(told.rates(scores), fitted.rates(x))
    return found


def probes(sample: Matrix) -> Matrix:
    """Rows to compare models on: real ones, ones mixed of real columns, far-off ones, and ones with values missing."""
    rng = np.random.default_rng(0)
    mixed = rng.permuted(sample, axis=0)
    sparse = np.where(rng.random(sample.shape) < 0.3, np.float32(np.nan), mixed)
    spread = np.nan_to_num(np.ptp(np.nan_to_num(sample), axis=0), nan=1.0)
    far = np.nan_to_num(mixed) + spread * rng.choice(np.array([-10, 10], dtype=np.float32), size=sample.shape)
    empty = np.full((1, sample.shape[1]), np.nan, dtype=np.float32)
    farthest = np.full_like(empty, np.finfo(np.float32).max)
    return np.concatenate([sample, mixed, sparse, far, np.zeros_like(empty), farthest, -farthest, empty]).astype(
        np.float32
    )


def _scores(model: bytes, x: Matrix) -> Floats:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run([OUTPUT], {INPUT: x})[0], dtype=np.float64)


def _gap(one: Floats, other: Floats) -> float:
    return float(np.max(np.abs(one - other)))
