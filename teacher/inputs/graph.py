"""The customer-product graph of the training rows, as far as propagation needs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ProductGraph", "is_flag"]


@dataclass(frozen=True)
class ProductGraph:
    """Degrees of the products, ``[P]``, and two hops from product to product over the customers, ``[P, P]``."""

    degrees: NDArray[np.float32]
    two_hop: NDArray[np.float32]

    @classmethod
    def fit(cls, holdings: NDArray[np.float32]) -> ProductGraph:
        """``D_p^-1/2 A' D_u^-1 A D_p^-1/2`` of the holdings ``A [customers, P]``; a lone node has degree 1."""
        a = holdings.astype(np.float64)
        degrees = a.sum(axis=0)
        of_customer = np.maximum(a.sum(axis=1, keepdims=True), 1.0)
        root = 1.0 / np.sqrt(np.maximum(degrees, 1.0))
        two_hop = root[:, None] * (a.T @ (a / of_customer)) * root
        return cls(degrees.astype(np.float32), two_hop.astype(np.float32))


def is_flag(values: NDArray[np.float64]) -> bool:
    """Whether a column holds 0 and 1, both of them, and nothing else but missing values."""
    known = values[~np.isnan(values)]
    return bool(len(known)) and bool(np.isin(known, (0.0, 1.0)).all()) and 0.0 < known.mean() < 1.0
