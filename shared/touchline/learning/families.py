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
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier

from touchline.errors import ConfigurationError
from touchline.learning.examples import Examples, Floats, Matrix

Params = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """A kind of model: the parameters to start from, where to search, how to build."""

    name: str
    start: Params
    space: Callable[[Any], Params]
    build: Callable[[Params, int, int], Any]
    weight_argument: str = "sample_weight"


def fit_estimator(family: Family, params: Params, examples: Examples, weight: Floats, seed: int, threads: int) -> Any:
    """Estimator of a family, fitted on all rows with their weights."""
    estimator = family.build(params, seed, threads)
    with threadpool_limits(threads):
        return estimator.fit(examples.x, examples.outcome.astype(np.int64), **{family.weight_argument: weight})


def probabilities(estimator: Any, x: Matrix) -> Floats:
    """(n, k) features -> (n, 3) probabilities in 64 bits, rows brought to 1."""
    p = np.asarray(estimator.predict_proba(x), dtype=np.float64)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _logistic_space(trial: Any) -> Params:
    return {"C": trial.suggest_float("C", 1e-4, 1.0, log=True)}


def _logistic(params: Params, seed: int, threads: int) -> Any:
    """Ridge on all classes at once; a feature that is always missing counts as zero."""
    learner = LogisticRegression(**params, solver="newton-cholesky", max_iter=100)
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), learner)


def _xgboost_space(trial: Any) -> Params:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 60, 180, step=20),
        "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.12, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 4),
        "min_child_weight": trial.suggest_float("min_child_weight", 5.0, 100.0, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.2, 0.8),
        "reg_lambda": trial.suggest_float("reg_lambda", 1.0, 50.0, log=True),
    }


def _xgboost(params: Params, seed: int, threads: int) -> Any:
    return XGBClassifier(
        **params,
        objective="multi:softprob",
        tree_method="hist",
        max_bin=64,
        subsample=0.8,
        random_state=seed,
        n_jobs=threads,
    )


def _histogram_space(trial: Any) -> Params:
    return {
        "max_iter": trial.suggest_int("max_iter", 40, 140, step=20),
        "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.12, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 4, 12),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 20, 400, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 0.1, 50.0, log=True),
        "max_features": trial.suggest_float("max_features", 0.2, 0.8),
    }


def _histogram(params: Params, seed: int, threads: int) -> Any:
    return HistGradientBoostingClassifier(**params, early_stopping=False, max_bins=64, random_state=seed)


_XGBOOST_START: Params = {
    "n_estimators": 100,
    "learning_rate": 0.06,
    "max_depth": 3,
    "min_child_weight": 30.0,
    "colsample_bytree": 0.3,
    "reg_lambda": 10.0,
}
_HISTOGRAM_START: Params = {
    "max_iter": 80,
    "learning_rate": 0.06,
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
    "histogram": Family("histogram", _HISTOGRAM_START, _histogram_space, _histogram),
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
