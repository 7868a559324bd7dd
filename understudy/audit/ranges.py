"""The hashes that stand for consecutive leaves of a Merkle tree, so that a tree grows without its old leaves.

A range of leaves [begin, end) is covered by the fewest perfect subtrees; for begin 0 these are the subtrees whose sizes
are the binary digits of ``end``. Appending a leaf merges subtrees on the right edge only. (The idea is known as compact
ranges, from the transparency logs built on RFC 6962.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

__all__ = ["CompactRange", "leaf_hash", "node_hash"]


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class CompactRange:
    """Leaves [0, size), kept as at most log2(size) + 1 hashes.

    Kept are one (level, hash) per perfect subtree, left to right; a subtree of level l has 2^l leaves.
    """

    def __init__(self) -> None:
        self._nodes: list[tuple[int, bytes]] = []
        self.size = 0

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes."""
        nodes, sha256 = self._nodes, hashlib.sha256
        for right in leaves:
            level = 0
            while nodes and nodes[-1][0] == level:
                right = sha256(b"\x01" + nodes.pop()[1] + right).digest()
                level += 1
            nodes.append((level, right))
            self.size += 1

    def copy(self) -> CompactRange:
        """An independent copy."""
        made = CompactRange()
        made._nodes, made.size = list(self._nodes), self.size
        return made

    def root(self) -> bytes:
        """MTH of the leaves so far."""
        if not self._nodes:
            return hashlib.sha256(b"").digest()
        root = self._nodes[-1][1]
        for _, left in reversed(self._nodes[:-1]):
            root = node_hash(left, root)
        return root
