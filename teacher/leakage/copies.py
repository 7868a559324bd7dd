"""The same customer must not stand in two splits under two names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.findings import Check, Evidence, check_of

__all__ = ["BOUND_COPIES", "check_copies", "plain_key"]

BOUND_COPIES = 0.005
_CHUNK = 65_536
# Half of the columns must tell rows apart nearly as well as all of them do, and show hardly more copies.
_IDENTIFYING, _BY_CHANCE = 0.95, 3.0
_FEWEST = 5


def check_copies(features: NDArray[np.float64], split: NDArray[np.int8], keys: Sequence[str]) -> Check:
    """Count held-out rows whose key, or whose whole feature row, stands in another split too.

    Keys are compared without regard to case and leading zeros. A copied feature row counts only where half of the
    columns, taken at random, tell rows apart nearly as well as all of them and show hardly more copies: rows over a few
    coarse columns are equal by chance, and then half of the columns are equal far more often.
    """
    held_out = max(1, int((split > 0).sum()))
    _, names = np.unique(np.asarray([plain_key(key) for key in keys]), return_inverse=True)
    same_key = _shared(names.astype(np.int64), split)
    whole, half = _row_hashes(features)
    distinct = len(np.unique(whole)), len(np.unique(half))
    copied, of_half = _shared(_numbered(whole), split), _shared(_numbered(half), split)
    if distinct[1] < _IDENTIFYING * distinct[0] or of_half > _BY_CHANCE * copied:
        copied = 0
    evidence = [
        Evidence(
            "share of held-out rows",
            same_key / held_out,
            max(0.001, _FEWEST / held_out),
            ["key"],
            detail="keys that differ in case only",
        ),
        Evidence(
            "share of held-out rows",
            copied / held_out,
            max(BOUND_COPIES, _FEWEST / held_out),
            ["all features"],
            detail=f"{copied} rows with an exact copy in another split",
        ),
    ]
    return check_of(
        "copies",
        "Does a customer stand in two splits under two names?",
        "Set split.keep_duplicates_together, or split.key to the column that names the person.",
        evidence,
    )


def plain_key(key: str) -> str:
    """The key without case and leading zeros."""
    folded = key.casefold()
    return folded.lstrip("0") or "0"


def _numbered(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    return np.unique(hashes, return_inverse=True)[1].astype(np.int64)


def _shared(names: NDArray[np.int64], split: NDArray[np.int8]) -> int:
    """Rows of valid and test whose name also stands in an earlier split."""
    first_split = np.full(int(names.max(initial=0)) + 1, 3, dtype=np.int64)
    np.minimum.at(first_split, names, split)
    return int((first_split[names] < split).sum())


def _row_hashes(features: NDArray[np.float64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """A 64-bit hash of each row over all columns, and over every other one of a shuffled order."""
    rng = np.random.default_rng(0)
    columns = features.shape[1]
    factors = rng.integers(1, 2**63, columns, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    weights = np.zeros((columns, 2), dtype=np.uint64)
    weights[:, 0] = factors
    weights[:, 1] = np.where(rng.permutation(columns) % 2 == 0, factors, np.uint64(0))
    hashes = np.empty((len(features), 2), dtype=np.uint64)
    for start in range(0, len(features), _CHUNK):
        bits = np.ascontiguousarray(features[start : start + _CHUNK] + 0.0).view(np.uint64)
        bits = np.bitwise_xor(bits, bits >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9)
        hashes[start : start + _CHUNK] = np.bitwise_xor(bits, bits >> np.uint64(32)) @ weights
    return hashes[:, 0], hashes[:, 1]
