"""A model of the board, asked about matches whose features were published."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from touchline.domain.forecasts import valid_probabilities
from touchline.domain.routing import Arm
from touchline.errors import Unavailable
from touchline.stages.predict_board import Board, Serving, require_published

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """A model, and the features that it is asked about."""

    serving: Serving
    values: Floats
    """(n, k) in the order of the model's features, NaN where something was not known."""

    def forecast(self) -> tuple[Floats, Floats]:
        """(n, 3) probabilities and (n, 2) expected goals, NaN where the model expects none.

        Raises:
            Unavailable: the model gives no probabilities.
        """
        chances, rates = self.serving.predictor.both(self.values)
        return checked(self.serving, chances), rates


def checked(serving: Serving, chances: Floats) -> Floats:
    """Probabilities (n, 3) of a model, if that is what they are.

    Raises:
        Unavailable: they are not.
    """
    if not valid_probabilities(chances.tolist()):
        raise Unavailable(f"model version {serving.version} gave no probabilities", hint="roll it back")
    return chances


def serving_of(board: Board, arm: Arm = "champion") -> Serving:
    """The model of an arm of the route; the champion where there is no challenger."""
    return board.serving.challenger or board.serving if arm == "challenger" else board.serving


def named(board: Board, arm: Arm = "champion") -> tuple[str, Arm]:
    """Version and arm of the model whose numbers are told: that which was published where no features were.

    Raises:
        Unavailable: there are no forecasts.
    """
    published = require_published(board)
    if published.features() is None:
        return published.model.version, "champion"
    return serving_of(board, arm).version, arm if board.serving.challenger else "champion"


def asked_of(board: Board, match_ids: Sequence[str], arm: Arm = "champion") -> Asked | None:
    """The model of an arm, and what it wants to know of published matches; None where no features were published.

    Raises:
        Unavailable: there are no forecasts, or the model wants features that were not published.
    """
    rows, serving = require_published(board).features(), serving_of(board, arm)
    if rows is None:
        return None
    try:
        return Asked(serving, rows.of(match_ids, serving.predictor.features))
    except KeyError as error:
        raise Unavailable(
            f"model version {serving.version} wants the feature {error}, which was not published",
            where=serving.model_id,
            hint="train and promote a model with this version of Touchline",
        ) from error
