"""Expected goals of both sides from features: two ridge Poisson regressions, with the low scores' correction."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import PoissonRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from touchline.domain import score_grid

Floats = NDArray[np.float64]


class GoalModel:
    """Learns how many goals each side may expect, and forecasts results through the grid of scores."""

    def __init__(self, ridge: float = 1e-3, rho: float = -0.05) -> None:
        """Strength of the ridge on standardised features, and the correction of low scores."""
        self.ridge, self.rho = ridge, rho
        self._sides: list[Any] = []

    def fit(self, x: Floats, goals: Floats, weight: Floats) -> Self:
        """Learn from (n, k) features, NaN where missing, and (n, 2) goals, rows with NaN left out."""
        known = ~np.isnan(goals).any(axis=1)
        self._sides = [
            make_pipeline(
                SimpleImputer(strategy="median", keep_empty_features=True),
                StandardScaler(),
                PoissonRegressor(alpha=self.ridge, solver="newton-cholesky"),
            ).fit(x[known], goals[known, side], poissonregressor__sample_weight=weight[known])
            for side in range(2)
        ]
        return self

    def rates(self, x: Floats) -> Floats:
        """(n, k) features -> (n, 2) expected goals, home and away."""
        with np.errstate(over="ignore"):
            return score_grid.bounded(np.stack([side.predict(x) for side in self._sides], axis=1))

    def predict_proba(self, x: Floats) -> Floats:
        """(n, k) features -> (n, 3) probabilities of home win, draw and away win."""
        return score_grid.outcomes(self.rates(x), self.rho)
