"""Published features: they come back bit for bit, and what is none is refused."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from touchline.domain import archives
from touchline.domain.feature_rows import FeatureRows, row_hash

VALUES = arrays(np.float64, st.tuples(st.integers(0, 5), st.integers(0, 4)))


@given(VALUES)
def test_rows_come_back_bit_for_bit(values: np.ndarray) -> None:
    ids, names = (
        tuple(f"{letter}{number}" for number in range(size)) for letter, size in zip("mf", values.shape, strict=True)
    )
    rows = FeatureRows(ids, names, values)
    back = FeatureRows.from_bytes(rows.to_bytes())
    assert (back.match_ids, back.names, back.values.tobytes()) == (ids, names, values.tobytes())
    for _ in range(2):
        assert back.of(ids, names[::-1]).tobytes() == np.ascontiguousarray(values[:, ::-1]).tobytes()


@pytest.mark.parametrize(
    "data", [b"", b"\x00", msgspec.msgpack.encode({"match_ids": ["m"], "names": ["f"], "values": b"12345678" * 2})]
)
def test_what_is_no_rows_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"truncated|Expected|reshape"):
        FeatureRows.from_bytes(data)


def test_what_is_not_there_is_named() -> None:
    rows = FeatureRows(("m",), ("f",), np.zeros((1, 1)))
    for match, name in (("n", "f"), ("m", "g")):
        with pytest.raises(KeyError):
            rows.of([match], (name,))


def test_a_hash_tells_values_and_their_order_apart() -> None:
    one, other = np.array([1.0, 2.0]), np.array([2.0, 1.0])
    assert row_hash(one) == row_hash(one.copy()) != row_hash(other)


def test_a_broken_archive_is_refused() -> None:
    data = archives.pack({"a": np.arange(100)})
    for broken in (b"nothing", data[:-30], data.replace(b"a.npy", b"a.npx", 1)):
        with pytest.raises(ValueError, match="numpy archive"):
            archives.unpack(broken)
    assert archives.pack({"a": np.arange(100)}) == data
