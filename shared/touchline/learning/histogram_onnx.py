"""HistGradientBoostingClassifier as an ONNX graph of one tree ensemble.

Written out by hand because the common converter fails on its booleans, and rounds thresholds to 32 bits in either
direction, which would send a feature that equals its threshold to the other side.
"""

from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

INPUT: Final = "features"
OUTPUT: Final = "probabilities"
OPSETS: Final = {"": 15, "ai.onnx.ml": 3}
"""The newest that all converters know."""
_IR_VERSION: Final = 8


def convert(estimator: Any, columns: int) -> onnx.ModelProto:
    """Graph with (n, columns) 32-bit input `features` and output `probabilities` (n, classes)."""
    trees = [
        _tree(predictor.nodes, number, label)
        for number, (predictor, label) in enumerate(
            (predictor, label) for step in estimator._predictors for label, predictor in enumerate(step)
        )
    ]
    attributes: dict[str, Any] = {name: [value for tree in trees for value in tree[name]] for name in trees[0]}
    classes = len(estimator.classes_)
    node = helper.make_node(
        "TreeEnsembleClassifier",
        [INPUT],
        ["label", OUTPUT],
        domain="ai.onnx.ml",
        name="trees",
        base_values=estimator._baseline_prediction.ravel().astype(float).tolist(),
        classlabels_int64s=list(range(classes)),
        post_transform="SOFTMAX",
        **attributes,
    )
    graph = helper.make_graph(
        [node],
        "touchline",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, columns])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, classes]),
        ],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)


def _tree(nodes: NDArray[Any], number: int, label: int) -> dict[str, list[Any]]:
    """Attribute lists of one tree that votes for one class."""
    leaves = np.flatnonzero(nodes["is_leaf"])
    inner = nodes["is_leaf"] == 0
    return {
        "nodes_treeids": [number] * len(nodes),
        "nodes_nodeids": list(range(len(nodes))),
        "nodes_featureids": np.where(inner, nodes["feature_idx"], 0).tolist(),
        "nodes_modes": ["BRANCH_LEQ" if split else "LEAF" for split in inner],
        "nodes_values": _not_above(np.where(inner, nodes["num_threshold"], 0.0)).tolist(),
        "nodes_truenodeids": np.where(inner, nodes["left"], 0).tolist(),
        "nodes_falsenodeids": np.where(inner, nodes["right"], 0).tolist(),
        "nodes_missing_value_tracks_true": np.where(inner, nodes["missing_go_to_left"], 0).astype(int).tolist(),
        "class_treeids": [number] * len(leaves),
        "class_nodeids": leaves.tolist(),
        "class_ids": [label] * len(leaves),
        "class_weights": nodes["value"][leaves].astype(float).tolist(),
    }


def _not_above(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Largest 32-bit numbers not above the thresholds: for a 32-bit feature, `x <= t` then means the same."""
    with np.errstate(over="ignore"):
        near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)
