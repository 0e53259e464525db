"""Runs in the environment of predict: `python predict_engine.py STORE [ROWS]` loads what serves and forecasts with it.

Prints a line at the first forecast. With ROWS, it then forecasts so many rows, a thousand at a time, and prints how
many a second.
"""

import sys
import time
from pathlib import Path

import numpy as np

from touchline.adapters.local_store import LocalStore
from touchline.adapters.onnx_model import load
from touchline.manifest import bundle_of, current


def main(folder: str, rows: int = 0) -> None:
    """First one row, then many."""
    store = LocalStore(Path(folder))
    model = load(store, *bundle_of(current(store, "serving")[1]))
    model.predict(np.zeros((1, len(model.features))))
    print("forecast", flush=True)
    if rows:
        block = np.random.default_rng(7).normal(size=(1000, len(model.features)))
        model.predict(block)
        begun = time.perf_counter()
        for _ in range(rows // len(block)):
            model.predict(block)
        print(round(rows / (time.perf_counter() - begun)))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
