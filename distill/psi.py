"""Reference bins for the population stability index, from the training rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from understudy.contracts.features import FeatureDef
from understudy.contracts.psi import CategoryShares, NumericBins, PsiReference

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["BINS", "psi_reference"]

BINS = 10


def psi_reference(dataset: Dataset) -> PsiReference:
    """Bin every feature of the training rows: PSI = sum over bins of (serving - reference) ln(serving / reference).

    Numeric features get up to ``BINS`` quantile bins whose edges are observed values (fewer where values are tied), so
    that a bin is never a fraction of a tie. A constant feature gets three bins (below, equal, above): any change of it
    is drift. Missing values are a bin of their own; a vocabulary's unseen value is missing, as the students read it.
    """
    matrix = dataset.features[dataset.rows("train")]
    return PsiReference(
        rows=len(matrix),
        features={
            feature.name: _categorical(feature, column) if feature.kind == "categorical" else _numeric(column)
            for feature, column in zip(dataset.schema.features, matrix.T, strict=True)
        },
    )


def _numeric(column: NDArray[np.float64]) -> NumericBins:
    known = column[~np.isnan(column)]
    edges = _edges(known)
    counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return NumericBins(
        edges=edges, shares=[_share(n, column) for n in counts], missing=_share(len(column) - len(known), column)
    )


def _edges(known: NDArray[np.float64]) -> list[float]:
    if not len(known):
        return []
    low, high = float(known.min()), float(known.max())
    if low == high:
        return [low, math.nextafter(low, math.inf)]
    quantiles = np.quantile(known, np.arange(1, BINS) / BINS, method="higher")
    return [float(edge) for edge in np.unique(quantiles) if edge > low]


def _categorical(feature: FeatureDef, column: NDArray[np.float64]) -> CategoryShares:
    names = feature.categories or []
    known = column[~np.isnan(column)].astype(np.int64)
    counts = np.bincount(known, minlength=len(names))
    return CategoryShares(
        shares={name: _share(n, column) for name, n in zip(names, counts, strict=True)},
        missing=_share(len(column) - len(known), column),
    )


def _share(count: int | np.int64, column: NDArray[np.float64]) -> float:
    return round(int(count) / len(column), 12)
