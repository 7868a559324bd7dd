"""Which fold a row belongs to: a hash of its customer, never of its position."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from understudy.errors import UserError

__all__ = ["assign_folds"]


def assign_folds(customer_ids: NDArray[np.str_], folds: int, seed: int) -> NDArray[np.int8]:
    """Fold of each row, ``[rows]`` in ``0 .. folds - 1``.

    The first 8 bytes of sha256("<seed>:<customer>"), modulo ``folds``: all rows of a customer share a fold, and
    adding or reordering rows moves nobody.

    Raises:
        UserError: fewer than 2 or more than 20 folds, or a fold without a row.
    """
    if not 2 <= folds <= 20:
        raise UserError(f"{folds} folds asked for", where="folds", fix="Give between 2 and 20.")
    unique, inverse = np.unique(customer_ids, return_inverse=True)
    of_customer = np.array([_bucket(str(customer), folds, seed) for customer in unique], dtype=np.int8)
    fold = of_customer[inverse]
    empty = sorted(set(range(folds)) - set(fold.tolist()))
    if empty:
        raise UserError(
            f"fold {empty[0]} holds none of the {len(unique)} training customers",
            where="folds",
            fix="Give fewer folds, or more rows.",
        )
    return fold


def _bucket(customer: str, folds: int, seed: int) -> int:
    digest = hashlib.sha256(f"{seed}:{customer}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % folds
