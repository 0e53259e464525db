"""Laws of Merkle trees: what is in one can be proved, and nothing in it can change unnoticed."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.merkle import EMPTY, leaf, node, path, root, root_by

ENTRIES = st.lists(st.binary(max_size=8), max_size=40)
SOME = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def tree(entries: list[bytes]) -> bytes:
    """The definition of RFC 6962, word for word: split at the largest power of two below the number of entries."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    cut = 1 << (len(entries) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree(entries[:cut]) + tree(entries[cut:])).digest()


def hashed(entries: list[bytes]) -> list[bytes]:
    return [leaf(entry) for entry in entries]


@given(ENTRIES)
def test_law_the_root_is_that_of_the_definition(entries: list[bytes]) -> None:
    assert root(hashed(entries)) == tree(entries)


def test_the_root_of_the_rfc_s_own_example() -> None:
    """Seven entries as in section 2.1.3 of the RFC: hash = node(node(ab, cd), node(ef, g))."""
    a, b, c, d, e, f, g = leaves = [leaf(bytes([number])) for number in range(7)]
    assert root(leaves) == node(node(node(a, b), node(c, d)), node(node(e, f), g))
    assert path(leaves, 4) == [f, g, node(node(a, b), node(c, d))]
    assert root([]) == EMPTY


@given(SOME, st.data())
def test_law_every_entry_can_be_proved(entries: list[bytes], data: Any) -> None:
    index, leaves = data.draw(st.integers(0, len(entries) - 1)), hashed(entries)
    siblings = path(leaves, index)
    assert root_by(leaves[index], index, len(leaves), siblings) == root(leaves)
    assert root_by(leaves[index], index, len(leaves), [*siblings, leaf(b"")]) is None
    assert root_by(leaf(b"nine bytes"), index, len(leaves), siblings) != root(leaves)


@given(SOME, st.data())
def test_law_a_proof_holds_at_its_own_place_only(entries: list[bytes], data: Any) -> None:
    leaves = hashed([bytes([number]) + entry for number, entry in enumerate(entries)])
    index, other = (data.draw(st.integers(0, len(entries) - 1)) for _ in range(2))
    proved = root_by(leaves[index], other, len(leaves), path(leaves, index)) == root(leaves)
    assert proved == (index == other)


@given(SOME, st.data())
def test_law_a_changed_byte_changes_the_root(entries: list[bytes], data: Any) -> None:
    index = data.draw(st.integers(0, len(entries) - 1))
    changed = data.draw(st.binary(max_size=8).filter(lambda other: other != entries[index]))
    other = [*entries[:index], changed, *entries[index + 1 :]]
    assert root(hashed(other)) != root(hashed(entries))


@given(SOME, st.randoms(use_true_random=False))
def test_law_another_order_or_length_changes_the_root(entries: list[bytes], random: Any) -> None:
    shuffled = random.sample(entries, len(entries))
    assert (root(hashed(shuffled)) == root(hashed(entries))) == (shuffled == entries)
    assert root(hashed([*entries, entries[-1]])) != root(hashed(entries))
    assert root(hashed(entries[:-1])) != root(hashed(entries))


@given(st.binary(max_size=64))
def test_law_a_node_is_no_leaf(entry: bytes) -> None:
    left, right = leaf(entry), leaf(b"")
    assert leaf(left + right) != node(left, right)


@pytest.mark.parametrize("index", [-1, 2])
def test_an_entry_that_is_not_there_has_no_path(index: int) -> None:
    with pytest.raises(ValueError, match="of 2"):
        path([leaf(b"a"), leaf(b"b")], index)
    assert root_by(leaf(b"a"), index, 2, []) is None
