"""The Merkle tree hash of RFC 6962 (section 2.1), and its inclusion and consistency proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from understudy.audit.ranges import CompactRange, leaf_hash, node_hash

__all__ = [
    "EMPTY_ROOT",
    "MerkleError",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "merkle_root",
    "verify_consistency",
    "verify_inclusion",
]

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_BYTES = 32


class MerkleError(ValueError):
    """A proof does not prove what it claims to, or cannot be read as a proof."""


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of the ``leaves`` (leaf hashes, not entries); `EMPTY_ROOT` if there are none."""
    if not leaves:
        return EMPTY_ROOT
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(index, leaves): the hashes that lead from leaf ``index`` to the root, lowest first.

    Raises:
        MerkleError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise MerkleError(f"no leaf {index} in a tree of {len(leaves)}")
    path: list[bytes] = []
    begin, end = 0, len(leaves)
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(merkle_root(leaves[middle:end]))
            end = middle
        else:
            path.append(merkle_root(leaves[begin:middle]))
            begin = middle
    return path[::-1]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """PROOF(first, leaves): that the tree of the first ``first`` leaves is a prefix of the tree of all of them.

    Raises:
        MerkleError: ``first`` is 0 or more than there are leaves; the RFC defines no proof for either.
    """
    if not 0 < first <= len(leaves):
        raise MerkleError(f"no tree of {first} leaves in one of {len(leaves)}")
    path: list[bytes] = []
    begin, end = 0, len(leaves)
    whole = True  # the subtree in hand is the old tree itself, whose root the verifier has
    while first - begin != end - begin:
        middle = begin + _split(end - begin)
        if first <= middle:
            path.append(merkle_root(leaves[middle:end]))
            end = middle
        else:
            path.append(merkle_root(leaves[begin:middle]))
            begin, whole = middle, False
    if not whole:
        path.append(merkle_root(leaves[begin:end]))
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash ``leaf`` is leaf ``index`` of the tree of ``size`` leaves with ``root``.

    The algorithm is that of RFC 9162, section 2.1.3.2.

    Raises:
        MerkleError: it is not, or the proof is malformed.
    """
    if not 0 <= index < size:
        raise MerkleError(f"no leaf {index} in a tree of {size}")
    _check_hashes([leaf, root, *proof])
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise MerkleError("the proof is too long")
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise MerkleError("the proof is too short")
    if found != root:
        raise MerkleError("the proof leads to another root")


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of ``first`` leaves is a prefix of the tree of ``second``, given the roots of both.

    The algorithm is that of RFC 9162, section 2.1.4.2. Trees of equal size are consistent if their roots are equal and
    the proof is empty. From the empty tree there is no proof: it is a prefix of everything, and proves nothing.

    Raises:
        MerkleError: it is not, or the proof is malformed.
    """
    if not 0 <= first <= second:
        raise MerkleError(f"a tree of {first} leaves cannot be a prefix of one of {second}")
    if first == second:
        if proof or first_root != second_root:
            raise MerkleError("two trees of one size are consistent if their roots are the same, without a proof")
        return
    if first == 0 or not proof:
        raise MerkleError("the proof is empty" if first else "the empty tree proves nothing")
    _check_hashes([first_root, second_root, *proof])
    # A first tree that is a whole subtree of the second starts from its own root, which the proof leaves out.
    steps = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            raise MerkleError("the proof is too long")
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise MerkleError("the proof is too short")
    if old != first_root or new != second_root:
        raise MerkleError("the proof leads to other roots")


def _split(size: int) -> int:
    """The largest power of two smaller than ``size`` (at least 2)."""
    return 1 << (size - 1).bit_length() - 1


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise MerkleError(f"a hash has {HASH_BYTES} bytes")
