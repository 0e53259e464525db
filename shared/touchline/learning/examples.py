"""Played matches as a learner sees them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from touchline.domain.splits import Moments, Rows
from touchline.domain.uses import allowed, level
from touchline.domain.vocabulary import OUTCOMES
from touchline.errors import DataError

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Outcomes = NDArray[np.int8]
Competitions = NDArray[np.object_]
MINIMUM = 60
"""Fewer matches than this are not learnt from: three folds of them say nothing."""


@dataclass(frozen=True)
class Examples:
    """Features and outcomes of the same n matches, in any order.

    `x` is (n, k) and kept in 32 bits, as the servable model will see it; missing values are NaN. `outcome` is 0 home,
    1 draw, 2 away. `kickoff` is datetime64 in UTC. `goals` is (n, 2), home and away, NaN where unknown. `market` is
    (n, 2), what the price of the played match teaches (`market.lessons`), NaN where there was none; never a feature.
    """

    x: Matrix
    names: tuple[str, ...]
    outcome: Outcomes
    kickoff: Moments
    competition: Competitions
    goals: Floats
    market: Floats

    def __post_init__(self) -> None:
        beside = (self.outcome, self.kickoff, self.competition, self.goals, self.market)
        shapes = {self.x.shape[0], *map(len, beside)}
        pairs = {self.goals.shape[1:], self.market.shape[1:]}
        if len(shapes) != 1 or self.x.shape[1] != len(self.names) or pairs != {(2,)}:
            raise ValueError(f"{self.x.shape} features, {len(self.names)} names, row counts {sorted(shapes)}")

    def __len__(self) -> int:
        return len(self.outcome)

    def take(self, rows: Rows) -> "Examples":
        """The same columns of some rows, in the order asked for."""
        return Examples(
            self.x[rows], self.names, self.outcome[rows], self.kickoff[rows], self.competition[rows], self.goals[rows],
            self.market[rows],
        )  # fmt: skip

    def only(self, names: tuple[str, ...]) -> "Examples":
        """The same matches with some of the columns, in the order asked for.

        Raises:
            DataError: there is no such feature.
        """
        if names == self.names:
            return self
        missing = sorted(set(names) - set(self.names))
        if missing:
            raise DataError(f"{len(missing)} features are missing, {missing[0]} is the first", hint="make them again")
        return replace(self, x=self.x[:, [self.names.index(name) for name in names]], names=names)

    def column(self, name: str) -> Matrix:
        """One feature.

        Raises:
            DataError: there is no such feature.
        """
        if name not in self.names:
            raise DataError(f"no feature {name!r}", hint=f"there are {', '.join(self.names[:8])} ...")
        return self.x[:, self.names.index(name)]


def taught(market: Floats, names: tuple[str, ...]) -> Floats:
    """What prices teach, where features of these names may know prices of earlier matches; unknown elsewhere."""
    return market if allowed("past_prices", level(names)) else np.full_like(market, np.nan)


def as_matrix(values: NDArray[np.floating]) -> Matrix:
    """Features in the 32 bits that training and serving share; what does not fit becomes missing."""
    with np.errstate(over="ignore"):
        x = np.asarray(values, dtype=np.float32)
    return np.where(np.isinf(x), np.float32(np.nan), x)


def require_learnable(examples: Examples) -> None:
    """Check that there is something to learn from.

    Raises:
        DataError: too few matches, or an outcome that never came.
    """
    if len(examples) < MINIMUM:
        raise DataError(
            f"{len(examples)} matches are too few to learn from (at least {MINIMUM})", hint="load more seasons"
        )
    missing = [name for code, name in enumerate(OUTCOMES) if not np.any(examples.outcome == code)]
    if missing:
        raise DataError(f"no match ended with outcome {' or '.join(missing)}", hint="check the scores of the source")
