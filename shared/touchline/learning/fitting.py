"""From examples to one calibrated model: tune the families, take the best, calibrate it, fit it on everything."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from touchline.coordination import Studies
from touchline.domain.calibration import Calibration
from touchline.domain.splits import Moments, expanding
from touchline.errors import DataError
from touchline.learning.calibrators import choose
from touchline.learning.examples import Examples, Floats, Matrix, Outcomes, as_matrix, require_learnable
from touchline.learning.families import Family, Params, family, fit_estimator, probabilities
from touchline.learning.studies import Alone
from touchline.learning.tuning import CrossValidated, Progress, Task, tune

SAMPLE = 300


class FitOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to fit."""

    trials: int = 8
    folds: int = 3
    seed: int = 7
    threads: int = 2
    """Families that are tuned at the same time."""
    families: tuple[str, ...] = ("logistic", "xgboost", "histogram")
    half_life_days: float = 2922.0
    """A match this much older than the newest counts half."""
    starts: dict[str, Params] = {}
    """Parameters from which a family's search starts in place of its own, by the family's name."""
    studies: Studies = Alone()
    """Where the trials are kept, and who else works on them."""


@dataclass(frozen=True)
class Fitted:
    """A model that can forecast, and how it came to be chosen."""

    family: str
    params: Params
    names: tuple[str, ...]
    estimator: Any
    calibration: Calibration
    fold_losses: dict[str, tuple[float, ...]]
    """Log-loss of each family in each fold, with its best parameters."""
    calibration_losses: dict[str, float]
    """Log-loss of each kind of calibration on held-out matches; empty when they were too few to choose."""
    sample: Matrix
    """Some of the features that it learnt from, to show what an input looks like."""

    def rates(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features -> (n, 2) expected goals, home and away; NaN where no family learnt goals."""
        if self.family != "goals":
            return np.full((len(x), 2), np.nan)
        with threadpool_limits(1):
            return np.asarray(self.estimator.rates(as_matrix(x).astype(np.float64)))

    def predict(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features in the order of `names` -> (n, 3) calibrated probabilities."""
        with threadpool_limits(1):
            return self.calibration.apply(probabilities(self.estimator, as_matrix(x)))


def fit(examples: Examples, options: FitOptions, progress: Progress | None = None) -> Fitted:
    """Tune every family over folds in the order of time, keep the one with the least log-loss, calibrate, fit on all.

    The calibration is chosen and fitted on forecasts made out of fold. The libraries' own threads are held to one
    throughout: they spin while they wait, which on a busy machine costs a hundredfold, and so the result does not
    depend on their number.

    Raises:
        DataError: too few matches, or a part of them without one of the outcomes.
        ConfigurationError: a family that does not exist.
    """
    require_learnable(examples)
    with threadpool_limits(1):
        return _fit(examples, options, progress or _silent)


def _fit(examples: Examples, options: FitOptions, say: Progress) -> Fitted:
    task = task_of(examples, options)
    candidates = _tuned([family(name) for name in options.families], task, options.threads, say)
    best = min(candidates.values(), key=lambda candidate: candidate.log_loss)
    reached = {name: candidate.fold_scores for name, candidate in candidates.items()}
    say(f"{best.family} is best in the folds with log-loss {best.log_loss:.4f}")
    judged = np.concatenate([split.test for split in task.splits])
    calibration, losses = choose(
        np.concatenate(best.forecasts), examples.outcome[judged], examples.kickoff[judged]
    )  # fmt: skip
    estimator = fit_estimator(
        family(best.family), best.params, examples, task.weight, options.seed
    )  # fmt: skip
    return Fitted(best.family, best.params, examples.names, estimator, calibration, reached, losses, _sample(examples))


def refit(fitted: Fitted, examples: Examples, options: FitOptions) -> Fitted:
    """The same family, parameters and calibration, learnt anew from other examples.

    Raises:
        DataError: too few matches, or an outcome that never came.
    """
    require_learnable(examples)
    weight = recency_weights(examples.kickoff, options.half_life_days)
    with threadpool_limits(1):
        estimator = fit_estimator(family(fitted.family), fitted.params, examples, weight, options.seed)
    return replace(fitted, estimator=estimator, sample=_sample(examples))


def recency_weights(kickoff: Moments, half_life_days: float) -> Floats:
    """Weight of each match, 1 for the newest, half as much for every half-life of age."""
    age = (kickoff.max() - kickoff) / np.timedelta64(1, "D")
    return np.asarray(0.5 ** (age / half_life_days), dtype=np.float64)


def task_of(examples: Examples, options: FitOptions) -> Task:
    """What the families are tried on: folds in the order of time, weights by age.

    Raises:
        DataError: the matches cannot be cut into folds that each hold every outcome.
    """
    splits = tuple(expanding(examples.kickoff, options.folds))
    parts: list[Outcomes] = [examples.outcome[split.train] for split in splits]
    if not splits or any(len(np.unique(part)) < 3 for part in parts):
        raise DataError(
            "the matches cannot be cut into folds that each hold every outcome",
            hint="load more seasons, or fewer folds",
        )
    weight = recency_weights(examples.kickoff, options.half_life_days)
    return Task(examples, weight, splits, options.trials, options.seed, options.studies, options.starts)


def _tuned(families: list[Family], task: Task, threads: int, say: Progress) -> dict[str, CrossValidated]:
    # The limit of OpenMP, unlike the others, is each thread's own: those of the pool set it when they start.
    with ThreadPoolExecutor(threads, initializer=threadpool_limits, initargs=(1, "openmp")) as pool:
        found = pool.map(lambda one: tune(one, task, say), families)
        return {candidate.family: candidate for candidate in found}


def _sample(examples: Examples) -> Matrix:
    return examples.x[np.linspace(0, len(examples) - 1, min(len(examples), SAMPLE)).astype(np.int64)]


def _silent(message: str) -> None:
    """Says nothing."""
