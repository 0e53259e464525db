"""Results by way of prices: a price is an outcome without its luck, so that one match teaches as much as several.

What the prices of played matches were is learnt from their features, and from that how results follow from it. A
forecast needs no price then; the errors are others than those of a regression on results.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

from touchline.domain.pooling import softmax
from touchline.learning.examples import MINIMUM, Examples, Floats
from touchline.learning.linear import Linear, fit_results, ridges
from touchline.learning.prepared import Prepared


def teaches(examples: Examples) -> bool:
    """Whether enough of the matches had a price."""
    return int(_known(examples).sum()) >= MINIMUM


class MarketModel:
    """Ridge regression of the prices' log-odds on the features."""

    linear: Linear
    """Its scores are log-odds of home win, draw and away win."""

    def __init__(self, strength: float) -> None:
        """Inverse of the ridge, as C of scikit-learn."""
        self.strength = strength

    def fit(self, prepared: Prepared) -> Self:
        """Learn from matches; from their results where prices are too few."""
        enough = teaches(prepared.examples)
        self.linear = (_fit_prices if enough else fit_results)(prepared, self.strength)
        return self

    def predict_proba(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features -> (n, 3) probabilities."""
        return softmax(self.linear.scores(x))


def _fit_prices(prepared: Prepared, strength: float) -> Linear:
    known = _known(prepared.examples)
    weight = prepared.weight * known
    total = float(weight.sum())
    share = (weight / total).astype(np.float32)
    x, prices = prepared.scaled, np.nan_to_num(prepared.examples.market)
    centre, middle = share @ x, share @ prices
    weighted = x * share[:, None]
    moments = (weighted.T @ x).astype(np.float64) - np.outer(centre, centre)
    moments += np.diag(ridges(prepared.examples.names)[:, 0] / (strength * total))
    found = solve(moments, weighted.T @ (prices - middle), assume_a="pos")
    scores = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return Linear(prepared.scale, found @ scores, (middle - centre @ found) @ scores)


def _known(examples: Examples) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(examples.market).any(axis=1))
