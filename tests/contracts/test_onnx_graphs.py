"""The graphs behind the bundle: same bytes for the same model, nothing of the machine in them, right on every row."""

import numpy as np
import onnx
import onnxruntime
import pytest
from threadpoolctl import threadpool_limits

from made_matches import made
from touchline.domain.pooling import softmax
from touchline.learning import bundle
from touchline.learning.examples import Examples
from touchline.learning.families import FAMILIES, family, fit_estimator, probabilities
from touchline.learning.fitting import FitOptions, fit
from touchline.learning.graph import graph as graph_of

EXAMPLES = made(600)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As the caller of a fit does: OpenMP's threads spin while they wait, on a busy machine for long."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module", params=[*FAMILIES, "pool"])
def fitted(request):
    names = tuple(FAMILIES) if request.param == "pool" else (request.param,)
    return fit(EXAMPLES, FitOptions(trials=1, folds=2, families=names))


@pytest.fixture(scope="module")
def graph(fitted):
    return onnx.load_from_string(bundle.convert(fitted))


def ask(model, x):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(["scores"], {"features": x.astype(np.float32)})[0]


def test_input_and_output_have_the_agreed_names_and_shapes(graph, fitted):
    (features,), (scores,) = graph.graph.input, graph.graph.output
    assert (features.name, scores.name) == ("features", "scores")
    assert features.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert features.type.tensor_type.shape.dim[1].dim_value == len(EXAMPLES.names)
    width = sum(2 if member.family == "goals" else 3 for member in fitted.members)
    assert scores.type.tensor_type.shape.dim[1].dim_value == width


def test_the_graph_is_small(graph, fitted):
    """An ensemble for each score of members with trees, and few nodes beside them."""
    with_trees = sum(member.family in ("xgboost", "histogram") for member in fitted.members)
    operators = [node.op_type for node in graph.graph.node]
    assert operators.count("TreeEnsembleRegressor") == 3 * with_trees
    assert len(operators) <= 12 + 3 * with_trees


def test_nothing_tells_who_made_it(graph):
    assert (graph.producer_name, graph.producer_version, graph.doc_string, graph.domain) == ("", "", "", "")
    assert (graph.graph.name, graph.graph.doc_string) == ("touchline", "")
    assert len(graph.metadata_props) == 0


def test_operators_are_of_versions_that_old_runtimes_know(graph):
    versions = {one.domain: one.version for one in graph.opset_import}
    assert versions[""] <= 15
    assert versions["ai.onnx.ml"] <= 3
    assert graph.ir_version <= 8


def test_the_number_of_rows_is_free(graph):
    model = graph.SerializeToString()
    for rows in (0, 1, 7):
        assert len(ask(model, np.zeros((rows, len(EXAMPLES.names))))) == rows


def test_members_and_the_whole_say_the_same_everywhere(fitted):
    found = bundle.parities(fitted, bundle.convert(fitted))
    assert {*(member.family for member in fitted.members), "the whole"} <= set(found)
    assert max(found.values()) <= 1e-5


def trees(name, x, outcome, **params):
    examples = Examples(
        x.astype(np.float32), tuple(f"c{place}" for place in range(x.shape[1])), outcome.astype(np.int8),
        made(len(x)).kickoff, made(len(x)).competition, made(len(x)).goals, made(len(x)).market,
    )  # fmt: skip
    return examples, fit_estimator(family(name), family(name).start | params, examples, np.ones(len(x)), seed=0)


def converted(estimator, x):
    return softmax(ask(graph_of([estimator], x.shape[1]).SerializeToString(), x))


DEEP = {
    "histogram": {"max_leaf_nodes": 31, "min_samples_leaf": 2, "l2_regularization": 0.0, "learning_rate": 0.3},
    "xgboost": {"max_depth": 8, "min_child_weight": 0.1, "reg_lambda": 0.0, "learning_rate": 0.3},
}


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("seed", range(3))
def test_trees_of_any_shape_say_the_same(name, seed):
    """Deep trees on features with ties, gaps, steps and far-off values."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(500, 6)) * 10.0 ** rng.integers(-6, 6, 6)
    x[:, 0] = rng.integers(0, 3, 500)
    x[:, 1] = np.round(x[:, 1], 1)
    x[rng.random(x.shape) < 0.2] = np.nan
    examples, estimator = trees(name, x, rng.integers(0, 3, 500), **DEEP[name])
    asked = np.concatenate([examples.x, bundle.probes(examples.x)])
    assert np.max(np.abs(estimator.added(estimator.bins.apply(examples.x)))) > 0.5
    np.testing.assert_allclose(converted(estimator, asked), probabilities(estimator, asked), atol=2e-6)


@pytest.mark.parametrize("name", DEEP)
def test_missing_values_take_the_side_that_was_learnt(name):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, 1))
    outcome = rng.integers(0, 3, 900)
    x[outcome == 0] = np.nan
    examples, estimator = trees(name, x, outcome, **DEEP[name])
    missing = np.array([[np.nan]])
    said = converted(estimator, missing)[0]
    assert said[0] > 0.8
    np.testing.assert_allclose(said, probabilities(estimator, missing)[0], atol=1e-6)
    assert converted(estimator, examples.x[outcome == 1][:1])[0, 0] < 0.2


@pytest.mark.parametrize("name", DEEP)
def test_a_feature_that_says_nothing_leaves_the_shares(name):
    outcome = np.repeat([0, 1, 2], (300, 200, 100))
    _, estimator = trees(name, np.zeros((600, 2)), outcome)
    said = converted(estimator, np.zeros((1, 2)))
    np.testing.assert_allclose(said, probabilities(estimator, np.zeros((1, 2))), atol=1e-6)
    np.testing.assert_allclose(said[0], [1 / 2, 1 / 3, 1 / 6], atol=0.01)


def test_probes_cover_what_can_come():
    sample = EXAMPLES.x[:50]
    x = bundle.probes(sample)
    assert x.dtype == np.float32
    assert np.isnan(x).all(axis=1).any()
    assert (x == 0).all(axis=1).any()
    spread = np.nanmax(sample, axis=0) - np.nanmin(sample, axis=0)
    assert np.all(np.nanmax(x, axis=0) > np.nanmax(sample, axis=0) + 5 * spread)
    assert np.all(np.nanmin(x, axis=0) < np.nanmin(sample, axis=0) - 5 * spread)
    np.testing.assert_array_equal(x[:50], sample)
    np.testing.assert_array_equal(x, bundle.probes(sample))


def test_feature_lists_are_told_apart_by_order():
    names = EXAMPLES.names
    assert bundle.features_sha256(names) == bundle.features_sha256(tuple(names))
    assert bundle.features_sha256(names) != bundle.features_sha256(names[::-1])
