"""The bundle's reference bins as arrays, and counting into them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.contracts.features import FeatureSchema
from understudy.contracts.psi import CategoryShares, NumericBins, PsiReference

__all__ = ["Reference"]

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Reference:
    """F features in schema order; B is the widest number of bins, the missing bin among them.

    Attributes:
        names: ``[F]``.
        rows: Training rows behind the shares.
        shares: ``[F, B]`` share of the training rows per bin; the last bin of each feature (``width - 1``) is missing,
            what lies behind it is no bin (0).
        width: ``[F]`` bins of each feature, missing included.
        edges: Per feature the edges of its numeric bins; None for categories, whose bin is their code.
    """

    names: list[str]
    rows: int
    shares: NDArray[np.float64]
    width: NDArray[np.int64]
    edges: list[NDArray[np.float64] | None]

    @classmethod
    def of(cls, schema: FeatureSchema, reference: PsiReference) -> Reference:
        """Raises KeyError if a feature of the schema has no reference."""
        rows, edges = [], []
        for feature in schema.features:
            known = reference.features[feature.name]
            rows.append(_shares(known, feature.categories))
            edges.append(np.asarray(known.edges, dtype=np.float64) if isinstance(known, NumericBins) else None)
        width = np.asarray([len(row) for row in rows], dtype=np.int64)
        shares = np.zeros((len(rows), int(width.max())))
        for index, row in enumerate(rows):
            shares[index, : len(row)] = row
        return cls(schema.names, reference.rows, shares, width, edges)

    def count(self, matrix: NDArray[np.float64]) -> Counts:
        """``[F, B]`` rows of ``matrix`` (``[n, F]``, encoded, NaN missing) per bin."""
        counts = np.zeros(self.shares.shape, dtype=np.int64)
        for index, edges in enumerate(self.edges):
            column = matrix[:, index]
            known = column[~np.isnan(column)]
            last = int(self.width[index]) - 1
            codes = known.astype(np.int64) if edges is None else np.searchsorted(edges, known, side="right")
            counts[index, :last] = np.bincount(codes, minlength=last)[:last]
            counts[index, last] = len(column) - len(known)
        return counts


def _shares(known: NumericBins | CategoryShares, categories: list[str] | None) -> list[float]:
    if isinstance(known, NumericBins):
        return [*known.shares, known.missing]
    return [*(known.shares.get(category, 0.0) for category in categories or []), known.missing]
