"""Folds made ready once for all trials of a family: what does not depend on the parameters is not done again.

The forecasts are those of `fit_estimator` and `probabilities`, to the last bit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import xgboost
from sklearn.pipeline import Pipeline
from xgboost import XGBClassifier

from touchline.domain.splits import Split
from touchline.learning.examples import Examples, Floats
from touchline.learning.families import Family, Params, material, probabilities

Forecaster = Callable[[Params], Floats]
"""Parameters -> (n, 3) probabilities of a fold's matches, learnt from what came before them."""


def ready(family: Family, examples: Examples, weight: Floats, split: Split, seed: int) -> Forecaster:
    """One fold, ready for any number of trials.

    A pipeline's steps before the learner know no parameters of the search, and are fitted once; XGBoost's bins are
    made once. The caller limits the libraries to one thread.
    """
    x, target, weights = material(family, examples.take(split.train), weight[split.train])
    judged = examples.x[split.test]
    kind = family.build(family.start, seed)
    if isinstance(kind, Pipeline):
        return _pipeline(family, kind, (x, target, weights), judged, seed)
    if isinstance(kind, XGBClassifier):
        return _binned(family, kind, (x, target, weights), judged, seed)
    return lambda params: probabilities(family.build(params, seed).fit(x, target, **weights), judged)


def _pipeline(family: Family, kind: Pipeline, material: Any, judged: Any, seed: int) -> Forecaster:
    x, target, weights = material
    before, name = kind[:-1], kind.steps[-1][0]
    x = before.fit_transform(x)
    seen = before.transform(judged.astype(np.float64))
    weights = {argument.removeprefix(f"{name}__"): values for argument, values in weights.items()}

    def forecast(params: Params) -> Floats:
        learner = family.build(params, seed)[-1]
        return probabilities(learner.fit(x, target, **weights), seen)

    return forecast


def _binned(family: Family, kind: XGBClassifier, material: Any, judged: Any, seed: int) -> Forecaster:
    x, target, weights = material
    bins = xgboost.QuantileDMatrix(
        x, target, weight=weights.get("sample_weight"), max_bin=kind.max_bin, nthread=1
    )  # fmt: skip
    seen = xgboost.DMatrix(judged.astype(np.float64), nthread=1)

    def forecast(params: Params) -> Floats:
        learner = family.build(params, seed)
        asked = learner.get_xgb_params() | {"num_class": 3}
        p = xgboost.train(asked, bins, learner.get_num_boosting_rounds()).predict(seen).astype(np.float64)
        return np.asarray(p / p.sum(axis=1, keepdims=True))

    return forecast
