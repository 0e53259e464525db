"""What a browser evaluated is kept with the page, whatever either of them holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.errors import DataError
from touchline.sources.captured import page_of, values_of, with_values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
EXPRESSIONS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.binary(), st.dictionaries(EXPRESSIONS, JSON, min_size=1, max_size=3))
def test_both_come_back_as_they_were(body: bytes, values: dict[str, object]):
    kept = with_values(body, {name: json.dumps(value) for name, value in values.items()})
    assert values_of(kept) == values
    assert page_of(kept) == body


@given(st.binary())
def test_a_page_without_values_stays_as_it_is(body: bytes):
    assert with_values(body, {}) == body == page_of(body)


def test_a_value_cannot_end_its_element():
    kept = with_values(b"<html></html>", {"x": json.dumps("</script><script>alert(1)")})
    assert kept.count(b"</script>") == 1
    assert values_of(kept) == {"x": "</script><script>alert(1)"}


def test_values_do_not_depend_on_the_order_in_which_they_came():
    assert with_values(b"", {"a": "1", "b": "2"}) == with_values(b"", {"b": "2", "a": "1"})


def test_what_a_page_claims_to_be_a_value_is_none():
    page = b'<html>\n<script type="application/json" id="touchline-values">{"x":1}</script></html>'
    assert values_of(page) == {}
    assert values_of(with_values(page, {"y": "2"})) == {"y": 2}
    assert page_of(with_values(page, {"y": "2"})) == page


def test_a_value_that_is_no_json_is_refused():
    with pytest.raises(ValueError, match="Expecting"):
        with_values(b"", {"x": "undefined"})


def test_a_page_that_ends_like_ours_is_no_trap():
    with pytest.raises(DataError, match="are none"):
        values_of(b'\n<script type="application/json" id="touchline-values">[[1, 2]]</script>\n')


def test_damaged_values_are_told():
    kept = with_values(b"page", {"x": "[1, 2]"}).replace(b"[1, 2]", b"[1, 2")
    with pytest.raises(DataError, match="cannot be read"):
        values_of(kept)
