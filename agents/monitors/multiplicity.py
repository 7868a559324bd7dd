"""Many tests at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["adjusted"]

Floats = NDArray[np.float64]


def adjusted(p: Floats) -> Floats:
    """Benjamini and Hochberg's adjusted p-values: those at most q are a set with false discovery rate at most q.

    ``min over j >= i of m p_(j) / j``, for the i-th smallest of m (Benjamini and Hochberg 1995; valid under
    independence and positive dependence, Benjamini and Yekutieli 2001).
    """
    m = len(p)
    order = np.argsort(p, kind="stable")
    raised = p[order] * m / np.arange(1, m + 1)
    lowest = np.minimum.accumulate(raised[::-1])[::-1]
    found = np.empty(m)
    found[order] = np.minimum(lowest, 1.0)
    return found
