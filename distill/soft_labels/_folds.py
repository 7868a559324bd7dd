"""Which fold a row belongs to: a hash of its split unit's name, never of its position."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from understudy.errors import UserError

__all__ = ["assign_folds"]


def assign_folds(customer_ids: NDArray[np.str_], units: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int8]:
    """Fold of each row, ``[rows]`` in ``0 .. folds - 1``.

    The first 8 bytes of sha256("<seed>:<name>"), modulo ``folds``, where a unit's name is the smallest of its customer
    ids: all rows of a unit (a household, copies of one row) share a fold, and reordering rows moves nobody. A unit
    that were parted would let a teacher label rows whose copies it was trained on.

    Raises:
        UserError: fewer than 2 or more than 20 folds, or a fold without a row.
    """
    if not 2 <= folds <= 20:
        raise UserError(f"{folds} folds asked for", where="folds", fix="Give between 2 and 20.")
    order = np.lexsort((customer_ids, units))
    _, first, inverse = np.unique(units[order], return_index=True, return_inverse=True)
    names = customer_ids[order][first].tolist()
    fold = np.empty(len(units), dtype=np.int8)
    fold[order] = np.array([_bucket(name, folds, seed) for name in names], dtype=np.int8)[inverse]
    empty = sorted(set(range(folds)) - set(fold.tolist()))
    if empty:
        raise UserError(
            f"fold {empty[0]} holds none of the {len(names)} training units",
            where="folds",
            fix="Give fewer folds, or more rows.",
        )
    return fold


def _bucket(name: str, folds: int, seed: int) -> int:
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % folds
