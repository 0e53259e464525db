"""The kinds of model that make up the pool: what each looks for, and how it is built."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from touchline.domain.pooling import softmax
from touchline.errors import ConfigurationError
from touchline.learning.boosted import Histogram, Xgboost
from touchline.learning.examples import Examples, Floats, Matrix
from touchline.learning.goal_model import GoalModel
from touchline.learning.linear import Linear, fit_results
from touchline.learning.market_model import MarketModel, teaches
from touchline.learning.prepared import Prepared

Params = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """A kind of model: the parameters to start from, where to search, how to build.

    What `build` returns has `fit(prepared)`, which returns it, and `predict_proba(x)`.
    """

    name: str
    start: Params
    space: Callable[[Any], Params]
    build: Callable[[Params, int], Any]


def fit_estimator(family: Family, params: Params, examples: Examples, weight: Floats, seed: int) -> Any:
    """Estimator of a family, fitted on all rows with their weights.

    The caller limits the libraries to one thread: the limit is the process's, and fits run beside each other.
    """
    return family.build(params, seed).fit(Prepared(examples, weight))


def probabilities(estimator: Any, x: Matrix) -> Floats:
    """(n, k) features -> (n, 3) probabilities, rows brought to 1.

    Features have the precision of 32 bits, but are reckoned with in 64: in 32, matrix products of a row differ by its
    place in the table.
    """
    p = np.asarray(estimator.predict_proba(x.astype(np.float64)), dtype=np.float64)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


class Logistic:
    """Multinomial logistic regression with ridge."""

    linear: Linear

    def __init__(self, strength: float) -> None:
        """Inverse of the ridge, as C of scikit-learn."""
        self.strength = strength

    def fit(self, prepared: Prepared) -> "Logistic":
        """Learn from matches."""
        self.linear = fit_results(prepared, self.strength)
        return self

    def predict_proba(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features -> (n, 3) probabilities."""
        return softmax(self.linear.scores(x))


def _logistic_space(trial: Any) -> Params:
    return {"C": trial.suggest_float("C", 1e-4, 1.0, log=True)}


def _xgboost_space(trial: Any) -> Params:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 20, 100, step=10),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.1, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 5),
        "min_child_weight": trial.suggest_float("min_child_weight", 5.0, 200.0, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.2, 0.8),
        "reg_lambda": trial.suggest_float("reg_lambda", 1.0, 100.0, log=True),
    }


def _histogram_space(trial: Any) -> Params:
    return {
        "max_iter": trial.suggest_int("max_iter", 10, 60, step=10),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.1, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 4, 16),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 20, 800, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1.0, 100.0, log=True),
        "max_features": trial.suggest_float("max_features", 0.2, 0.8),
    }


_XGBOOST_START: Params = {
    "n_estimators": 40,
    "learning_rate": 0.03,
    "max_depth": 3,
    "min_child_weight": 50.0,
    "colsample_bytree": 0.3,
    "reg_lambda": 20.0,
}
_HISTOGRAM_START: Params = {
    "max_iter": 20,
    "learning_rate": 0.04,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 200,
    "l2_regularization": 20.0,
    "max_features": 0.3,
}
FAMILIES: Mapping[str, Family] = {
    "logistic": Family("logistic", {"C": 0.005}, _logistic_space, lambda params, seed: Logistic(params["C"])),
    "xgboost": Family("xgboost", _XGBOOST_START, _xgboost_space, Xgboost),
    "histogram": Family("histogram", _HISTOGRAM_START, _histogram_space, Histogram),
    "goals": Family("goals", {"C": 0.005}, _logistic_space, lambda params, seed: GoalModel(params["C"])),
    "market": Family("market", {"C": 0.5}, _logistic_space, lambda params, seed: MarketModel(params["C"])),
}


def families(names: Iterable[str], examples: Examples) -> list[Family]:
    """Families by name that can learn from these matches: without prices, the market is left to the others.

    Raises:
        ConfigurationError: there is none of some name.
    """
    asked = [family(name) for name in names]
    return [one for one in asked if one.name != "market" or teaches(examples)] or asked


def family(name: str, where: str = "TOUCHLINE_TRAIN_FAMILIES") -> Family:
    """Family by name, which was asked for at `where`.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if name not in FAMILIES:
        raise ConfigurationError(f"no model family {name!r}", where=where, hint=f"there are {', '.join(FAMILIES)}")
    return FAMILIES[name]
