"""Where trials of a search are kept, and who works on them: one process alone, or many together."""

from collections.abc import Callable
from typing import Protocol

import optuna


class Studies(Protocol):
    """A place for studies; every method raises `Unavailable` when it does not answer."""

    def open(self, name: str, pruner: optuna.pruners.BasePruner) -> optuna.Study:
        """Join the study of that name, or begin it."""
        ...

    def fill(self, study: optuna.Study, objective: Callable[[optuna.Trial], float], trials: int) -> None:
        """Work until so many trials are finished, tried to the end or given up, by whomever."""
        ...


class Alone:
    """Studies in memory: each is begun anew, and one process does it all."""

    def open(self, name: str, pruner: optuna.pruners.BasePruner) -> optuna.Study:
        """A new study, whatever its name."""
        return optuna.create_study(study_name=name, pruner=pruner)

    def fill(self, study: optuna.Study, objective: Callable[[optuna.Trial], float], trials: int) -> None:
        """Try one after the other."""
        study.optimize(objective, n_trials=trials)
