"""JavaScript literals are read without running them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.errors import DataError
from touchline.sources.whoscored.javascript import MAX_DEPTH, literal, members, value

NAMES = st.from_regex(r"[A-Za-z_$][\w$]{0,8}", fullmatch=True)
LEAVES = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


def written(found: object) -> str:
    """A value as the site writes it: unquoted keys, single quotes."""
    if isinstance(found, dict):
        return "{" + ", ".join(f"{key}:{written(inner)}" for key, inner in found.items()) + "}"
    if isinstance(found, list):
        return "[" + ",".join(map(written, found)) + "]"
    if isinstance(found, str):
        plain = found.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
        return f"'{plain}'"
    return json.dumps(found)


@given(VALUES)
def test_literals_are_read_as_they_were_meant(found: object):
    assert literal(written(found) + ";\nvar more = 1;") == found


@given(VALUES)
def test_json_is_a_literal_too(found: object):
    assert literal(json.dumps(found)) == found
    assert value(json.dumps(found) + " ,", 0) == found


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("[1,,'x',,]", [1, None, "x", None]),
        ("[,]", [None]),
        ("[1,]", [1]),
        ("{a:1,}", {"a": 1}),
        ("{2025: {7: {15:1}}}", {"2025": {"7": {"15": 1}}}),
        (
            r"'Cup d\'Or \x41\u00e9\u{1F600}\
end\v\q'",
            "Cup d'Or Aé😀end\x0bq",
        ),
        (r"'\ud83d\ude00'", "😀"),
        ("{a: undefined, b: -0.5e2, c: .5, d: 0x1F}", {"a": None, "b": -50.0, "c": 0.5, "d": 31}),
        ("[ // one\n 1, /* two */ 2]", [1, 2]),
        ('{"a" : "say \\"so\\"", \'b\': "it\'s"}', {"a": 'say "so"', "b": "it's"}),
    ],
)
def test_what_the_site_writes(text: str, meant: object):
    assert literal(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{a:1",
        "[1, 2",
        "'open",
        "{a: new Date(2025, 7, 15)}",
        "{a: gone}",
        "{a 1}",
        "[1 2]",
        "{a:1,,b:2}",
        "function(){}",
    ],
)
def test_what_is_none_is_told_with_its_place(text: str):
    with pytest.raises(DataError, match="position 0"):
        literal(text)


def test_nesting_has_an_end():
    with pytest.raises(DataError, match="nested deeper"):
        literal("[" * (MAX_DEPTH + 2))
    assert literal("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_members_mix_json_and_literals():
    text = 'x = {matchId:1, "data": {"a": [1.0, "}"]}, old: [[1,,\'b\']], last: null};'
    assert members(text, 4) == {"matchId": 1, "data": {"a": [1.0, "}"]}, "old": [[1, None, "b"]], "last": None}
    assert members("{ }", 0) == {}


@pytest.mark.parametrize("text", ["[1]", "{a:1", "{a:1 b:2}", '{a:{"b": [1, 2', "{1+1}"])
def test_what_is_no_object_is_told(text: str):
    with pytest.raises(DataError):
        members(text, 0)
