"""What a group of features is worth: a ridge logistic regression with all features beside one without the group.

Both are fitted on the same older matches and judged on the same later ones, so the difference is paired. One matrix of
second derivatives serves all groups of a fold (Newton's method with a fixed matrix), since it barely changes where a
group is taken away; so all divisions take a minute, not an hour.
"""

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from touchline.domain import scoring, splits
from touchline.domain.feature_groups import grouped
from touchline.learning import evaluation
from touchline.learning.card import Estimate
from touchline.learning.examples import Examples, Floats, Matrix, Outcomes, require_learnable
from touchline.learning.fitting import recency_weights
from touchline.learning.tuning import Progress

VERSION: Final = "1"
"""Of the way to measure: a result of another version is not shown again."""
FOLDS: Final = 3
RIDGE: Final = 300.0
"""Penalty on the squares of the coefficients of standardised features, in matches."""
HALF_LIFE: Final = 2922.0
"""Days after which a match counts half, as where models are fitted."""
_STEPS: Final = 60
_SMALL: Final = 1e-4
"""Where no coefficient moves by more, log-losses stay the same to the sixth digit."""


class Worth(msgspec.Struct, frozen=True):
    """What a group adds: log-loss with it minus log-loss without it; below zero, the group helps."""

    group: str
    features: int
    log_loss: Estimate


class Ablation(msgspec.Struct, frozen=True):
    """Worth of each group, the most helpful first, on the n matches that were judged."""

    n: int
    log_loss: float
    """With all groups."""
    judged_from: str
    judged_until: str
    groups: tuple[Worth, ...]


@dataclass(frozen=True)
class _Fold:
    x: Floats
    """(n, k + 1) standardised, with a column of ones."""
    y: Floats
    """(n, 2) 1 where home, away won."""
    weight: Floats
    penalty: Floats
    """(2 (k + 1),)"""


def ablate(examples: Examples, say: Progress | None = None) -> Ablation:
    """Leave out one group of features after the other.

    Args:
        examples: matches with features and outcomes, in any order.
        say: told what happens.

    Raises:
        DataError: too few matches, or an outcome that never came.
    """
    require_learnable(examples)
    groups = grouped(examples.names)
    parts = splits.expanding(examples.kickoff, FOLDS)
    with threadpool_limits(1):
        losses = [_fold_losses(examples, split, groups, say) for split in parts]
    judged = np.concatenate([split.test for split in parts])
    full, without = (np.concatenate([pair[place] for pair in losses]) for place in (0, 1))
    found = evaluation.estimates(full[:, np.newaxis] - without)
    worth = [Worth(name, len(groups[name]), each) for name, each in zip(groups, found, strict=True)]
    first, last = (str(moment)[:10] for moment in (examples.kickoff[judged].min(), examples.kickoff[judged].max()))
    ordered = tuple(sorted(worth, key=lambda each: each.log_loss.value))
    return Ablation(len(judged), round(float(full.mean()), 6), first, last, ordered)


def _fold_losses(
    examples: Examples, split: splits.Split, groups: dict[str, tuple[str, ...]], say: Progress | None
) -> tuple[Floats, Floats]:
    """Log-loss of each judged match with all features (n,), and without each group (n, groups)."""
    train = examples.take(split.train)
    fold, asked = _prepared(train, examples.x[split.test])
    outcome: Outcomes = examples.outcome[split.test]
    every = np.ones(fold.x.shape[1], dtype=bool)
    full = _solve(fold, np.zeros(2 * len(every)), every)
    second = _second_derivatives(fold, full)
    without = []
    for name, members in groups.items():
        kept = np.append(~np.isin(examples.names, members), True)
        coefficients = _solve(fold, np.where(np.tile(kept, 2), full, 0.0), kept, second)
        without.append(_loss(asked, coefficients, outcome))
        if say is not None:
            say(f"learnt from {len(train)} matches without {name}")
    return _loss(asked, full, outcome), np.stack(without, axis=1)


def _prepared(train: Examples, asked: Matrix) -> tuple[_Fold, Floats]:
    """Missing values at the median, all features standardised by the matches that are learnt from."""
    known = np.where(np.isnan(train.x).all(axis=0), np.float32(0), train.x)
    middle = np.nanmedian(known, axis=0)
    filled = [np.where(np.isnan(x), middle, x).astype(np.float64) for x in (train.x, asked)]
    mean, spread = filled[0].mean(axis=0), filled[0].std(axis=0)
    x, other = (
        np.column_stack([(each - mean) / np.where(spread > 0, spread, 1.0), np.ones(len(each))]) for each in filled
    )
    y = np.stack([train.outcome == 0, train.outcome == 2], axis=1).astype(np.float64)
    penalty = np.tile(np.append(np.full(x.shape[1] - 1, RIDGE), 1e-6), 2)
    return _Fold(x, y, recency_weights(train.kickoff, HALF_LIFE), penalty), other


def _solve(fold: _Fold, start: Floats, kept: np.ndarray, second: Floats | None = None) -> Floats:
    """Coefficients (2 (k + 1),) of home and away against draw, those of columns that are not kept being 0."""
    free = np.flatnonzero(np.tile(kept, 2))
    coefficients = start.copy()
    factor = cho_factor(second[np.ix_(free, free)]) if second is not None else None
    for _ in range(_STEPS):
        matrix = factor or cho_factor(_second_derivatives(fold, coefficients)[np.ix_(free, free)])
        step = cho_solve(matrix, _slope(fold, coefficients)[free])
        coefficients[free] -= step
        if np.abs(step).max() < _SMALL:
            break
    return coefficients


def _slope(fold: _Fold, coefficients: Floats) -> Floats:
    error = fold.weight[:, np.newaxis] * (_probabilities(fold.x, coefficients)[:, [0, 2]] - fold.y)
    return np.asarray((fold.x.T @ error).T.ravel() + fold.penalty * coefficients)


def _second_derivatives(fold: _Fold, coefficients: Floats) -> Floats:
    home, _, away = _probabilities(fold.x, coefficients).T
    k = fold.x.shape[1]
    matrix = np.empty((2 * k, 2 * k))
    for row, column, curve in ((0, 0, home * (1 - home)), (0, 1, -home * away), (1, 1, away * (1 - away))):
        block = fold.x.T @ (fold.x * (fold.weight * curve)[:, np.newaxis])
        matrix[row * k : (row + 1) * k, column * k : (column + 1) * k] = block
        matrix[column * k : (column + 1) * k, row * k : (row + 1) * k] = block.T
    return matrix + np.diag(fold.penalty)


def _probabilities(x: Floats, coefficients: Floats) -> Floats:
    home, away = (x @ coefficients.reshape(2, -1).T).T
    logits = np.stack([home, np.zeros_like(home), away], axis=1)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _loss(x: Floats, coefficients: Floats, outcome: Outcomes) -> Floats:
    return scoring.log_loss(_probabilities(x, coefficients), outcome)
