"""Runs in the environment of the rivals: the same model behind MLflow and FastAPI, each as its tutorial does.

`python predict_rival.py FOLDER` makes an MLflow model of the trees in XGBoost's own format (`model.json`) and of the
matches that calibrate them (`calibration.npz`). Then uvicorn serves `pyfunc()` and `onnx()`; RIVAL_FOLDER tells where.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(os.environ.get("RIVAL_FOLDER", "."))


def save(folder: Path) -> None:
    """An MLflow model with a signature, whose answers are probabilities."""
    import mlflow
    import pandas as pd
    import xgboost
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    kept = np.load(folder / "calibration.npz", allow_pickle=False)
    trees = xgboost.XGBClassifier(n_jobs=1)
    trees.load_model(folder / "model.json")
    table = pd.DataFrame(kept["x"], columns=kept["names"])
    model = CalibratedClassifierCV(FrozenEstimator(trees), method="isotonic").fit(table, kept["outcome"])
    signature = mlflow.models.infer_signature(table[:5], model.predict_proba(table[:5]))
    mlflow.sklearn.save_model(
        model, str(folder / "mlflow"), serialization_format="cloudpickle", pyfunc_predict_fn="predict_proba",
        signature=signature, pip_requirements=["mlflow", "scikit-learn", "xgboost-cpu"],
    )  # fmt: skip


def calibrated(p: np.ndarray, knots: list[list[list[float]]]) -> list[float]:
    """(3,) probabilities through the curves of their classes, brought back to 1."""
    mended = np.array([np.interp(one, *curve) for one, curve in zip(p, knots, strict=True)])
    told: list[float] = (mended / mended.sum()).tolist()
    return told


def pyfunc() -> Any:
    """FastAPI around `mlflow.pyfunc`."""
    import mlflow
    import pandas as pd
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Row(BaseModel):
        """One match."""

        features: dict[str, float | None]

    model, app = mlflow.pyfunc.load_model(str(FOLDER / "mlflow")), FastAPI()

    @app.post("/predict")
    async def predict(row: Row) -> dict[str, list[float]]:
        return {"probabilities": model.predict(pd.DataFrame([row.features], dtype=np.float32))[0].tolist()}

    return app


def onnx() -> Any:
    """FastAPI around the ONNX session that we serve too."""
    import onnxruntime
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Row(BaseModel):
        """One match."""

        features: list[float]

    options, app = onnxruntime.SessionOptions(), FastAPI()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(FOLDER / "model.onnx"), options, providers=["CPUExecutionProvider"])
    knots = json.loads((FOLDER / "knots.json").read_text())

    @app.post("/predict")
    async def predict(row: Row) -> dict[str, list[float]]:
        scores = session.run(None, {"features": np.array([row.features], dtype=np.float32)})[0][0, :3]
        raised = np.exp(scores - scores.max())
        return {"probabilities": calibrated(raised / raised.sum(), knots)}

    return app


if __name__ == "__main__":
    save(Path(sys.argv[1]))
