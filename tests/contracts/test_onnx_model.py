"""The servable bundle says what the fitted model says, and nothing broken is ever served."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from made_matches import made
from touchline.adapters.onnx_model import load
from touchline.domain.calibration import Temperature, Unchanged
from touchline.domain.pooling import FORMAT
from touchline.errors import CorruptObject, DataError, NotFound
from touchline.learning import bundle
from touchline.learning.calibrators import fit_dirichlet, fit_isotonic
from touchline.learning.card import ModelCard
from touchline.learning.fitting import FitOptions, fit
from touchline.manifest import decode, sha256

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
CARD = ModelCard(
    model_id="m1", family="any", params={}, features=4, features_sha256="", competitions=("A1",), matches=900,
    trained_from=MOMENT, trained_until=MOMENT, test_matches=0, test_from=MOMENT, test_until=MOMENT, snapshot="", seq=1,
    simulated=True, scores={}, differences={}, champion="", slices=(), calibration="", calibration_losses={},
    fold_losses={},
)  # fmt: skip
EXAMPLES = made()
ROWS = bundle.probes(made(seed=7).x)


@pytest.fixture(scope="module", params=[*FitOptions().families, "pool"])
def fitted(request):
    names = FitOptions().families if request.param == "pool" else (request.param,)
    return fit(EXAMPLES, FitOptions(trials=1, folds=2, families=names))


@pytest.fixture
def stored(ports):
    """Writes files under models/m1/ and returns their digests."""

    def write(files):
        for name, data in files.items():
            ports.store.create(f"models/m1/{name}", data)
        return {name: sha256(data) for name, data in files.items()}

    return write


@pytest.fixture(scope="module")
def files():
    return bundle.bundle_files(fit(EXAMPLES, FitOptions(trials=1, folds=2, families=("logistic",))), CARD)


@pytest.mark.parametrize("kind", ["none", "temperature", "dirichlet", "isotonic"])
def test_bundle_and_fitted_model_agree_everywhere(fitted, kind, ports, stored):
    said = fitted.predict(EXAMPLES.x), EXAMPLES.outcome
    chosen = {
        "none": Unchanged(),
        "temperature": Temperature(0.7),
        "dirichlet": fit_dirichlet(*said),
        "isotonic": fit_isotonic(*said),
    }[kind]
    mended = replace(fitted, calibration=chosen)
    model = load(ports.store, "models/m1", stored(bundle.bundle_files(mended, CARD)))
    assert (model.model_id, model.features) == ("m1", EXAMPLES.names)
    said = model.predict(ROWS)
    assert said.shape == (len(ROWS), 3)
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-9)
    assert np.max(np.abs(said - mended.predict(ROWS))) <= 1e-5
    np.testing.assert_allclose(model.both(ROWS)[1], mended.rates(ROWS), atol=1e-4)


@pytest.mark.parametrize("name", ["xgboost", "histogram"])
def test_features_on_a_threshold_go_the_same_way(ports, stored, name):
    """Two neighbouring 32-bit numbers are the only values: the border of their bins is one of them."""
    low = np.nextafter(np.float32(1.0), np.float32(2.0))
    high = np.nextafter(low, np.float32(2.0))
    x = np.zeros_like(EXAMPLES.x)
    x[:, 2] = np.where(EXAMPLES.outcome == 1, low, high)
    model = fit(replace(EXAMPLES, x=x), FitOptions(trials=1, folds=2, families=(name,)))
    servable = load(ports.store, "models/m1", stored(bundle.bundle_files(model, CARD)))
    moved = np.where(x == low, high, x)
    assert np.max(np.abs(model.predict(x) - model.predict(moved))) > 0.02
    np.testing.assert_allclose(servable.predict(x), model.predict(x), atol=1e-6)


def test_the_same_model_gives_the_same_files(fitted):
    assert bundle.bundle_files(fitted, CARD) == bundle.bundle_files(fitted, CARD)


def test_a_bundle_is_not_made_of_a_model_that_differs():
    """An estimator that answers something else than what its regression says."""
    model = fit(EXAMPLES, FitOptions(trials=1, folds=2, families=("logistic",)))
    (member,) = model.members

    class Liar(type(member.estimator)):
        def predict_proba(self, x):
            return super().predict_proba(x)[:, ::-1]

    liar = Liar(1.0)
    liar.linear = member.estimator.linear
    with pytest.raises(DataError, match="logistic differs by"):
        bundle.bundle_files(replace(model, members=(replace(member, estimator=liar),)), CARD)


def test_a_bundle_of_before_the_pool_is_refused_with_what_to_do(ports, stored, files):
    old = {name: data for name, data in files.items() if name != bundle.POOL}
    with pytest.raises(DataError, match="train again"):
        load(ports.store, "models/m1", stored(old))


def test_a_bundle_of_another_format_is_refused_with_what_to_do(ports, stored, files):
    later = files | {bundle.POOL: files[bundle.POOL].replace(f'"format":{FORMAT}'.encode(), b'"format":99')}
    assert later != files
    with pytest.raises(DataError, match=f"format 99, not {FORMAT}(.|\n)*train again"):
        load(ports.store, "models/m1", stored(later))


def test_the_card_tells_the_parity(files):
    card = decode(files[bundle.CARD], ModelCard)
    assert 0 < card.parity <= 1e-5
    features = decode(files[bundle.FEATURES], bundle.FeatureList)
    assert features.names == EXAMPLES.names
    assert features.sha256 == bundle.features_sha256(EXAMPLES.names)


def test_one_row_many_rows_and_none(ports, stored, files):
    model = load(ports.store, "models/m1/", stored(files))
    many = model.predict(ROWS)
    np.testing.assert_allclose(model.predict(ROWS[3:4]), many[3:4], atol=1e-7)
    assert model.predict(ROWS[:0]).shape == (0, 3)
    np.testing.assert_allclose(model.predict(np.resize(ROWS, (2000, 4))), np.resize(many, (2000, 3)), atol=1e-7)


def test_numbers_that_32_bits_cannot_hold_count_as_missing(ports, stored, files):
    model = load(ports.store, "models/m1", stored(files))
    huge, missing = np.array([[1e300, 1.0, 0.0, np.inf]]), np.array([[np.nan, 1.0, 0.0, np.nan]])
    np.testing.assert_array_equal(model.predict(huge), model.predict(missing))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 5)])
def test_other_columns_than_its_own_are_refused(ports, stored, files, shape):
    with pytest.raises(DataError, match="4 features a row"):
        load(ports.store, "models/m1", stored(files)).predict(np.zeros(shape))


@pytest.mark.parametrize("name", ["model.onnx", "pool.json", "calibration.json", "features.json", "card.json"])
def test_a_changed_byte_is_found(ports, stored, files, name):
    digests = stored(files | {name: files[name][:-1] + b"!"})
    with pytest.raises(CorruptObject, match=name):
        load(ports.store, "models/m1", digests | {name: sha256(files[name])})


@pytest.mark.parametrize("name", ["model.onnx", "pool.json", "calibration.json", "features.json", "card.json"])
def test_a_file_without_a_digest_or_a_digest_without_a_file(ports, stored, files, name):
    digests = stored({one: data for one, data in files.items() if one != name})
    with pytest.raises(DataError, match=f"no digest of {name}"):
        load(ports.store, "models/m1", digests)
    with pytest.raises(NotFound, match=name):
        load(ports.store, "models/m1", digests | {name: "0" * 64})


@pytest.mark.parametrize("name", ["model.onnx", "pool.json", "calibration.json", "features.json", "card.json"])
def test_files_of_something_else_are_refused(ports, stored, files, name):
    kind = CorruptObject if name == "model.onnx" else DataError
    with pytest.raises(kind, match=name):
        load(ports.store, "models/m1", stored(files | {name: b'{"type":"rubbish"}'}))


def test_serving_needs_no_table_and_no_learner():
    heavy = {"pandas", "sklearn", "scipy", "xgboost", "mlflow", "optuna", "skl2onnx", "onnx", "pyarrow", "sqlalchemy"}
    code = f"import sys, touchline.adapters.onnx_model; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
