"""Runs in the environment of predict: `python predict_engine.py STORE [ROWS]` loads what serves and forecasts with it.

Prints a line at the first forecast. With ROWS, it then forecasts so many rows, a thousand at a time, and prints how
many a second, and a second of processor time; of the fixtures that are published.
"""

import sys
import time
from pathlib import Path

import numpy as np

from touchline.adapters.local_store import LocalStore
from touchline.adapters.onnx_model import load
from touchline.domain.feature_rows import FeatureRows
from touchline.manifest import bundle_of, current, read_object


def main(folder: str, rows: int = 0) -> None:
    """First one row, then many."""
    store = LocalStore(Path(folder))
    model = load(store, *bundle_of(current(store, "serving")[1]))
    model.predict(np.zeros((1, len(model.features))))
    print("forecast", flush=True)
    if rows:
        published = FeatureRows.from_bytes(read_object(store, current(store, "predictions")[1].outputs["features"]))
        block = np.resize(published.of(published.match_ids, model.features), (1000, len(model.features)))
        model.predict(block)
        begun, busy = time.perf_counter(), time.process_time()
        for _ in range(rows // len(block)):
            model.predict(block)
        print(round(rows / (time.perf_counter() - begun)), round(rows / (time.process_time() - busy)))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
