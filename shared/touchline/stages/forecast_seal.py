"""Ask a model about the coming fixtures, and seal what it says in the ledger."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from touchline.domain import score_grid
from touchline.domain.feature_rows import row_hash
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.forecasts import valid_probabilities
from touchline.domain.routing import Arm
from touchline.errors import DataError
from touchline.ports import Forecast, Predictor
from touchline.work import Ports


@dataclass(frozen=True)
class Author:
    """A model that forecasts, as the ledger knows it."""

    predictor: Predictor
    version: str
    promotion: int
    arm: Arm = "champion"


def seal(ports: Ports, due: pd.DataFrame, author: Author, seq: int, values: "np.ndarray[Any, Any]") -> list[Forecast]:
    """Seal what a model says of fixtures; the rows that stand, those left out that came too late.

    Args:
        ports: all that may be touched.
        due: the fixtures, each with the `deadline` of its sealing.
        author: the model.
        seq: number of the features.
        values: (n, k) the features that it asks for, as `asked_of` gives them.

    Raises:
        DataError: it gave no probabilities.
    """
    probabilities, keys = _probabilities(author, values), due[["match_id", "deadline"]]
    forecasts = [
        Forecast(
            match_id=row.match_id,
            model_version=author.version,
            promotion=author.promotion,
            seq=seq,
            kickoff=row.deadline.to_pydatetime(),
            home=home, draw=draw, away=away,
            features_hash=row_hash(asked),
            mode=ports.clock.mode,
        )
        for row, (home, draw, away), asked in zip(keys.itertuples(), probabilities, values, strict=True)
    ]  # fmt: skip
    return ports.ledger.seal(forecasts, ports.clock.now())


def rates_of(author: Author, due: pd.DataFrame, values: "np.ndarray[Any, Any]") -> dict[str, tuple[float, float]]:
    """Expected goals of home and away by match, of those of which the model expects any."""
    _, rates = author.predictor.both(values)
    known = np.isfinite(rates).all(axis=1)
    bounded = score_grid.bounded(rates[known]).tolist()
    return {match: (home, away) for match, (home, away) in zip(due["match_id"][known], bounded, strict=True)}


def asked_of(author: Author, due: pd.DataFrame, where: str) -> "np.ndarray[Any, Any]":
    """The features that a model learnt from, in its order.

    Raises:
        DataError: it learnt from features that are not made, or not there.
    """
    predictor = author.predictor
    unknown = sorted(set(predictor.features) - set(FEATURE_NAMES))
    if unknown:
        told = f"was trained on {len(unknown)} features that this version does not make"
        raise DataError(
            f"the {author.arm} {predictor.model_id} {told}",
            where="features.json",
            hint="train a model on the current features and promote it",
            details=tuple(unknown[:10]),
        )
    missing = [name for name in predictor.features if name not in due]
    if missing:
        raise DataError(
            f"{len(missing)} features are missing, {missing[0]} is the first",
            where=where,
            hint="make the features again with this version: replay the newest validated publication",
        )
    return np.asarray(due[list(predictor.features)], dtype=np.float64)


def _probabilities(author: Author, values: "np.ndarray[Any, Any]") -> list[list[float]]:
    rows: list[list[float]] = author.predictor.predict(values).tolist()
    if not valid_probabilities(rows):
        raise DataError(f"the {author.arm} gave rows that are no probabilities", where=author.predictor.model_id)
    return rows
