"""Time of a search for parameters: trials of each family over folds in the order of time, and how many were given up.

`scripts/bench tune [MATCHES.parquet] [--rows 60000]` reads any table that `touchline ingest` reads; without one, a
simulated league. Workers are processes, as those of `touchline tune`. For each family a line tells the best log-loss
of the search, that of the starting point, and both learnt and judged on whole folds: what the search's shorter training
parts cost.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from touchline.cli import tune_crew, tune_material, tune_show
from touchline.cli.tune_job import Job
from touchline.domain.simulation import simulate
from touchline.domain.uses import DEFAULT, columns
from touchline.learning.examples import Examples
from touchline.learning.families import FAMILIES, family
from touchline.learning.fitting import FitOptions, task_of
from touchline.learning.timeline import prepared, timeline
from touchline.learning.tuning import validate


def examples(path: Path | None, until: str) -> Examples:
    """The finished matches of a file that kicked off before a day, or all of a simulated league."""
    if path is not None:
        made = tune_material.of_files([path], (), DEFAULT)
        return made.take(np.flatnonzero(made.kickoff < np.datetime64(until)))
    table = prepared(simulate(1, datetime(2026, 6, 1, tzinfo=UTC), seasons=20))
    line = timeline(table, np.datetime64(0, "us"), 1)
    return line.examples(np.flatnonzero(line.finished), columns(DEFAULT))


def search(job: Job, learnt: Examples, workers: int) -> list[tune_show.Found]:
    """A whole search in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        there = Job(**{name: getattr(job, name) for name in job.__struct_fields__} | {"address": f"{folder}/study.log"})
        done = tune_crew.fill(there, learnt, workers, Path(folder), lambda searches: None)
        return [tune_show.found(one, 1) for one in done]


def whole(learnt: Examples, options: FitOptions, one: tune_show.Found) -> dict[str, float]:
    """Log-loss of the best and of the starting parameters, learnt from whole folds."""
    task, kind = task_of(learnt, options), family(one.family)
    with threadpool_limits(1):
        return {
            "whole_best": validate(kind, one.best[0].params, task).log_loss,
            "whole_start": validate(kind, kind.start, task).log_loss,
        }


def main(argv: Sequence[str]) -> int:
    """Print one line of JSON for each family, then one for the whole."""
    parser = argparse.ArgumentParser(prog="bench tune", description=__doc__)
    parser.add_argument("matches", nargs="?", type=Path, help="table of matches; without one, a simulated league")
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--until", default="2021-07-01", help="only matches of the file before this day")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    asked = parser.parse_args(argv)
    learnt = tune_material.newest(examples(asked.matches, asked.until), asked.rows)
    options = FitOptions(trials=asked.trials, folds=asked.folds)
    job = Job(
        address="", families=tuple(asked.families), trials=asked.trials, folds=asked.folds, seed=options.seed
    )  # fmt: skip
    begun = time.perf_counter()
    found = search(job, learnt, asked.workers)
    seconds = time.perf_counter() - begun
    worked = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = worked.ru_utime + worked.ru_stime
    for one in found:
        counts = {"trials": one.complete + one.pruned, "given_up_early": one.pruned, "failed": one.failed}
        show(one.family, {**counts, "best": one.best[0].log_loss, "start": one.start} | whole(learnt, options, one))
    size = {"rows": len(learnt), "features": len(learnt.names), "workers": asked.workers}
    show("all", {**size, "seconds": seconds, "processor_seconds": processor})
    return 0


def show(part: str, found: dict[str, float | None]) -> None:
    """One line, numbers short enough to read."""
    short = {name: None if value is None else float(f"{value:.5g}") for name, value in found.items()}
    print(json.dumps({"part": part, **short}), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
