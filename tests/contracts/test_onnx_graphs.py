"""The graphs behind the bundle: same bytes for the same model, nothing of the machine in them, right on every row."""

import numpy as np
import onnx
import onnxruntime
import pytest

from made_matches import made
from touchline.learning import bundle, histogram_onnx
from touchline.learning.examples import Examples
from touchline.learning.families import family, fit_estimator, probabilities
from touchline.learning.fitting import FitOptions, fit

EXAMPLES = made(600)


@pytest.fixture(scope="module", params=FitOptions().families)
def graph(request):
    fitted = fit(EXAMPLES, FitOptions(trials=1, folds=2, families=(request.param,)))
    return onnx.load_from_string(bundle.convert(fitted))


def ask(model, x):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {"features": x.astype(np.float32)})[0]


def test_input_and_output_have_the_agreed_names_and_shapes(graph):
    (features,) = graph.graph.input
    assert features.name == "features"
    assert features.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert features.type.tensor_type.shape.dim[1].dim_value == len(EXAMPLES.names)
    assert "probabilities" in [one.name for one in graph.graph.output]


def test_nothing_tells_who_made_it(graph):
    assert (graph.producer_name, graph.producer_version, graph.doc_string, graph.domain) == ("", "", "", "")
    assert (graph.graph.name, graph.graph.doc_string) == ("touchline", "")
    assert len(graph.metadata_props) == 0


def test_operators_are_of_versions_that_old_runtimes_know(graph):
    versions = {one.domain: one.version for one in graph.opset_import}
    assert versions.get("", 0) <= 15  # the boosted trees need no operator of the general set
    assert versions["ai.onnx.ml"] <= 3
    assert graph.ir_version <= 8


def test_the_number_of_rows_is_free(graph):
    model = graph.SerializeToString()
    for rows in (0, 1, 7):
        assert ask(model, np.zeros((rows, len(EXAMPLES.names)))).shape == (rows, 3)


def histogram(x, outcome, **params):
    start = family("histogram").start | params
    examples = Examples(
        x.astype(np.float32), tuple(f"c{place}" for place in range(x.shape[1])), outcome.astype(np.int8),
        made(len(x)).kickoff, made(len(x)).competition, made(len(x)).goals,
    )  # fmt: skip
    return examples, fit_estimator(family("histogram"), start, examples, np.ones(len(x)), seed=0)


@pytest.mark.parametrize("seed", range(4))
def test_trees_of_any_shape_say_the_same(seed):
    """Deep trees on features with ties, gaps, steps and far-off values."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(500, 6)) * 10.0 ** rng.integers(-6, 6, 6)
    x[:, 0] = rng.integers(0, 3, 500)
    x[:, 1] = np.round(x[:, 1], 1)
    x[rng.random(x.shape) < 0.2] = np.nan
    outcome = rng.integers(0, 3, 500)
    examples, estimator = histogram(
        x, outcome, max_leaf_nodes=31, min_samples_leaf=2, max_iter=30, l2_regularization=0.0
    )
    model = histogram_onnx.convert(estimator, 6).SerializeToString()
    asked = np.concatenate([examples.x, bundle.probes(examples.x)])
    np.testing.assert_allclose(ask(model, asked), probabilities(estimator, asked), atol=2e-6)


def test_missing_values_take_the_side_that_was_learnt():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, 1))
    outcome = rng.integers(0, 3, 900)
    x[outcome == 0] = np.nan
    examples, estimator = histogram(x, outcome)
    model = histogram_onnx.convert(estimator, 1).SerializeToString()
    missing = ask(model, np.array([[np.nan]]))[0]
    assert missing[0] > 0.8
    np.testing.assert_allclose(missing, probabilities(estimator, np.array([[np.nan]]))[0], atol=1e-6)
    assert ask(model, examples.x[outcome == 1][:1])[0, 0] < 0.2


def test_a_feature_that_says_nothing_leaves_a_tree_of_one_leaf():
    outcome = np.repeat([0, 1, 2], (300, 200, 100))
    _, estimator = histogram(np.zeros((600, 2)), outcome)
    said = ask(histogram_onnx.convert(estimator, 2).SerializeToString(), np.zeros((1, 2)))[0]
    np.testing.assert_allclose(said, [1 / 2, 1 / 3, 1 / 6], atol=1e-3)


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
