"""The tree over the trail's entries: RFC 6962 hashes, roots, proofs, and the checks of RFC 9162 section 2.1.

A node is named (level, index); level 0 are the leaves. Only full subtrees are ever stored: they never change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

Node = Callable[[int, int], bytes]
"""Gives the hash of the full subtree (level, index)."""

EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

_HASH = 32


def leaf_hash(body: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\0" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\1" + left + right).digest()


def peaks(size: int) -> list[tuple[int, int]]:
    """The full subtrees that make up a tree of `size` leaves, left to right."""
    found = []
    start = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def root_of(size: int, node: Node) -> bytes:
    """The root of the tree of the first `size` leaves."""
    hashes = [node(*each) for each in peaks(size)]
    if not hashes:
        return EMPTY
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root


def full_levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """All full subtrees over these leaf hashes, level by level, the leaves themselves first."""
    levels = [list(leaves)]
    sha256 = hashlib.sha256
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = zip(below[::2], below[1::2], strict=False)  # an odd one at the end has no pair yet
        levels.append([sha256(b"\1" + left + right).digest() for left, right in pairs])
    return levels


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of the tree of `size` leaves."""
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    start, end = 0, size
    path = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, node))
            end = middle
        else:
            path.append(_range_hash(start, middle, node))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """The hashes that show the tree of `new` leaves to begin with the tree of `old` leaves."""
    if not 0 < old <= new:
        raise ValueError("no such pair of trees")
    start, end, path = 0, new, []
    known = True  # whether the verifier has the root of [start, end) from the old tree
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_hash(middle, end, node))
            end = middle
        else:
            path.append(_range_hash(start, middle, node))
            start, known = middle, False
    if not known:
        path.append(_range_hash(start, end, node))
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from this leaf hash at `index` to this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    first, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            found = node_hash(each, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, each)
        first, last = first >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows the newer tree to begin with the older one (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if not _are_hashes(old_root, new_root, *proof):
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    from_old = from_new = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            from_old, from_new = node_hash(each, from_old), node_hash(each, from_new)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            from_new = node_hash(from_new, each)
        first, last = first >> 1, last >> 1
    return last == 0 and from_old == old_root and from_new == new_root


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_hash(start: int, end: int, node: Node) -> bytes:
    """The hash over leaves [start, end), a range that a split has made."""
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(count)
    return node_hash(_range_hash(start, middle, node), _range_hash(middle, end, node))


def _are_hashes(*given: bytes) -> bool:
    return all(len(each) == _HASH for each in given)
