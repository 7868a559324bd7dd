"""RFC 6962: the definition as an oracle, every small tree, and the public vectors where they are at hand."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.audit.merkle import (
    EMPTY_ROOT,
    MerkleError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    merkle_root,
    verify_consistency,
    verify_inclusion,
)
from understudy.audit.ranges import CompactRange

VECTORS = Path(os.environ.get("UNDERSTUDY_DATA", "/no-data")) / "merkle"
LEAVES = [leaf_hash(bytes([n])) for n in range(40)]


def mth(leaves: list[bytes]) -> bytes:
    """The RFC's definition, literally."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def test_known_hashes() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@pytest.mark.parametrize("size", range(len(LEAVES)))
def test_roots_are_those_of_the_definition(size: int) -> None:
    assert merkle_root(LEAVES[:size]) == mth(LEAVES[:size])
    grown = CompactRange()
    for leaf in LEAVES[:size]:
        grown.extend([leaf])
    assert (grown.root(), grown.size) == (mth(LEAVES[:size]), size)


@pytest.mark.parametrize("size", range(1, 20))
def test_every_leaf_of_every_small_tree_is_proven_and_no_other(size: int) -> None:
    leaves = LEAVES[:size]
    root = merkle_root(leaves)
    for index, leaf in enumerate(leaves):
        proof = inclusion_proof(leaves, index)
        verify_inclusion(index, size, leaf, proof, root)
        # A path of one shape fits several tree sizes; what ties a root to its size is the checkpoint that is signed.
        for wrong in [(n, size) for n in range(-1, size + 2) if n != index] + [(index, 2 * size), (index, size // 2)]:
            with pytest.raises(MerkleError):
                verify_inclusion(*wrong, leaf, proof, root)


@pytest.mark.parametrize("second", range(1, 20))
def test_every_prefix_of_every_small_tree_is_proven_and_no_other(second: int) -> None:
    roots = [merkle_root(LEAVES[:n]) for n in range(second + 1)]
    for first in range(1, second + 1):
        proof = consistency_proof(LEAVES[:second], first)
        verify_consistency(first, second, roots[first], roots[second], proof)
        for wrong in range(-1, second + 1):
            if wrong != first:
                with pytest.raises(MerkleError):
                    verify_consistency(wrong, second, roots[first], roots[second], proof)
        fork = merkle_root([leaf_hash(b"another"), *LEAVES[1:second]])
        with pytest.raises(MerkleError):
            verify_consistency(first, second, roots[first], fork, proof)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), size=st.integers(2, 40))
def test_a_malformed_proof_proves_nothing(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size - 1))
    leaves, root = LEAVES[:size], merkle_root(LEAVES[:size])
    damage = data.draw(st.sampled_from(["flip", "drop", "repeat", "append root", "prepend root", "short", "swap"]))

    def damaged(proof: list[bytes]) -> list[bytes]:
        at = data.draw(st.integers(0, len(proof) - 1))
        bit = bytes(b ^ (1 << data.draw(st.integers(0, 7)) if i == 5 else 0) for i, b in enumerate(proof[at]))
        return {
            "flip": [*proof[:at], bit, *proof[at + 1 :]],
            "drop": [*proof[:at], *proof[at + 1 :]],
            "repeat": [*proof[: at + 1], *proof[at:]],
            "append root": [*proof, root],
            "prepend root": [root, *proof],
            "short": [*proof[:at], proof[at][:31], *proof[at + 1 :]],
            "swap": [*proof[1:], proof[0]] if len(proof) > 1 else [],
        }[damage]

    with pytest.raises(MerkleError):
        verify_inclusion(index, size, leaves[index], damaged(inclusion_proof(leaves, index)), root)
    proof = damaged(consistency_proof(leaves, first))
    with pytest.raises(MerkleError):
        verify_consistency(first, size, merkle_root(leaves[:first]), root, proof)


def test_edges() -> None:
    verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    verify_consistency(3, 3, LEAVES[0], LEAVES[0], [])
    for first, second, one, other, proof in (
        (0, 0, EMPTY_ROOT, LEAVES[0], []),
        (0, 0, EMPTY_ROOT, EMPTY_ROOT, [EMPTY_ROOT]),
        (0, 1, EMPTY_ROOT, LEAVES[0], []),
        (0, 1, EMPTY_ROOT, LEAVES[0], [LEAVES[0]]),
        (1, 1, LEAVES[0], LEAVES[1], []),
        (1, 2, LEAVES[0], merkle_root(LEAVES[:2]), []),
        (2, 1, LEAVES[0], LEAVES[1], []),
    ):
        with pytest.raises(MerkleError):
            verify_consistency(first, second, one, other, proof)
    for index, size in ((0, 0), (1, 1), (-1, 1)):
        with pytest.raises(MerkleError):
            verify_inclusion(index, size, LEAVES[0], [], LEAVES[0])
    for index in (-1, 3):
        with pytest.raises(MerkleError):
            inclusion_proof(LEAVES[:3], index)
    for first in (0, 4):
        with pytest.raises(MerkleError):
            consistency_proof(LEAVES[:3], first)


def _vectors(kind: str) -> list[Any]:
    paths = sorted((VECTORS / kind).rglob("*.json"))
    if not paths:
        mark = pytest.mark.skip(
            reason=f"NO PUBLIC {kind.upper()} VECTORS in UNDERSTUDY_DATA/merkle: nothing was checked"
        )
        return [pytest.param(None, marks=mark)]
    return [pytest.param(path, id=path.relative_to(VECTORS).as_posix()) for path in paths]


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text or "")


@pytest.mark.parametrize("path", _vectors("inclusion"))
def test_public_inclusion_vector(path: Path) -> None:
    vector = json.loads(path.read_text())
    proof = [_bytes(one) for one in vector["proof"] or []]
    given = (vector["leafIdx"], vector["treeSize"], _bytes(vector["leafHash"]), proof, _bytes(vector["root"]))
    if vector["wantErr"]:
        with pytest.raises(MerkleError):
            verify_inclusion(*given)
    else:
        verify_inclusion(*given)


@pytest.mark.parametrize("path", _vectors("consistency"))
def test_public_consistency_vector(path: Path) -> None:
    vector = json.loads(path.read_text())
    proof = [_bytes(one) for one in vector["proof"] or []]
    given = (vector["size1"], vector["size2"], _bytes(vector["root1"]), _bytes(vector["root2"]), proof)
    if vector["wantErr"]:
        with pytest.raises(MerkleError):
            verify_consistency(*given)
    else:
        verify_consistency(*given)
