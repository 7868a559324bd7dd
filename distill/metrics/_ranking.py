"""How much of one order of items is kept by another, row by row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ndcg_rows", "overlap_rows"]

Floats = NDArray[np.float64]


def overlap_rows(reference: Floats, scores: Floats, k: int) -> Floats:
    """Share of the first ``k`` items of either order that both have, ``[n]``; ties go by the item's place.

    Args:
        reference: ``[n, items]``, larger is better.
        scores: ``[n, items]``.
        k: At most the number of items counts.
    """
    k = min(k, reference.shape[1])
    first, second = _top(reference, k), _top(scores, k)
    return np.asarray((first[:, :, None] == second[:, None, :]).any(axis=2).mean(axis=1), dtype=np.float64)


def ndcg_rows(reference: Floats, scores: Floats, k: int) -> Floats:
    """Normalised discounted cumulative gain at ``k``, ``[n]``: the gain of an item is its reference score.

    ``DCG = sum_i gain(item at place i) / log2(i + 1)`` over the first ``k`` places of the order by ``scores``, divided
    by that of the order by ``reference`` (Jarvelin and Kekalainen, 2002, with linear gain); 1 where no item has any
    gain. Reference scores are probabilities, so gains are never negative.
    """
    k = min(k, reference.shape[1])
    discount = 1 / np.log2(np.arange(2, k + 2))
    found = np.take_along_axis(reference, _top(scores, k), axis=1) @ discount
    ideal = np.take_along_axis(reference, _top(reference, k), axis=1) @ discount
    out: Floats = np.ones_like(ideal)
    np.divide(found, ideal, out=out, where=ideal > 0)
    return out


def _top(scores: Floats, k: int) -> NDArray[np.int64]:
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]
