"""The kinds of model that compete: what each looks for, and how it is built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from touchline.errors import ConfigurationError
from touchline.learning.examples import Examples, Floats, Matrix
from touchline.learning.goal_model import GoalModel

Params = dict[str, Any]
FORGOTTEN = 0.25
"""Share of the newest match's weight under which a family that takes no weights leaves matches out: two half-lives."""


@dataclass(frozen=True)
class Family:
    """A kind of model: the parameters to start from, where to search, how to build."""

    name: str
    start: Params
    space: Callable[[Any], Params]
    build: Callable[[Params, int], Any]
    weight_argument: str = "sample_weight"
    """What `fit` calls the weights; empty for a family that forgets matches of little weight altogether."""
    learns: str = "outcome"
    """What of the examples `fit` is given: "outcome" or "goals"."""


def fit_estimator(family: Family, params: Params, examples: Examples, weight: Floats, seed: int) -> Any:
    """Estimator of a family, fitted on all rows with their weights.

    The caller limits the libraries to one thread: the limit is the process's, and fits run beside each other.
    """
    x, target, weights = material(family, examples, weight)
    return family.build(params, seed).fit(x, target, **weights)


def material(family: Family, examples: Examples, weight: Floats) -> tuple[Floats, Any, dict[str, Floats]]:
    """What `fit` of a family's estimator is given: features, target and, by the name of its argument, the weights."""
    used = np.flatnonzero(weight >= (0 if family.weight_argument else FORGOTTEN * weight.max()))
    weights = {family.weight_argument: weight[used]} if family.weight_argument else {}
    x = _anchored(examples.x[used]).astype(np.float64)
    target = examples.goals[used] if family.learns == "goals" else examples.outcome[used].astype(np.int64)
    return x, target, weights


def _anchored(x: Matrix) -> Matrix:
    """A zero in the first row of features that are missing everywhere: scikit-learn finds no bins for none at all."""
    empty = np.isnan(x).all(axis=0)
    if empty.any():
        x = x.copy()
        x[0, empty] = 0.0
    return x


def probabilities(estimator: Any, x: Matrix) -> Floats:
    """(n, k) features -> (n, 3) probabilities, rows brought to 1.

    Features have the precision of 32 bits, but are reckoned with in 64: in 32, matrix products of a row differ by its
    place in the table.
    """
    p = np.asarray(estimator.predict_proba(x.astype(np.float64)), dtype=np.float64)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _logistic_space(trial: Any) -> Params:
    return {"C": trial.suggest_float("C", 1e-4, 1.0, log=True)}


def _logistic(params: Params, seed: int) -> Any:
    """Ridge on all classes at once; a feature that is always missing counts as zero."""
    learner = LogisticRegression(**params, solver="newton-cholesky", max_iter=100)
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), learner)


def _xgboost_space(trial: Any) -> Params:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 50, 110, step=10),
        "learning_rate": trial.suggest_float("learning_rate", 0.05, 0.16, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 4),
        "min_child_weight": trial.suggest_float("min_child_weight", 5.0, 100.0, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.2, 0.8),
        "reg_lambda": trial.suggest_float("reg_lambda", 1.0, 50.0, log=True),
    }


def _xgboost(params: Params, seed: int) -> Any:
    return XGBClassifier(
        **params,
        objective="multi:softprob",
        tree_method="hist",
        max_bin=64,
        subsample=0.8,
        random_state=seed,
        n_jobs=1,
    )


def _histogram_space(trial: Any) -> Params:
    return {
        "max_iter": trial.suggest_int("max_iter", 30, 80, step=10),
        "learning_rate": trial.suggest_float("learning_rate", 0.05, 0.16, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 4, 10),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 20, 400, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 0.1, 50.0, log=True),
        "max_features": trial.suggest_float("max_features", 0.2, 0.8),
    }


def _histogram(params: Params, seed: int) -> Any:
    """Without weights: scikit-learn then finds its bins by a weighted percentile, which takes longer than all trees."""
    return HistGradientBoostingClassifier(**params, early_stopping=False, max_bins=64, random_state=seed)


def _goals_space(trial: Any) -> Params:
    return {"ridge": trial.suggest_float("ridge", 1e-5, 1.0, log=True)}


def _goals(params: Params, seed: int) -> Any:
    return GoalModel(**params)


_XGBOOST_START: Params = {
    "n_estimators": 70,
    "learning_rate": 0.08,
    "max_depth": 3,
    "min_child_weight": 30.0,
    "colsample_bytree": 0.3,
    "reg_lambda": 10.0,
}
_HISTOGRAM_START: Params = {
    "max_iter": 50,
    "learning_rate": 0.1,
    "max_leaf_nodes": 6,
    "min_samples_leaf": 100,
    "l2_regularization": 10.0,
    "max_features": 0.3,
}
FAMILIES: Mapping[str, Family] = {
    "logistic": Family(
        "logistic", {"C": 0.01}, _logistic_space, _logistic, "logisticregression__sample_weight"
    ),
    "xgboost": Family("xgboost", _XGBOOST_START, _xgboost_space, _xgboost),
    "histogram": Family("histogram", _HISTOGRAM_START, _histogram_space, _histogram, ""),
    "goals": Family("goals", {"ridge": 1e-3}, _goals_space, _goals, "weight", "goals"),
}  # fmt: skip


def family(name: str) -> Family:
    """Family by name.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if name not in FAMILIES:
        raise ConfigurationError(
            f"no model family {name!r}", where="TOUCHLINE_TRAIN_FAMILIES", hint=f"there are {', '.join(FAMILIES)}"
        )
    return FAMILIES[name]
