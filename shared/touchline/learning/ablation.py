"""What a group of features is worth: the regression among our families with all features, beside one without the group.

Both are fitted on the same older matches and judged on the same later ones, so the difference is paired.
"""

from typing import Final

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits

from touchline.domain import scoring, splits
from touchline.domain.feature_groups import grouped
from touchline.learning import evaluation
from touchline.learning.card import Estimate
from touchline.learning.examples import Examples, Floats, require_learnable
from touchline.learning.families import family
from touchline.learning.fitting import FitOptions, recency_weights
from touchline.learning.prepared import Prepared
from touchline.learning.tuning import Progress

VERSION: Final = "2"
"""Of the way to measure: a result of another version is not shown again."""
FOLDS: Final = 3


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
    train, asked = examples.take(split.train), examples.take(split.test)
    weight = recency_weights(train.kickoff, FitOptions().half_life_days)
    without = []
    for name, members in groups.items():
        kept = tuple(each for each in examples.names if each not in members)
        without.append(_losses(train.only(kept), asked.only(kept), weight))
        if say is not None:
            say(f"learnt from {len(train)} matches without {name}")
    return _losses(train, asked, weight), np.stack(without, axis=1)


def _losses(train: Examples, asked: Examples, weight: Floats) -> Floats:
    """Of each match asked for, by the regression that is one of our families as well."""
    learner = family("logistic")
    fitted = learner.build(learner.start, 0).fit(Prepared(train, weight))
    return scoring.log_loss(fitted.predict_proba(asked.x), asked.outcome)
