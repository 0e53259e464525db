"""A servable bundle, run by ONNX Runtime and numpy alone."""

from collections.abc import Mapping

import msgspec
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from touchline.domain import calibration
from touchline.domain.calibration import Calibration
from touchline.errors import CorruptObject, DataError
from touchline.manifest import Ref, decode, read_object
from touchline.ports import ObjectStore, Predictor


class _Features(msgspec.Struct, frozen=True):
    """As much of features.json as serving needs."""

    names: tuple[str, ...]


class _Card(msgspec.Struct, frozen=True):
    """As much of card.json as serving needs."""

    model_id: str


class OnnxModel:
    """Features in, calibrated probabilities out; safe to call from several threads."""

    def __init__(
        self, session: onnxruntime.InferenceSession, mend: Calibration, model_id: str, features: tuple[str, ...]
    ) -> None:
        self._session, self._calibration = session, mend
        self.model_id, self.features = model_id, features

    def predict(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, len(features)) features, NaN where missing -> (n, 3) probabilities in the order of OUTCOMES.

        Raises:
            DataError: the number of columns is not the model's.
        """
        given = np.asarray(features)
        if given.ndim != 2 or given.shape[1] != len(self.features):
            raise DataError(f"{len(self.features)} features a row are needed, got an array of shape {given.shape}")
        with np.errstate(over="ignore"):
            x = given.astype(np.float32)
        x[np.isinf(x)] = np.nan
        p = self._session.run(["probabilities"], {"features": x})[0].astype(np.float64)
        return self._calibration.apply(p / p.sum(axis=1, keepdims=True))


def load(store: ObjectStore, bundle: str, digests: Mapping[str, str]) -> Predictor:
    """Model from the files under a prefix, each checked against its sha256.

    Args:
        store: where the bundle lies.
        bundle: prefix, with or without a slash at its end.
        digests: file name -> sha256; model.onnx, calibration.json, features.json and card.json must be among them.

    Raises:
        CorruptObject: a file has not the promised bytes, or is no part of a model.
        DataError: a digest is missing.
        NotFound: a file is missing.
    """
    files = {name: read_object(store, Ref(f"{bundle.rstrip('/')}/{name}", digest)) for name, digest in digests.items()}
    if missing := {"model.onnx", "calibration.json", "features.json", "card.json"} - set(files):
        raise DataError(f"no digest of {', '.join(sorted(missing))}", where=bundle)
    features = decode(files["features.json"], _Features, f"{bundle}/features.json")
    card = decode(files["card.json"], _Card, f"{bundle}/card.json")
    return OnnxModel(_session(files["model.onnx"], bundle), _calibration(files, bundle), card.model_id, features.names)


def _calibration(files: Mapping[str, bytes], bundle: str) -> Calibration:
    try:
        return calibration.decode(files["calibration.json"])
    except ValueError as error:
        raise DataError(f"no calibration: {error}", where=f"{bundle}/calibration.json") from error


def _session(model: bytes, bundle: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a row is too little work to share
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common base of their own
        raise CorruptObject(f"no model that ONNX Runtime can run: {error}", where=f"{bundle}/model.onnx") from error
