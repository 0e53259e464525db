"""Time of a training by its parts: features, each family, the whole fit, conversion, registration; size and parity.

`scripts/bench train [MATCHES.parquet] [--rows 12000]` reads any table that `touchline ingest` reads; without one, a
simulated league. Only the newest rows are learnt from. With one trial, the default, nothing is tuned: each family is
fitted in every fold for its weight in the pool and its calibration, and once on all rows.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from touchline.adapters.mlflow_registry import MlflowRegistry
from touchline.domain.availability import available_time
from touchline.domain.features import build
from touchline.domain.simulation import simulate
from touchline.learning import bundle
from touchline.learning.examples import Examples, as_matrix
from touchline.learning.families import family, fit_estimator
from touchline.learning.fitting import FitOptions, Fitted, fit, recency_weights
from touchline.learning.timeline import priced
from touchline.ports import Payload, TrainingLog
from touchline.sources import tidy


def matches(path: Path | None) -> pd.DataFrame:
    """The finished matches of a file, or of a simulated league."""
    if path is None:
        table = simulate(1, datetime(2026, 6, 1, tzinfo=UTC), seasons=20)
    else:
        table = tidy.parse(Payload("benchmark", path.name, path.read_bytes(), datetime.now(UTC))).rows
        table["match_id"] = [f"m{number}" for number in range(len(table))]
        table = table.assign(available_time=available_time(table))
    return table[table["status"] == "finished"].sort_values("kickoff", ignore_index=True)


def examples(table: pd.DataFrame, rows: int) -> Examples:
    """The newest rows as a learner sees them."""
    features = build(table)
    margin = (table["home_goals"] - table["away_goals"]).to_numpy()
    made = Examples(
        as_matrix(features.values),
        features.names,
        np.select([margin > 0, margin == 0], [0, 1], 2).astype(np.int8),
        table["kickoff"].dt.tz_localize(None).to_numpy("datetime64[us]"),
        table["competition"].to_numpy(object),
        table[["home_goals", "away_goals"]].to_numpy(np.float64),
        priced(table),
    )
    return made.take(np.arange(len(made))[-rows:])


def alone(name: str, learnt: Examples, options: FitOptions) -> dict[str, float]:
    """Time to make the features ready for one family, and to fit it once on all rows."""
    weight = recency_weights(learnt.kickoff, options.half_life_days)
    wall, processor = time.perf_counter(), time.process_time()
    with threadpool_limits(1):
        fit_estimator(family(name), family(name).start, learnt, weight, options.seed)
    return {"seconds": time.perf_counter() - wall, "processor_seconds": time.process_time() - processor}


def convert(fitted: Fitted) -> dict[str, float]:
    """Size and parity of the servable form."""
    start = time.perf_counter()
    model = bundle.convert(fitted)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "kib": len(model) / 1024, "parity": bundle.parity(fitted, model)}


def register(fitted: Fitted) -> dict[str, float]:
    """Seconds to lay out MLflow's database, to register a first model, and a second one."""
    sample = pd.DataFrame(fitted.sample[:20], columns=list(fitted.names))
    log = TrainingLog("bench", {}, {}, {}, {}, {"name": "bench", "source": "bench", "digest": "bench"}, {})
    with tempfile.TemporaryDirectory() as folder:
        registry = MlflowRegistry(f"sqlite:///{folder}/mlflow.db", Path(folder) / "artifacts")
        laps = [time.perf_counter()]
        for step in (registry.versions, *(lambda i=i: registry.register(log, fitted, sample, i) for i in ("1", "2"))):
            step()
            laps.append(time.perf_counter())
    return dict(zip(("empty_database", "first_model", "second_model"), np.diff(laps).tolist(), strict=True))


def main(argv: Sequence[str]) -> int:
    """Print one line of JSON for each part."""
    parser = argparse.ArgumentParser(prog="bench train", description=__doc__)
    parser.add_argument("matches", nargs="?", type=Path, help="table of matches; without one, a simulated league")
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--trials", type=int, default=1)
    parser.add_argument("--folds", type=int, default=FitOptions().folds)
    parser.add_argument("--families", nargs="*", default=FitOptions().families)
    asked = parser.parse_args(argv)
    start = time.perf_counter()
    learnt = examples(matches(asked.matches), asked.rows)
    show("features", {"seconds": time.perf_counter() - start})
    options = FitOptions(trials=asked.trials, folds=asked.folds, families=tuple(asked.families))
    for name in options.families:
        show(name, alone(name, learnt, options))
    wall, processor = time.perf_counter(), time.process_time()
    fitted = fit(learnt, options)
    seconds = {"seconds": time.perf_counter() - wall, "processor_seconds": time.process_time() - processor}
    losses = {name: float(np.mean(folds)) for name, folds in fitted.fold_losses.items()}
    weights = {f"weight_{name}": weight for name, weight in fitted.weights.items()}
    show("fit", {"rows": len(learnt), "features": len(learnt.names), **seconds, **losses, **weights})
    show("convert", convert(fitted))
    show("register", register(fitted))
    return 0


def show(part: str, found: dict[str, float]) -> None:
    """One line, numbers short enough to read."""
    print(json.dumps({"part": part, **{name: float(f"{value:.4g}") for name, value in found.items()}}), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
