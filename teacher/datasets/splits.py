"""Split rows into train, valid and test by a hash of what they are, never by where they stand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from understudy.contracts.spec import SplitSpec

__all__ = ["SPLITS", "Split", "assign_splits", "row_digests", "sample_rows", "split_units"]

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Split:
    """``split`` ``[kept]`` (0 train, 1 valid, 2 test) of the rows at ``positions`` ``[kept]``; ``units`` ``[kept]``
    numbers the unit of each: rows of one unit are never parted.

    ``assigned_split`` and ``assigned_units`` ``[rows]`` say the same of every row, before a time split leaves rows out:
    rows of a file in the order of time are kept by their place, but must not be assigned by it.
    """

    positions: NDArray[np.int64]
    split: NDArray[np.int8]
    units: NDArray[np.int64]
    assigned_split: NDArray[np.int8]
    assigned_units: NDArray[np.int64]


def row_digests(columns: Sequence[Sequence[object]]) -> list[str]:
    """sha256 (hex) of each row over all its feature values, exactly as they stand."""
    return [hashlib.sha256(repr(row).encode()).hexdigest() for row in zip(*columns, strict=True)]


def split_units(keys: Sequence[str], digests: Sequence[str] | None) -> tuple[NDArray[np.int64], list[str]]:
    """Number the units that must stay whole, and name each by what it holds.

    Rows with one key are one unit. With ``digests``, rows with equal digests join too: the units are the connected
    components, named by their smallest digest (so the name does not depend on row numbers).

    Returns:
        The unit of each row ``[rows]``, and the name of each unit.
    """
    _, groups = np.unique(np.asarray(keys), return_inverse=True)
    if digests is None:
        return _named(groups.astype(np.int64), keys)
    _, same = np.unique(np.asarray(digests), return_inverse=True)
    width = int(groups.max()) + 1
    size = width + int(same.max()) + 1
    edges = coo_matrix((np.ones(len(groups), dtype=np.int8), (groups, same + width)), shape=(size, size))
    _, component = connected_components(edges, directed=False)
    return _named(component[groups].astype(np.int64), digests)


def _named(units: NDArray[np.int64], names: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    _, units = np.unique(units, return_inverse=True)
    smallest: dict[int, str] = {}
    for unit, name in zip(units.tolist(), names, strict=True):
        if unit not in smallest or name < smallest[unit]:
            smallest[unit] = name
    return units.astype(np.int64), [smallest[unit] for unit in range(len(smallest))]


def sample_rows(keys: Sequence[str], *, seed: int, customers: int | None) -> NDArray[np.int64]:
    """Positions of the rows of at most ``customers`` keys: those with the smallest ``sha256(seed|sample|key)``.

    A smaller sample is part of every larger one, and groups stay whole.
    """
    names, index = np.unique(np.asarray(keys), return_inverse=True)
    if customers is None or customers >= len(names):
        return np.arange(len(keys), dtype=np.int64)
    kept = np.zeros(len(names), dtype=np.bool_)
    kept[np.argsort(_fractions(names.tolist(), f"{seed}|sample"), kind="stable")[:customers]] = True
    return np.flatnonzero(kept[index]).astype(np.int64)


def assign_splits(
    keys: Sequence[str],
    digests: Sequence[str] | None,
    cutoffs: NDArray[np.str_] | None,
    spec: SplitSpec,
    *,
    seed: int,
) -> Split:
    """Assign each unit by ``sha256(seed|split|name)`` read as a fraction of 2^64.

    With a time split, units of train and valid are taken at the training cutoff and units of test at the test cutoff;
    other rows are left out.
    """
    units, names = split_units(keys, digests)
    edges = np.cumsum(spec.fractions)[:2]
    of_unit = np.searchsorted(edges, _fractions(names, f"{seed}|split"), side="right").astype(np.int8)
    split = of_unit[units]
    kept = np.ones(len(split), dtype=np.bool_)
    if spec.time is not None and cutoffs is not None:
        kept = np.where(split == 2, cutoffs == spec.time.test, cutoffs == spec.time.train)
    positions = np.flatnonzero(kept).astype(np.int64)
    return Split(positions, split[positions], units[positions], split, units)


def _fractions(names: Sequence[str], salt: str) -> NDArray[np.float64]:
    """One number in [0, 1) per name."""
    heads = [int.from_bytes(hashlib.sha256(f"{salt}|{name}".encode()).digest()[:8], "big") for name in names]
    return np.array([head / 2**64 for head in heads], dtype=np.float64)
