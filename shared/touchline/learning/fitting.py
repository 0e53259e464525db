"""From examples to one calibrated pool: tune the families, weigh them, calibrate what they say together, fit on all."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from touchline.coordination import Studies
from touchline.domain import scoring
from touchline.domain.calibration import Calibration
from touchline.domain.pooling import blend
from touchline.domain.splits import Moments, expanding
from touchline.errors import DataError
from touchline.learning.calibrators import choose
from touchline.learning.examples import Examples, Floats, Matrix, Outcomes, as_matrix, require_learnable
from touchline.learning.families import Params, families, family, probabilities
from touchline.learning.pool import weights
from touchline.learning.prepared import Prepared
from touchline.learning.studies import Alone
from touchline.learning.tuning import CrossValidated, Progress, Task, tune, validate

SAMPLE = 300
POOL = "pool"
"""Name of a model of several families."""

Asked = TypeVar("Asked")
Got = TypeVar("Got")


class FitOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to fit."""

    trials: int = 8
    folds: int = 3
    seed: int = 7
    threads: int = 2
    """Families that are tuned at the same time."""
    families: tuple[str, ...] = ("logistic", "xgboost", "histogram", "goals", "market")
    half_life_days: float = 2922.0
    """A match this much older than the newest counts half."""
    starts: dict[str, Params] = {}
    """Parameters from which a family's search starts in place of its own, by the family's name."""
    studies: Studies = Alone()
    """Where the trials are kept, and who else works on them."""


@dataclass(frozen=True)
class Member:
    """A fitted model of one family, and its part in the pool."""

    family: str
    params: Params
    weight: float
    """0 for a model of goals that serves for expected goals alone."""
    estimator: Any


@dataclass(frozen=True)
class Fitted:
    """A model that can forecast, and how it came to be chosen."""

    members: tuple[Member, ...]
    names: tuple[str, ...]
    calibration: Calibration
    fold_losses: dict[str, tuple[float, ...]]
    """Log-loss of each family in each fold, with its best parameters; and of the pool, if there are several."""
    calibration_losses: dict[str, float]
    """Log-loss of each kind of calibration on held-out matches; empty when they were too few to choose."""
    sample: Matrix
    """Some of the features that it learnt from, to show what an input looks like."""

    @property
    def family(self) -> str:
        """`pool`, or the family if there is but one."""
        return self.members[0].family if len(self.members) == 1 else POOL

    @property
    def params(self) -> Params:
        """Parameters by name; in a pool each name is preceded by its family."""
        if len(self.members) == 1:
            return self.members[0].params
        return {f"{one.family}.{name}": value for one in self.members for name, value in one.params.items()}

    @property
    def weights(self) -> dict[str, float]:
        """Part of each family in the pool, 0 for those that were left out."""
        told = {one.family: one.weight for one in self.members}
        return {name: told.get(name, 0.0) for name in self.fold_losses if name != POOL}

    def rates(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features -> (n, 2) expected goals, home and away; NaN where no family learnt goals."""
        goals = [one.estimator for one in self.members if one.family == "goals"]
        if not goals:
            return np.full((len(x), 2), np.nan)
        with threadpool_limits(1):
            return np.asarray(goals[0].rates(as_matrix(x).astype(np.float64)))

    def predict(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features in the order of `names` -> (n, 3) calibrated probabilities."""
        heard = [one for one in self.members if one.weight > 0]
        with threadpool_limits(1):
            said = [probabilities(one.estimator, as_matrix(x)) for one in heard]
        return self.calibration.apply(blend(said, [one.weight for one in heard]))


def fit(examples: Examples, options: FitOptions, progress: Progress | None = None) -> Fitted:
    """Tune every family over folds in the order of time, pool them, calibrate the pool, fit the members on all.

    Weights and calibration are learnt from forecasts made out of fold. With one trial nothing is searched: the
    families' starting points are taken. One family alone is no pool. The libraries' own threads are held to one
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
    candidates = _tuned(options, task, say)
    judged = np.concatenate([split.test for split in task.splits])
    outcome = examples.outcome[judged]
    forecasts = {one.family: np.concatenate(one.forecasts) for one in candidates}
    part = weights(forecasts, outcome)
    pooled = blend(*zip(*((forecasts[name], weight) for name, weight in part.items() if weight > 0), strict=True))
    reached = {one.family: one.fold_scores for one in candidates}
    if len(candidates) > 1:
        reached[POOL] = _by_fold(pooled, outcome, task)
        say(f"the pool is {_told(part)}, with log-loss {scoring.log_loss(pooled, outcome).mean():.4f}")
    calibration, losses = choose(pooled, outcome, examples.kickoff[judged])
    plan = [(one, part[one.family]) for one in candidates if part[one.family] > 0 or one.family == "goals"]
    members = _members([(one.family, one.params, weight) for one, weight in plan], examples, task.weight, options)
    return Fitted(members, examples.names, calibration, reached, losses, _sample(examples))


def refit(fitted: Fitted, examples: Examples, options: FitOptions) -> Fitted:
    """The same families, weights, parameters and calibration, learnt anew from other examples.

    Raises:
        DataError: too few matches, or an outcome that never came.
    """
    require_learnable(examples)
    weight = recency_weights(examples.kickoff, options.half_life_days)
    plan = [(one.family, one.params, one.weight) for one in fitted.members]
    with threadpool_limits(1):
        return replace(fitted, members=_members(plan, examples, weight, options), sample=_sample(examples))


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


def _tuned(options: FitOptions, task: Task, say: Progress) -> list[CrossValidated]:
    heard = families(options.families, task.examples)
    task.prepared  # noqa: B018  # made before the threads begin
    if task.trials > 1 or not isinstance(task.studies, Alone):
        return _beside(lambda one: tune(one, task, say), heard, options.threads)
    return _beside(lambda one: validate(one, task.starts.get(one.name, one.start), task), heard, options.threads)


def _members(
    plan: list[tuple[str, Params, float]], examples: Examples, weight: Floats, options: FitOptions
) -> tuple[Member, ...]:
    prepared = Prepared(examples, weight)

    def learn(one: tuple[str, Params, float]) -> Member:
        name, params, part = one
        return Member(name, params, part, family(name).build(params, options.seed).fit(prepared))

    return tuple(_beside(learn, plan, options.threads))


def _beside(work: Callable[[Asked], Got], asked: Iterable[Asked], threads: int) -> list[Got]:
    # The limit of OpenMP, unlike the others, is each thread's own: those of the pool set it when they start.
    with ThreadPoolExecutor(threads, initializer=threadpool_limits, initargs=(1, "openmp")) as pool:
        return list(pool.map(work, asked))


def _by_fold(p: Floats, outcome: Outcomes, task: Task) -> tuple[float, ...]:
    ends = np.cumsum([len(split.test) for split in task.splits])[:-1]
    return tuple(float(part.mean()) for part in np.split(scoring.log_loss(p, outcome), ends))


def _told(part: dict[str, float]) -> str:
    return ", ".join(f"{weight:.0%} {name}" for name, weight in part.items() if weight > 0)


def _sample(examples: Examples) -> Matrix:
    return examples.x[np.linspace(0, len(examples) - 1, min(len(examples), SAMPLE)).astype(np.int64)]


def _silent(message: str) -> None:
    """Says nothing."""
