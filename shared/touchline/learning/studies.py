"""Studies of one process alone."""

from collections.abc import Callable

import optuna


class Alone:
    """Studies in memory: each is begun anew, and one process does it all."""

    def open(self, name: str, pruner: optuna.pruners.BasePruner) -> optuna.Study:
        """A new study, whatever its name."""
        return optuna.create_study(study_name=name, pruner=pruner)

    def fill(self, study: optuna.Study, objective: Callable[[optuna.Trial], float], trials: int) -> None:
        """Try one after the other."""
        study.optimize(objective, n_trials=trials)
