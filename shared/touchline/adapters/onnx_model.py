"""A servable bundle, run by ONNX Runtime and numpy alone."""

import os
from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from touchline.domain import calibration
from touchline.domain.calibration import Calibration
from touchline.domain.pooling import FORMAT, Pool
from touchline.errors import CorruptObject, DataError
from touchline.manifest import Ref, decode, read_object
from touchline.ports import ObjectStore, Predictor

_FILES: Final = frozenset({"model.onnx", "pool.json", "calibration.json", "features.json", "card.json"})
_SCORES: Final = ["scores"]
_BLOCK: Final = 250
"""Rows that are worth a thread of their own."""
_AGAIN: Final = "it was made by another version: train again"


class _Format(msgspec.Struct, frozen=True):
    """As much of pool.json as every format has."""

    format: int


class _Features(msgspec.Struct, frozen=True):
    """As much of features.json as serving needs."""

    names: tuple[str, ...]


class _Card(msgspec.Struct, frozen=True):
    """As much of card.json as serving needs."""

    model_id: str


class OnnxModel:
    """Features in, calibrated probabilities out; safe to call from several threads."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        pool: Pool,
        mend: Calibration,
        model_id: str,
        features: tuple[str, ...],
    ) -> None:
        self._session, self._pool, self._calibration = session, pool, mend
        self.model_id, self.features = model_id, features

    def predict(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, len(features)) features, NaN where missing -> (n, 3) probabilities in the order of OUTCOMES.

        Raises:
            DataError: the number of columns is not the model's, or the graph does not run on them.
        """
        return self._calibration.apply(self._pool.forecast(self._scores(features)))

    def both(self, features: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n, len(features)) features -> (n, 3) probabilities, and (n, 2) expected goals of home and away, NaN where
        the model knows of none; by one run of the graph.

        Raises:
            DataError: the number of columns is not the model's, or the graph does not run on them.
        """
        scores = self._scores(features)
        return self._calibration.apply(self._pool.forecast(scores)), self._pool.rates(scores)

    def _scores(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        given = np.asarray(features)
        if given.ndim != 2 or given.shape[1] != len(self.features):
            raise DataError(f"{len(self.features)} features a row are needed, got an array of shape {given.shape}")
        with np.errstate(over="ignore"):
            x = given.astype(np.float32)
        endless = np.isinf(x)
        if endless.any():
            x[endless] = np.nan
        try:
            return np.asarray(self._shared(x), dtype=np.float64)
        except Exception as error:  # the runtime's errors have no common base of their own
            raise DataError(f"model {self.model_id} does not run: {error}") from error

    def _shared(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores in blocks that several threads share; how many cores there are changes no block, so no digit."""
        blocks = np.array_split(x, max(1, len(x) // _BLOCK))
        threads = min(os.cpu_count() or 1, len(blocks))
        if threads < 2:
            return np.concatenate([self._run(block) for block in blocks])
        from concurrent.futures import ThreadPoolExecutor  # a cold start has no time for it

        with ThreadPoolExecutor(threads) as crew:
            return np.concatenate(list(crew.map(self._run, blocks)))

    def _run(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = self._session.run(_SCORES, {"features": x})[0]
        return scores


def load(store: ObjectStore, bundle: str, digests: Mapping[str, str]) -> Predictor:
    """Model from the files under a prefix, each checked against its sha256.

    Args:
        store: where the bundle lies.
        bundle: prefix, with or without a slash at its end.
        digests: file name -> sha256; those of _FILES must be among them.

    Raises:
        CorruptObject: a file has not the promised bytes, or is no part of a model.
        DataError: a digest is missing, or the bundle is of another format.
        NotFound: a file is missing.
    """
    files = {name: read_object(store, Ref(f"{bundle.rstrip('/')}/{name}", digest)) for name, digest in digests.items()}
    if missing := _FILES - set(files):
        hint = _AGAIN if missing == {"pool.json"} else ""
        raise DataError(f"no digest of {', '.join(sorted(missing))}", where=bundle, hint=hint)
    pool = decode(files["pool.json"], _Format, f"{bundle}/pool.json")
    if pool.format != FORMAT:
        raise DataError(f"a bundle of format {pool.format}, not {FORMAT}", where=f"{bundle}/pool.json", hint=_AGAIN)
    features = decode(files["features.json"], _Features, f"{bundle}/features.json")
    card = decode(files["card.json"], _Card, f"{bundle}/card.json")
    return OnnxModel(
        _session(files["model.onnx"], bundle),
        decode(files["pool.json"], Pool, f"{bundle}/pool.json"),
        _calibration(files, bundle),
        card.model_id,
        features.names,
    )


def _calibration(files: Mapping[str, bytes], bundle: str) -> Calibration:
    try:
        return calibration.decode(files["calibration.json"])
    except ValueError as error:
        raise DataError(f"no calibration: {error}", where=f"{bundle}/calibration.json") from error


def _session(model: bytes, bundle: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # a row is too little work to share, and blocks of them are shared by ourselves
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common base of their own
        raise CorruptObject(f"no model that ONNX Runtime can run: {error}", where=f"{bundle}/model.onnx") from error
