"""Expected goals of both sides from features: two ridge Poisson regressions, with the correction of low scores."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from touchline.domain import score_grid
from touchline.domain.joint_goals import RHO
from touchline.domain.pooling import rates_of
from touchline.learning.examples import Floats
from touchline.learning.linear import Linear, fit_goals
from touchline.learning.prepared import Prepared


class GoalModel:
    """Learns how many goals each side may expect, and forecasts results through the grid of scores."""

    linear: Linear
    """Its scores are logarithms of expected goals, home and away."""

    def __init__(self, strength: float, rho: float = RHO) -> None:
        """Inverse of the ridge as C of scikit-learn, and the correction of low scores."""
        self.strength, self.rho = strength, rho

    def fit(self, prepared: Prepared) -> Self:
        """Learn from matches whose goals are known."""
        self.linear = fit_goals(prepared, self.strength)
        return self

    def rates(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features -> (n, 2) expected goals, home and away."""
        return rates_of(self.linear.scores(x))

    def predict_proba(self, x: NDArray[np.floating]) -> Floats:
        """(n, k) features -> (n, 3) probabilities of home win, draw and away win."""
        return score_grid.outcomes(self.rates(x), self.rho)
