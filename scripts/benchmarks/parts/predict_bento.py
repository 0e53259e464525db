"""Runs in the environment of the rivals: the same model as a BentoML service, the booster asked in place."""

import json
import os
from pathlib import Path

import bentoml
import numpy as np
import xgboost
from predict_rival import calibrated


@bentoml.service(workers=1)
class Forecaster:
    """One model, loaded once."""

    def __init__(self) -> None:
        folder = Path(os.environ["RIVAL_FOLDER"])
        self._booster = xgboost.Booster({"nthread": 1})
        self._booster.load_model(folder / "model.json")
        self._knots = json.loads((folder / "knots.json").read_text())

    @bentoml.api
    def predict(self, features: list[float]) -> list[float]:
        """Probabilities of one match."""
        row = np.array([features], dtype=np.float32)
        return calibrated(self._booster.inplace_predict(row)[0], self._knots)
