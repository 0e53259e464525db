"""Hyper-parameters by Optuna over folds in the order of time: same data and seed, same answer.

Each trial draws from a stream of random numbers of its own, made of the seed and the trial's number. So a search that
was interrupted goes on as if it had not been, and workers that share a study never try the same by accident.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import optuna

from touchline.coordination import Studies
from touchline.domain import scoring
from touchline.domain.splits import Rows, Split
from touchline.learning.examples import Examples, Floats
from touchline.learning.families import Family, Params
from touchline.learning.prepared import Prepared
from touchline.learning.search_folds import Forecaster, ready
from touchline.learning.studies import Alone
from touchline.manifest import encode, sha256

Progress = Callable[[str], None]
TUNING_ROWS = 30_000
"""While parameters are searched, each fold learns from at most this many of its newest matches."""
_STARTUP_TRIALS = 3
_VERSION = "1"
"""Of what a trial is: studies of another version are others."""


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
    """What all families are tried on, and where the trials are kept."""

    examples: Examples
    weight: Floats
    splits: tuple[Split, ...]
    trials: int
    seed: int
    studies: Studies = field(default_factory=Alone)
    starts: dict[str, Params] = field(default_factory=dict)
    """Parameters that take the place of a family's own starting point."""

    @cached_property
    def prepared(self) -> tuple[Prepared, ...]:
        """What each fold learns from, made ready once for all families."""
        return tuple(Prepared(self.examples.take(split.train), self.weight[split.train]) for split in self.splits)

    @cached_property
    def searched(self) -> "Task":
        """The same task with shorter training parts, for all families; the task itself if they are short enough."""
        if all(len(split.train) <= TUNING_ROWS for split in self.splits):
            return self
        splits = tuple(Split(_newest(split.train, self.examples), split.test) for split in self.splits)
        return replace(self, splits=splits)


def tune(family: Family, task: Task, progress: Progress) -> CrossValidated:
    """Search with a seeded TPE, hopeless trials given up after a fold, then validate the best on whole folds.

    The first trial is the starting point, so that one trial is a sensible default.

    Raises:
        Unavailable: the place of the studies does not answer.
    """
    search = Search(family, task, progress)
    task.studies.fill(search.study, search.objective, task.trials)
    best = search.study.best_trial
    progress(f"{family.name}: {tally(search.study)}, log-loss {best.value:.4f}")
    if search.kept and search.kept[0] == best.number and search.whole:
        return search.kept[1]
    return validate(family, family.space(optuna.trial.FixedTrial(best.params)), task)


def validate(family: Family, params: Params, task: Task) -> CrossValidated:
    """Log-loss and forecasts of given parameters, fold by fold."""
    forecasts = tuple(fold(params) for fold in _folds(family, task))
    scores = tuple(_loss(p, task, split) for p, split in zip(forecasts, task.splits, strict=True))
    return CrossValidated(family.name, params, scores, forecasts)


def study_name(family: Family, task: Task) -> str:
    """Name that says what is searched: same examples, weights, folds, seed and family, same study."""
    examples = task.examples
    told = (examples.x, examples.outcome, examples.goals, examples.market)
    parts = (*told, examples.kickoff.astype("datetime64[us]"), task.weight)
    rows = [part for split in task.splits for part in (split.train, split.test)]
    digests = [sha256(np.ascontiguousarray(part).tobytes()) for part in (*parts, *rows)]
    return f"{family.name}-{sha256(encode([_VERSION, digests, examples.names, task.seed, TUNING_ROWS]))[:20]}"


def tally(study: optuna.Study) -> str:
    """How many trials were made, and how many of them were given up early, for people."""
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    pruned = states.count(optuna.trial.TrialState.PRUNED)
    return f"{states.count(optuna.trial.TrialState.COMPLETE) + pruned} trials, {pruned} of them given up early"


class Search:
    """One family's search: its study, and what a trial does."""

    def __init__(self, family: Family, task: Task, progress: Progress) -> None:
        """Join or begin the study.

        Raises:
            Unavailable: the place of the studies does not answer.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.family, self._task, self._progress = family, task.searched, progress
        self.whole = self._task is task
        """Whether trials learn from all that there is."""
        self.kept: tuple[int, CrossValidated] | None = None
        """Number of this process's best trial, and what came of it."""
        pruner = optuna.pruners.MedianPruner(n_startup_trials=_STARTUP_TRIALS)
        self.study = task.studies.open(study_name(family, task), pruner)
        self.study.enqueue_trial(task.starts.get(family.name, family.start), skip_if_exists=True)

    def objective(self, trial: optuna.Trial) -> float:
        """Log-loss of the trial's parameters.

        Raises:
            TrialPruned: the first folds say that it is not worth the others.
        """
        self.study.sampler = _sampler(self._task.seed, trial.number)
        told = f"{self.family.name}: trial {trial.number + 1} of {self._task.trials}"
        params = self.family.space(trial)
        forecasts: list[Floats] = []
        scores: list[float] = []
        for step, (fold, split) in enumerate(zip(self._folds, self._task.splits, strict=True)):
            forecasts.append(fold(params))
            scores.append(_loss(forecasts[-1], self._task, split))
            trial.report(float(np.mean(scores)), step)
            if step + 1 < len(self._task.splits) and trial.should_prune():
                self._progress(f"{told} is given up after fold {step + 1}")
                raise optuna.TrialPruned
        found = CrossValidated(self.family.name, params, tuple(scores), tuple(forecasts))
        if self.kept is None or found.log_loss < self.kept[1].log_loss:
            self.kept = trial.number, found
        self._progress(f"{told}, log-loss {found.log_loss:.4f}")
        return found.log_loss

    @cached_property
    def _folds(self) -> list[Forecaster]:
        return _folds(self.family, self._task)


def _sampler(seed: int, number: int) -> optuna.samplers.TPESampler:
    stream = np.random.SeedSequence((seed, number)).generate_state(1)
    return optuna.samplers.TPESampler(seed=int(stream[0]), n_startup_trials=_STARTUP_TRIALS)


def _folds(family: Family, task: Task) -> list[Forecaster]:
    return [
        ready(family, task.examples, prepared, split, task.seed)
        for prepared, split in zip(task.prepared, task.splits, strict=True)
    ]


def _loss(p: Floats, task: Task, split: Split) -> float:
    return float(scoring.log_loss(p, task.examples.outcome[split.test]).mean())


def _newest(rows: Rows, examples: Examples) -> Rows:
    order = np.argsort(examples.kickoff[rows], kind="stable")
    return np.sort(rows[order[-TUNING_ROWS:]])
