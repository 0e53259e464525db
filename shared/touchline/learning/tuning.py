"""Hyper-parameters by Optuna over folds in the order of time: same data and seed, same answer."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import optuna

from touchline.domain import scoring
from touchline.domain.splits import Rows, Split
from touchline.learning.examples import Examples, Floats
from touchline.learning.families import Family, Params, fit_estimator, probabilities

Progress = Callable[[str], None]
TUNING_ROWS = 15_000
"""While parameters are searched, each fold learns from at most this many of its newest matches."""
_STARTUP_TRIALS = 3


@dataclass(frozen=True)
class CrossValidated:
    """A family's best parameters, its log-loss in each fold and what it said of each fold's matches."""

    family: str
    params: Params
    fold_scores: tuple[float, ...]
    forecasts: tuple[Floats, ...]

    @property
    def log_loss(self) -> float:
        """Mean over all matches of the folds."""
        sizes = [len(p) for p in self.forecasts]
        return float(np.average(self.fold_scores, weights=sizes))


@dataclass(frozen=True)
class Task:
    """What all families are tried on."""

    examples: Examples
    weight: Floats
    splits: tuple[Split, ...]
    trials: int
    seed: int


def tune(family: Family, task: Task, progress: Progress) -> CrossValidated:
    """Search with a seeded TPE, hopeless trials given up after a fold, then validate the best on whole folds.

    The first trial is the family's starting point, so that one trial is a sensible default.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = _limited(task)
    kept: dict[int, CrossValidated] = {}

    def objective(trial: optuna.Trial) -> float:
        kept[trial.number] = found = _try(family, family.space(trial), search, trial)
        progress(f"{family.name}: trial {trial.number + 1} of {task.trials}, log-loss {found.log_loss:.4f}")
        return found.log_loss

    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=task.seed, n_startup_trials=_STARTUP_TRIALS),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP_TRIALS),
    )
    study.enqueue_trial(family.start)
    study.optimize(objective, n_trials=task.trials)
    best = kept[study.best_trial.number]
    return best if search is task else validate(family, best.params, task)


def validate(family: Family, params: Params, task: Task) -> CrossValidated:
    """Log-loss and forecasts of given parameters, fold by fold."""
    return _try(family, params, task, None)


def _try(family: Family, params: Params, task: Task, trial: optuna.Trial | None) -> CrossValidated:
    scores: list[float] = []
    forecasts: list[Floats] = []
    for step, split in enumerate(task.splits):
        learnt = task.examples.take(split.train)
        estimator = fit_estimator(family, params, learnt, task.weight[split.train], task.seed)
        forecasts.append(probabilities(estimator, task.examples.x[split.test]))
        scores.append(float(scoring.log_loss(forecasts[-1], task.examples.outcome[split.test]).mean()))
        if trial is not None:
            trial.report(float(np.mean(scores)), step)
            if trial.should_prune():
                raise optuna.TrialPruned
    return CrossValidated(family.name, params, tuple(scores), tuple(forecasts))


def _limited(task: Task) -> Task:
    """The same task with shorter training parts, or the task itself if they are short enough."""
    if all(len(split.train) <= TUNING_ROWS for split in task.splits):
        return task
    splits = tuple(Split(_newest(split.train, task.examples), split.test) for split in task.splits)
    return Task(task.examples, task.weight, splits, task.trials, task.seed)


def _newest(rows: Rows, examples: Examples) -> Rows:
    order = np.argsort(examples.kickoff[rows], kind="stable")
    return np.sort(rows[order[-TUNING_ROWS:]])
