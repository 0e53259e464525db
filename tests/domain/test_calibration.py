"""Calibrations: valid probabilities out, order kept, the same after a trip through JSON."""

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.calibration import (
    FLOOR,
    TEMPERATURES,
    Dirichlet,
    Isotonic,
    Temperature,
    Unchanged,
    decode,
    encode,
)


@st.composite
def curves(draw):
    """Knots and values of one class."""
    knots = sorted(draw(st.lists(st.floats(0, 1), min_size=1, max_size=8, unique=True)))
    values = sorted(draw(st.lists(st.floats(0, 1), min_size=len(knots), max_size=len(knots))))
    return tuple(knots), tuple(values)


isotonics = st.tuples(curves(), curves(), curves()).map(
    lambda three: Isotonic(tuple(one[0] for one in three), tuple(one[1] for one in three))
)
temperatures = st.floats(*TEMPERATURES).map(Temperature)
calibrations = st.one_of(st.just(Unchanged()), temperatures, isotonics)
probabilities = arrays.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.floats(0.001, 1)).map(
    lambda raw: raw / raw.sum(axis=1, keepdims=True)
)


@given(calibrations, probabilities)
def test_probabilities_stay_probabilities(calibration, p):
    mended = calibration.apply(p)
    assert mended.shape == p.shape
    assert np.all(mended >= 0)
    np.testing.assert_allclose(mended.sum(axis=1), 1, atol=1e-9)


@given(calibrations)
def test_json_and_back_is_the_same_calibration(calibration):
    assert decode(encode(calibration)) == calibration
    assert encode(decode(encode(calibration))) == encode(calibration)


@given(isotonics, st.integers(0, 2), st.lists(st.floats(0, 1), min_size=2, max_size=10))
def test_an_isotonic_curve_never_falls(calibration, column, values):
    rising = calibration.curve(np.sort(values), column)
    assert np.all(np.diff(rising) >= 0)


@given(isotonics, st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_more_for_an_outcome_never_gives_it_less(calibration, first, second):
    """With the other two in the same proportion on the way to their curves, so only the first class moves."""
    low, high = sorted((first, second))
    others = (0.3, 0.2)
    raised = [calibration.apply([[home, *others]])[0, 0] for home in (low, high)]
    assert raised[0] <= raised[1] + 1e-12


@given(temperatures, probabilities)
def test_a_temperature_keeps_the_order_of_the_three(calibration, p):
    mended = calibration.apply(p)
    for before, after in zip(p, mended, strict=True):
        assert np.all(np.diff(after[np.argsort(before)]) >= -1e-12)


@given(probabilities)
def test_temperature_one_changes_only_what_is_certain(p):
    np.testing.assert_allclose(Temperature(1.0).apply(p), p, atol=3 * FLOOR)


@given(st.floats(1.01, 5), probabilities)
def test_above_one_a_temperature_makes_cautious(temperature, p):
    assert np.all(Temperature(temperature).apply(p).max(axis=1) <= p.max(axis=1) + 1e-12)
    assert np.all(Temperature(1 / temperature).apply(p).max(axis=1) >= p.max(axis=1) - 3 * FLOOR)


def test_unchanged_changes_nothing():
    p = np.array([[1.0, 0.0, 0.0]])
    assert Unchanged().apply(p).tolist() == p.tolist()


@pytest.mark.parametrize(
    "calibration", [Temperature(0.5), Isotonic(((0.0, 1.0),) * 3, ((0.0, 1.0),) * 3)], ids=["temperature", "isotonic"]
)
def test_no_calibration_says_never_or_always(calibration):
    p = calibration.apply([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert np.all((p > 0) & (p < 1))


def test_between_knots_straight_and_beyond_them_flat():
    calibration = Isotonic(promised=((0.2, 0.6),) * 3, came=((0.1, 0.5),) * 3)
    assert calibration.curve([0.0, 0.2, 0.4, 0.6, 1.0], 1).round(9).tolist() == [0.1, 0.1, 0.3, 0.5, 0.5]


def test_all_classes_flat_at_zero_share_alike():
    calibration = Isotonic(promised=((0.5,),) * 3, came=((0.0,),) * 3)
    np.testing.assert_allclose(calibration.apply([[0.7, 0.2, 0.1]]), 1 / 3)


@pytest.mark.parametrize("temperature", [0.0, -1.0, 0.1, 7.0, float("nan"), float("inf")])
def test_a_temperature_beyond_reason_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature"):
        Temperature(temperature)


@pytest.mark.parametrize(
    ("promised", "came"),
    [
        ((0.1, 0.2), (0.1,)),
        ((), ()),
        ((0.2, 0.1), (0.1, 0.2)),
        ((0.1, 0.1), (0.1, 0.2)),
        ((0.1, 0.2), (0.2, 0.1)),
    ],
    ids=["lengths", "empty", "falling knots", "equal knots", "falling values"],
)
def test_a_curve_that_does_not_rise_is_refused(promised, came):
    with pytest.raises(ValueError, match="knots rising"):
        Isotonic(promised=(promised,) * 3, came=(came,) * 3)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b'{"type":"magic"}', b'{"type":"temperature"}', b'{"type":"temperature","temperature":-1}',
        b'{"type":"isotonic","promised":[[0.1],[0.1]],"came":[[0.1],[0.1]]}',
    ],
)  # fmt: skip
def test_what_is_no_calibration_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        decode(data)


def test_a_dirichlet_calibration_holds_numbers_only() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        Dirichlet(((1.0, 0.0, 0.0), (0.0, float("nan"), 0.0), (0.0, 0.0, 1.0)), (0.0, 0.0, 0.0))
