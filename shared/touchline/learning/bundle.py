"""The servable form of a fitted model: four files, from which probabilities come without any of the learners' code."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import numpy as np
import onnx
import onnxruntime
from onnxmltools.convert import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as XgboostFloats
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType

from touchline.domain import calibration
from touchline.errors import DataError
from touchline.learning import histogram_onnx
from touchline.learning.card import ModelCard
from touchline.learning.examples import Floats, Matrix
from touchline.learning.fitting import Fitted
from touchline.learning.histogram_onnx import INPUT, OPSETS, OUTPUT
from touchline.manifest import encode, sha256

MODEL: Final = "model.onnx"
CALIBRATION: Final = "calibration.json"
FEATURES: Final = "features.json"
CARD: Final = "card.json"
PARITY: Final = 1e-4
"""Largest difference of a probability that the servable model may show."""


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
    measured = parity(fitted, model)
    if not measured <= PARITY:
        raise DataError(
            f"the ONNX form of the {fitted.family} model differs by {measured:.1e}, allowed is {PARITY:.0e}",
            where=MODEL,
            hint="report it with the model's parameters; until then train without that family",
        )
    features = FeatureList(fitted.names, "float32", features_sha256(fitted.names))
    return {
        MODEL: model,
        CALIBRATION: calibration.encode(fitted.calibration),
        FEATURES: encode(features),
        CARD: encode(msgspec.structs.replace(card, parity=measured)),
    }


def convert(fitted: Fitted) -> bytes:
    """ONNX model with input `features` (n, k) in 32 bits and output `probabilities` (n, 3), not yet calibrated."""
    model = _CONVERTERS[fitted.family](fitted.estimator, len(fitted.names))
    model.producer_name = model.producer_version = model.doc_string = model.domain = ""
    model.graph.name, model.graph.doc_string = "touchline", ""
    del model.metadata_props[:]
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def parity(fitted: Fitted, model: bytes) -> float:
    """Largest difference of a calibrated probability between the fitted and the converted model, over `probes`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    x = probes(fitted.sample)
    p = np.asarray(session.run([OUTPUT], {INPUT: x})[0], dtype=np.float64)
    said: Floats = fitted.calibration.apply(p / p.sum(axis=1, keepdims=True))
    return float(np.max(np.abs(said - fitted.predict(x))))


def probes(sample: Matrix) -> Matrix:
    """Rows to compare models on: real ones, ones mixed of real columns, far-off ones, and ones with values missing."""
    rng = np.random.default_rng(0)
    mixed = rng.permuted(sample, axis=0)
    sparse = np.where(rng.random(sample.shape) < 0.3, np.float32(np.nan), mixed)
    spread = np.nan_to_num(np.ptp(np.nan_to_num(sample), axis=0), nan=1.0)
    far = np.nan_to_num(mixed) + spread * rng.choice(np.array([-10, 10], dtype=np.float32), size=sample.shape)
    empty = np.full((1, sample.shape[1]), np.nan, dtype=np.float32)
    return np.concatenate([sample, mixed, sparse, far, np.zeros_like(empty), empty]).astype(np.float32)


def _pipeline(estimator: Any, columns: int) -> Any:
    kind = [(INPUT, FloatTensorType([None, columns]))]
    options = {id(estimator.steps[-1][1]): {"zipmap": False}}
    return to_onnx(estimator, initial_types=kind, options=options, target_opset=OPSETS, name="touchline")


def _boosted(estimator: Any, columns: int) -> Any:
    kind = [(INPUT, XgboostFloats([None, columns]))]
    return convert_xgboost(estimator, initial_types=kind, target_opset=OPSETS[""], name="touchline")


_CONVERTERS: Mapping[str, Callable[[Any, int], Any]] = {
    "logistic": _pipeline,
    "xgboost": _boosted,
    "histogram": histogram_onnx.convert,
}
