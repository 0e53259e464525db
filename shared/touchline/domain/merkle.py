"""Merkle trees over ordered entries, as RFC 6962, section 2.1 (B. Laurie et al., "Certificate Transparency", 2013).

Leaves and inner nodes are hashed with different prefixes, so that no node can pass for an entry, and a tree of n
entries is split at the largest power of two below n, so that its root says how many there are, and in which order.
"""

import hashlib
from collections.abc import Sequence

_LEAF, _NODE = b"\x00", b"\x01"
EMPTY = hashlib.sha256(b"").digest()
"""Root of a tree without entries."""


def leaf(entry: bytes) -> bytes:
    """Hash of an entry, 32 bytes.

    >>> leaf(b"").hex()[:12]
    '6e340b9cffb3'
    """
    return hashlib.sha256(_LEAF + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Hash of two nodes side by side."""
    return hashlib.sha256(_NODE + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Root over hashes of entries, in their order.

    Level by level: what is left over on the right of a level moves up unchanged, which gives the tree of the RFC.

    >>> root([leaf(b"a"), leaf(b"b")]) == node(leaf(b"a"), leaf(b"b")), root([]) == EMPTY
    (True, True)
    """
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Siblings on the way from an entry to the root, lowest first: with them anybody can prove that it is in the tree.

    Raises:
        ValueError: there is no such entry.

    >>> path([leaf(b"a"), leaf(b"b"), leaf(b"c")], 2) == [node(leaf(b"a"), leaf(b"b"))]
    True
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"entry {index} of {len(leaves)}")
    level, found = list(leaves), []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            found.append(level[sibling])
        level, index = _above(level), index // 2
    return found


def root_by(entry: bytes, index: int, size: int, siblings: Sequence[bytes]) -> bytes | None:
    """Root that follows from the hash of one entry and its siblings; None where they are too many or too few.

    >>> tree = [leaf(entry) for entry in (b"a", b"b", b"c")]
    >>> root_by(tree[1], 1, 3, path(tree, 1)) == root(tree), root_by(tree[1], 1, 3, [])
    (True, None)
    """
    if not 0 <= index < size:
        return None
    left, found = list(siblings), entry
    while size > 1:
        if index ^ 1 < size:
            if not left:
                return None
            sibling = left.pop(0)
            found = node(sibling, found) if index % 2 else node(found, sibling)
        index, size = index // 2, (size + 1) // 2
    return None if left else found


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return pairs + level[len(level) - len(level) % 2 :]
