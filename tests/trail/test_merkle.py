"""The tree against the public vectors of transparency-dev/merkle, against RFC 6962 by hand, and against itself."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.domain import merkle

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
MOST = 70
LEAVES = [merkle.leaf_hash(b"entry %d" % number) for number in range(MOST)]


def reference_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + reference_root(leaves[:half]) + reference_root(leaves[half:])).digest()


ROOTS = [reference_root(LEAVES[:size]) for size in range(MOST + 1)]
LEVELS = merkle.full_levels(LEAVES)


def node(level: int, index: int) -> bytes:
    return LEVELS[level][index]


def raw(text: str | None) -> bytes:
    return b64decode(text or "")


def hashes(told: list[str] | None) -> list[bytes]:
    return [raw(each) for each in told or []]


def test_there_are_all_196_vectors() -> None:
    assert len(VECTORS["inclusion"]) == len(VECTORS["consistency"]) == 98


@pytest.mark.parametrize("told", VECTORS["inclusion"], ids=lambda told: told["desc"])
def test_public_inclusion_vectors(told: dict[str, Any]) -> None:
    held = merkle.verify_inclusion(
        told["leafIdx"], told["treeSize"], raw(told["leafHash"]), hashes(told["proof"]), raw(told["root"])
    )
    assert held is not told["wantErr"]


@pytest.mark.parametrize("told", VECTORS["consistency"], ids=lambda told: told["desc"])
def test_public_consistency_vectors(told: dict[str, Any]) -> None:
    held = merkle.verify_consistency(
        told["size1"], told["size2"], raw(told["root1"]), raw(told["root2"]), hashes(told["proof"])
    )
    assert held is not told["wantErr"]


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (merkle.EMPTY, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (merkle.leaf_hash(b""), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (merkle.leaf_hash(b"L123456"), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"),
        (merkle.node_hash(b"N123", b"N456"), "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"),
    ],
)
def test_public_hash_vectors(made: bytes, wanted: str) -> None:
    assert made.hex() == wanted


def test_every_root_is_the_one_of_the_definition() -> None:
    assert [merkle.root_of(size, node) for size in range(MOST + 1)] == ROOTS


def test_full_subtrees_are_stored_and_no_others() -> None:
    for size in range(MOST + 1):
        levels = merkle.full_levels(LEAVES[:size])
        assert [len(each) for each in levels if each] == [size >> level for level in range(size.bit_length())]
        for level, index in merkle.peaks(size):
            assert levels[level][index] == reference_root(LEAVES[index << level : (index + 1) << level])


def test_every_inclusion_proof_holds_and_holds_nowhere_else() -> None:
    proofs = 0
    for size in range(1, MOST + 1):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, node)
            proofs += 1
            assert merkle.verify_inclusion(index, size, LEAVES[index], proof, ROOTS[size])
            assert not merkle.verify_inclusion((index + 1) % size, size, LEAVES[index], proof, ROOTS[size]) or size == 1
            assert not merkle.verify_inclusion(index, size, LEAVES[index], [*proof, bytes(32)], ROOTS[size])
            assert not merkle.verify_inclusion(index, size, LEAVES[index], [bytes(32), *proof], ROOTS[size])
            assert not proof or not merkle.verify_inclusion(index, size, LEAVES[index], proof[:-1], ROOTS[size])
            assert not proof or not merkle.verify_inclusion(index, size, LEAVES[index], proof[1:], ROOTS[size])
            for place in range(len(proof)):
                wrong = [*proof[:place], _flipped(proof[place], (index + place) % 256), *proof[place + 1 :]]
                assert not merkle.verify_inclusion(index, size, LEAVES[index], wrong, ROOTS[size])
                short = [*proof[:place], proof[place][:-1], *proof[place + 1 :]]
                assert not merkle.verify_inclusion(index, size, LEAVES[index], short, ROOTS[size])
    assert proofs == 2_485


def test_every_consistency_proof_holds_and_holds_nowhere_else() -> None:
    proofs = 0
    for new in range(1, MOST + 1):
        for old in range(1, new + 1):
            proof = merkle.consistency_proof(old, new, node)
            proofs += 1
            assert merkle.verify_consistency(old, new, ROOTS[old], ROOTS[new], proof)
            assert not merkle.verify_consistency(old, new, ROOTS[old - 1], ROOTS[new], proof)
            assert not merkle.verify_consistency(old, new, ROOTS[old], ROOTS[new - 1], proof)
            assert not merkle.verify_consistency(old, new, ROOTS[old], ROOTS[new], [*proof, bytes(32)])
            assert not proof or not merkle.verify_consistency(old, new, ROOTS[old], ROOTS[new], proof[:-1])
            for place in range(len(proof)):
                wrong = [*proof[:place], _flipped(proof[place], (old + place) % 256), *proof[place + 1 :]]
                assert not merkle.verify_consistency(old, new, ROOTS[old], ROOTS[new], wrong)
    assert proofs == 2_485


def _flipped(content: bytes, bit: int) -> bytes:
    altered = bytearray(content)
    altered[bit // 8] ^= 1 << bit % 8
    return bytes(altered)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.inclusion_proof(index, size, node)
    assert not merkle.verify_inclusion(index, size, LEAVES[0], [], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3)])
def test_no_proof_between_trees_that_do_not_follow(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no such pair"):
        merkle.consistency_proof(old, new, node)
    assert not merkle.verify_consistency(old, new, ROOTS[0], ROOTS[3], [])


def test_levels_end_with_the_one_that_has_no_pair() -> None:
    assert merkle.full_levels([]) == [[]]
    assert merkle.full_levels(LEAVES[:1]) == [LEAVES[:1]]
    assert [len(each) for each in merkle.full_levels(LEAVES[:5])] == [5, 2, 1]


def test_a_proof_that_goes_on_beyond_the_root_is_none_whatever_root_it_leads_to() -> None:
    more, (leaf, *proof) = LEAVES[9], LEAVES[:3]
    assert not merkle.verify_inclusion(0, 1, leaf, [more], merkle.node_hash(more, leaf))
    first, second, third = leaf, *proof
    old, new = merkle.node_hash(third, first), merkle.node_hash(third, merkle.node_hash(first, second))
    assert merkle.verify_consistency(3, 4, old, new, [first, second, third])
    beyond = [merkle.node_hash(more, each) for each in (old, new)]
    assert not merkle.verify_consistency(3, 4, *beyond, [first, second, third, more])


def test_what_is_no_hash_leads_nowhere() -> None:
    short, leaf = b"x", LEAVES[0]
    assert not merkle.verify_consistency(1, 2, short, merkle.node_hash(short, leaf), [leaf])
    assert not merkle.verify_consistency(1, 2, leaf, merkle.node_hash(leaf, short), [short])
