"""Who asks: the one key that a request may present, and the address that counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.web import callers


def headers(*pairs: tuple[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in pairs]


def test_a_key_is_presented_once_or_not_at_all() -> None:
    assert callers.presented(headers(("host", "x"))) == ""
    assert callers.presented(headers(("x-api-key", "tl_one"), ("x-api-keys", "no"))) == "tl_one"
    assert callers.presented(headers(("x-api-key", "tl_one"), ("x-api-key", "tl_one"))) == callers.AMBIGUOUS
    assert callers.presented([(b"x-api-key", b"\xff\xfe")]) == "\xff\xfe"


@pytest.mark.parametrize(
    ("proxies", "told", "expected"),
    [
        (0, ["1.1.1.1"], "9.9.9.9"),
        (1, [], "9.9.9.9"),
        (1, ["1.1.1.1"], "1.1.1.1"),
        (1, ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        (2, ["6.6.6.6, 1.1.1.1, 2.2.2.2"], "1.1.1.1"),
        (2, ["6.6.6.6", " 1.1.1.1,2.2.2.2 "], "1.1.1.1"),
        (2, ["1.1.1.1"], "9.9.9.9"),
        (1, ["[2001:db8::1]:443"], "20010db800000000"),
        (1, ["1.1.1.1:50123"], "1.1.1.1"),
        (1, ["6.6.6.6,"], "9.9.9.9"),
        (1, ["x" * 5000], "x" * 64),
    ],
)
def test_only_our_own_proxies_are_believed(proxies: int, told: list[str], expected: str) -> None:
    sent = headers(*(("x-forwarded-for", value) for value in told))
    assert callers.client("9.9.9.9", sent, proxies) == expected


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("2001:db8:1:2:3:4:5:6", "20010db800010002"),
        ("2001:db8:1:2::", "20010db800010002"),
        ("::ffff:9.9.9.9", "9.9.9.9"),
        ("fe80::1%eth0", "fe80000000000000"),
        ("9.9.9.9", "9.9.9.9"),
        ("", ""),
        ("no:such:address", "no:such:address"),
    ],
)
def test_one_caller_with_many_addresses_is_one(peer: str, expected: str) -> None:
    assert callers.client(peer, [], 0) == expected


@given(st.text(max_size=300), st.lists(st.binary(max_size=300), max_size=3), st.integers(0, 3))
@settings(max_examples=100)
def test_whatever_is_sent_an_address_is_short(peer: str, told: list[bytes], proxies: int) -> None:
    found = callers.client(peer, [(b"x-forwarded-for", value) for value in told], proxies)
    assert len(found) <= 64
