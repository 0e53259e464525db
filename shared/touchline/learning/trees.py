"""Trees of both libraries in one plain form, on features instead of bins: what an ONNX tree ensemble is made of."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from touchline.learning.boosted import Boosted, Histogram, Xgboost
from touchline.learning.examples import Matrix
from touchline.learning.prepared import Bins

Ints = NDArray[np.int64]
FARTHEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Tree:
    """One tree that adds to the score of one class; all arrays by node, the root first.

    A row goes left where its feature is at most the threshold, or is missing and `missing_left` holds.
    """

    target: int
    leaf: NDArray[np.bool_]
    feature: Ints
    threshold: Matrix
    left: Ints
    right: Ints
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    """Of leaves."""


def trees(estimator: Boosted) -> Iterator[Tree]:
    """All trees of an estimator."""
    if isinstance(estimator, Xgboost):
        yield from _xgboost(estimator)
    elif isinstance(estimator, Histogram):
        yield from _histogram(estimator)


def constants(estimator: Boosted) -> NDArray[np.float64]:
    """(3,) what an estimator adds to every score beside its trees."""
    if isinstance(estimator, Histogram):
        return np.array([np.ravel(model._baseline_prediction)[0] for model in estimator.models], dtype=np.float64)
    return np.zeros(3)


def _xgboost(estimator: Xgboost) -> Iterator[Tree]:
    model = json.loads(estimator.model.get_booster().save_raw("json"))["learner"]["gradient_booster"]["model"]
    for tree, target in zip(model["trees"], model["tree_info"], strict=True):
        left, right = (np.array(tree[f"{side}_children"], dtype=np.int64) for side in ("left", "right"))
        split = np.array(tree["split_conditions"], dtype=np.float64)
        columns = np.array(tree["split_indices"], dtype=np.int64)
        # A row goes left whose bin is less than the condition, so at most the whole number below it.
        yield _tree(
            target, left < 0, columns, np.ceil(split) - 1, (left, right), np.array(tree["default_left"]) > 0, split,
            estimator.bins,
        )  # fmt: skip


def _histogram(estimator: Histogram) -> Iterator[Tree]:
    for target, model in enumerate(estimator.models):
        for step in model._predictors:
            nodes: Any = step[0].nodes
            below = np.floor(np.clip(nodes["num_threshold"], -1.0, FARTHEST))
            yield _tree(
                target, nodes["is_leaf"] > 0, nodes["feature_idx"].astype(np.int64), below,
                (nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)), nodes["missing_go_to_left"] > 0,
                nodes["value"].astype(np.float64), estimator.bins,
            )  # fmt: skip


def _tree(
    target: int, leaf: NDArray[np.bool_], columns: Ints, code: NDArray[np.float64], children: tuple[Ints, Ints],
    missing_left: NDArray[np.bool_], value: NDArray[np.float64], bins: Bins,
) -> Tree:  # fmt: skip
    """Bins up to a code become features up to the border above that bin: a bin's number counts borders below."""
    threshold = np.zeros(len(leaf), dtype=np.float32)
    for node in np.flatnonzero(~leaf):
        threshold[node] = _border(bins.borders[columns[node]], code[node])
    feature = np.where(leaf, 0, bins.columns[np.where(leaf, 0, columns)])
    return Tree(target, leaf, feature, threshold, *children, missing_left, value)


def _border(borders: Matrix, code: float) -> float:
    if code < 0:
        return -FARTHEST
    return float(borders[int(code)]) if code < len(borders) else FARTHEST
