"""A worker on a shared study that says when it is in a trial, and waits there for a line: for tests that kill it."""

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import optuna

from touchline.adapters.studies import SharedStudies

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "parabola"


def parabola(trial: optuna.Trial, worse: float = 0.0) -> float:
    """Three equal folds of a curve with its lowest point at 1, lifted by `worse`; given up where Optuna says so."""
    value = (trial.suggest_float("x", -3, 3) - 1) ** 2 + worse
    for step in range(3):
        trial.report(value, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return value


def joined(address: str, worker: str, lease_seconds: float = 60.0) -> tuple[SharedStudies, optuna.Study]:
    """The study at an address, for one worker."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    studies = SharedStudies(address, worker=worker, lease_seconds=lease_seconds)
    return studies, studies.open(NAME, optuna.pruners.MedianPruner(n_startup_trials=3))


@contextmanager
def in_a_trial(address: str, worker: str, trials: int, lease_seconds: float) -> "Iterator[subprocess.Popen[str]]":
    """A process that has begun with a trial and waits in it; it is ended at the end, if it still lives."""
    command = [sys.executable, __file__, address, worker, str(trials), str(lease_seconds)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "in a trial\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def main() -> None:
    """Work on the study until it is full, each trial begun when a line comes."""
    address, worker, trials, lease = sys.argv[1:]
    studies, study = joined(address, worker, float(lease))

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_float("x", -3, 3)
        print("in a trial", flush=True)
        sys.stdin.readline()
        return parabola(trial)

    studies.fill(study, objective, int(trials))


if __name__ == "__main__":
    main()
