"""Boosted trees that start from the logistic regression's log-odds, and so only learn what it leaves over.

Trees alone need hundreds of steps to say what a regression says with one number a column, and say it worse. What a
regression leaves over lies in few columns: those whose bins, one by one, it forecasts least well.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from xgboost import XGBClassifier

from touchline.domain.pooling import softmax
from touchline.learning.examples import Floats, Matrix
from touchline.learning.linear import Linear, fit_results
from touchline.learning.prepared import BINS, Bins, Prepared, bins

START_STRENGTH = 0.005
"""Ridge of the regression to start from, as the C of scikit-learn."""
COLUMNS = 32
"""Columns that trees look at."""
_LOOKED_AT = 20_000
"""Newest matches by which the columns are chosen."""
_LEAST_VARIANCE = 0.02
"""Of an outcome, so that no single match outweighs the others."""


@dataclass(frozen=True)
class Start:
    """The regression to start from, and the matches as trees see them."""

    linear: Linear
    bins: Bins
    scores: Floats
    """(n, 3) log-odds of the matches to learn from."""
    codes: Matrix
    """(n, COLUMNS) numbers of their bins."""


def start(prepared: Prepared) -> Start:
    """Learn the regression, choose the columns, and put the matches into bins; once for all kinds of trees."""
    return prepared.once("start", lambda: _start(prepared))


class Boosted(ABC):
    """What both kinds of trees share: they add to the scores of a regression."""

    linear: Linear
    bins: Bins

    def predict_proba(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features -> (n, 3) probabilities."""
        return softmax(self.linear.scores(x) + self.added(self.bins.apply(x)))

    @abstractmethod
    def added(self, codes: Matrix) -> Floats:
        """(n, COLUMNS) numbers of bins -> (n, 3) what the trees add to the scores."""


class Xgboost(Boosted):
    """XGBoost's trees, three a step."""

    def __init__(self, params: dict[str, Any], seed: int) -> None:
        """Parameters as XGBClassifier calls them."""
        self.model = XGBClassifier(
            **params,
            objective="multi:softprob",
            tree_method="hist",
            max_bin=BINS + 2,
            subsample=0.5,
            random_state=seed,
            n_jobs=1,
        )

    def fit(self, prepared: Prepared) -> Self:
        """Learn from matches."""
        begun, outcome, weight = start(prepared), prepared.outcome, prepared.weight
        self.linear, self.bins = begun.linear, begun.bins
        self.model.fit(begun.codes, outcome, sample_weight=weight, base_margin=begun.scores)
        return self

    def added(self, codes: Matrix) -> Floats:
        """(n, COLUMNS) numbers of bins -> (n, 3) what the trees add to the scores."""
        nothing = np.zeros((len(codes), 3), dtype=np.float32)
        return np.asarray(
            self.model.predict(codes, output_margin=True, base_margin=nothing), dtype=np.float64
        )  # fmt: skip


class Histogram(Boosted):
    """Scikit-learn's trees, one forest for each outcome.

    Its classifier starts from nothing but shares. So its regression learns the one step of LogitBoost (Friedman, Hastie
    and Tibshirani 2000) from the starting point: what came minus what was forecast, by the variance of the forecast.
    """

    def __init__(self, params: dict[str, Any], seed: int) -> None:
        """Parameters as HistGradientBoostingRegressor calls them."""
        self.models = [
            HistGradientBoostingRegressor(**params, early_stopping=False, max_bins=BINS + 2, random_state=seed + place)
            for place in range(3)
        ]

    def fit(self, prepared: Prepared) -> Self:
        """Learn from matches."""
        begun, outcome, weight = start(prepared), prepared.outcome, prepared.weight
        self.linear, self.bins = begun.linear, begun.bins
        p = softmax(begun.scores)
        codes = _anchored(begun.codes)
        for place, model in enumerate(self.models):
            variance = np.maximum(p[:, place] * (1 - p[:, place]), _LEAST_VARIANCE)
            model.fit(codes, ((outcome == place) - p[:, place]) / variance, sample_weight=weight * variance)
        return self

    def added(self, codes: Matrix) -> Floats:
        """(n, COLUMNS) numbers of bins -> (n, 3) what the trees add to the scores."""
        return np.stack([model.predict(codes) for model in self.models], axis=1)


def _start(prepared: Prepared) -> Start:
    linear = fit_results(prepared, START_STRENGTH)
    scores = prepared.scaled @ linear.coefficients + linear.intercepts
    found = bins(prepared.examples.x, _worst(prepared, softmax(scores)))
    return Start(linear, found, scores, found.apply(prepared.examples.x))


def _worst(prepared: Prepared, p: Floats) -> NDArray[np.int64]:
    """Columns in whose bins what came differs most from the forecasts, by their variance; all if they are few."""
    rows = np.sort(np.argsort(prepared.weight, kind="stable")[-_LOOKED_AT:])
    x, p, weight = prepared.examples.x[rows], p[rows], prepared.weight[rows, None]
    left, variance = weight * (np.eye(3)[prepared.outcome[rows]] - p), weight * p * (1 - p)
    codes = bins(x, np.arange(x.shape[1])).apply(x)
    gain = [_gain(np.nan_to_num(code, nan=BINS + 1).astype(np.int64), left, variance) for code in codes.T]
    return np.sort(np.argsort(gain, kind="stable")[::-1][:COLUMNS])


def _gain(code: NDArray[np.int64], left: Floats, variance: Floats) -> float:
    sums = [np.stack([np.bincount(code, part[:, place], BINS + 2) for place in range(3)]) for part in (left, variance)]
    return float(np.sum(sums[0] ** 2 / (sums[1] + 1e-9)))


def _anchored(codes: Matrix) -> Matrix:
    """A zero in the first row of columns that are missing everywhere: scikit-learn finds no bins for none at all."""
    empty = np.isnan(codes).all(axis=0)
    if empty.any():
        codes = codes.copy()
        codes[0, empty] = 0.0
    return codes
