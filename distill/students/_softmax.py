"""A softmax objective for soft targets, which LightGBM's own multiclass objective refuses."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

__all__ = ["SoftmaxObjective", "cross_entropy_rows", "log_prior"]

Floats = NDArray[np.float64]


class SoftmaxObjective:
    """Cross-entropy ``-sum_k y_k log softmax(z)_k`` with targets ``y`` ``[m, K]`` and ``z = scores + base``.

    Gradient ``w (p - y)``; the Hessian is LightGBM's diagonal bound ``w K / (K - 1) p (1 - p)``, so that one-hot
    targets reproduce its built-in objective. LightGBM 4 hands over and takes back ``[m, K]`` (it flattens by column
    itself; version 3 wanted a flat, class-major vector). The base is added here and not as an ``init_score``, which
    would stay on the Dataset that the tasks share.
    """

    def __init__(self, targets: Floats, weights: Floats | None, base: Floats) -> None:
        self._targets = targets
        self._weights = np.ones((len(targets), 1)) if weights is None else weights[:, None]
        self._base = base

    def __call__(self, scores: Floats, _dataset: lgb.Dataset) -> tuple[Floats, Floats]:
        if scores.shape != self._targets.shape:
            raise ValueError(f"expected scores of shape {self._targets.shape}, got {scores.shape}")
        p = softmax(scores + self._base, axis=1)
        classes = p.shape[1]
        gradient = self._weights * (p - self._targets)
        hessian = self._weights * (classes / (classes - 1)) * p * (1 - p)
        return gradient, hessian


def cross_entropy_rows(targets: Floats, z: Floats) -> Floats:
    """``-sum_k y_k log softmax(z)_k`` ``[m]``."""
    return -np.asarray((targets * log_softmax(z, axis=1)).sum(axis=1), dtype=np.float64)


def log_prior(targets: Floats, weights: Floats | None) -> Floats:
    """Log share of each class ``[K]``, with half a row added to each, so that an absent class stays finite."""
    counts = (targets if weights is None else targets * weights[:, None]).sum(axis=0) + 0.5
    return np.asarray(np.log(counts / counts.sum()), dtype=np.float64)
