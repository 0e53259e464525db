"""The whole pool as one small ONNX graph: features in, the scores of all members out.

All members share the scale of the features, so one product serves all regressions. Each score has an ensemble of its
own trees: one that fills several scores takes a quarter longer. Trees see each feature twice, what is missing once
above all thresholds and once below, since to look for what is missing at every node takes a fifth longer. So few nodes
load at once; what follows from the scores is reckoned by touchline/domain/pooling.py. Written out by hand, because the
common converters make a graph of each member with many more nodes.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from touchline.learning.boosted import Boosted
from touchline.learning.prepared import CLIP
from touchline.learning.trees import Tree, constants, trees

INPUT: Final = "features"
OUTPUT: Final = "scores"
OPSETS: Final = {"": 15, "ai.onnx.ml": 3}
"""Old enough for every runtime in use."""
_IR_VERSION: Final = 8
_MOST: Final = np.finfo(np.float32).max
_NEXT: Final = np.nextafter(_MOST, np.float32(0.0))
"""The highest threshold and the highest value, so that what is missing goes to the right where there is no bound."""


def graph(estimators: Sequence[Any], columns: int) -> onnx.ModelProto:
    """Graph with (n, columns) 32-bit input `features` and output `scores`, those of each estimator after another.

    Args:
        estimators: with `linear`, all on one scale; some with trees.
        columns: number of features.
    """
    scale = estimators[0].linear.scale
    coefficients = np.concatenate([one.linear.coefficients for one in estimators], axis=1)
    intercepts = np.concatenate([one.linear.intercepts + _constants(one) for one in estimators])
    values = {
        "mean": scale.mean,
        "inverse": 1.0 / scale.spread,
        "low": np.array(-CLIP),
        "high": np.array(CLIP),
        "coefficients": coefficients,
        "intercepts": intercepts,
    }
    grown: dict[int, list[Tree]] = {}
    for first, one in zip(firsts(estimators), estimators, strict=True):
        for tree in trees(one) if isinstance(one, Boosted) else ():
            grown.setdefault(first + tree.target, []).append(tree)
    nodes = [
        helper.make_node("IsNaN", [INPUT], ["missing"]),
        helper.make_node("Where", ["missing", "mean", INPUT], ["known"]),
        helper.make_node("Sub", ["known", "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "inverse"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "low", "high"], ["near"]),
        helper.make_node("Gemm", ["near", "coefficients", "intercepts"], ["regressed" if grown else OUTPUT]),
    ]
    if grown:
        values |= {"places": np.eye(len(intercepts))[list(grown)]}
        values |= {"above": np.array(_MOST), "most": np.array(_NEXT), "below": np.array(-_MOST)}
        nodes += _forest(grown, columns)
    made = helper.make_graph(
        nodes,
        "touchline",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, columns])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, len(intercepts)])],
        [numpy_helper.from_array(np.asarray(value, dtype=np.float32), name) for name, value in values.items()],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(made, opset_imports=opsets, ir_version=_IR_VERSION)


def _forest(grown: dict[int, list[Tree]], columns: int) -> list[onnx.NodeProto]:
    """What the trees of each score add to what the regressions say."""
    parts = [f"added{score}" for score in grown]
    return [
        helper.make_node("Min", [INPUT, "most"], ["bounded"]),
        helper.make_node("Where", ["missing", "above", "bounded"], ["missing_above"]),
        helper.make_node("Where", ["missing", "below", "bounded"], ["missing_below"]),
        helper.make_node("Concat", ["missing_above", "missing_below"], ["twice"], axis=1),
        *(_ensemble(name, some, columns) for name, some in zip(parts, grown.values(), strict=True)),
        helper.make_node("Concat", parts, ["added"], axis=1),
        helper.make_node("Gemm", ["added", "places", "regressed"], [OUTPUT]),
    ]


def firsts(estimators: Sequence[Any]) -> list[int]:
    """Column of the first score of each estimator."""
    widths = [len(one.linear.intercepts) for one in estimators]
    return [int(first) for first in np.cumsum([0, *widths])[:-1]]


def _constants(estimator: Any) -> Any:
    return constants(estimator) if isinstance(estimator, Boosted) else 0.0


def _ensemble(name: str, grown: list[Tree], columns: int) -> onnx.NodeProto:
    """The sum of what the trees of one score add to it, (n, 1)."""
    parts = [_attributes(number, tree, columns) for number, tree in enumerate(grown)]
    attributes: dict[str, Any] = {key: [value for part in parts for value in part[key]] for key in parts[0]}
    return helper.make_node(
        "TreeEnsembleRegressor", ["twice"], [name], domain="ai.onnx.ml", name=name, n_targets=1,
        aggregate_function="SUM", post_transform="NONE", **attributes,
    )  # fmt: skip


def _attributes(number: int, tree: Tree, columns: int) -> dict[str, list[Any]]:
    """A tree; where what is missing goes to the left, which is where small values go, it looks at the second half."""
    leaves, size = np.flatnonzero(tree.leaf), len(tree.leaf)
    inner = ~tree.leaf
    return {
        "nodes_treeids": [number] * size,
        "nodes_nodeids": list(range(size)),
        "nodes_featureids": np.where(inner, tree.feature + columns * tree.missing_left, 0).tolist(),
        "nodes_modes": ["BRANCH_LEQ" if split else "LEAF" for split in inner],
        "nodes_values": np.clip(tree.threshold, -_MOST, _NEXT).tolist(),
        "nodes_truenodeids": np.where(inner, tree.left, 0).tolist(),
        "nodes_falsenodeids": np.where(inner, tree.right, 0).tolist(),
        "target_treeids": [number] * len(leaves),
        "target_nodeids": leaves.tolist(),
        "target_ids": [0] * len(leaves),
        "target_weights": tree.value[leaves].tolist(),
    }
