"""Temperature scaling of multiclass raw scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from understudy.contracts.manifest import Temperature

__all__ = ["fit_temperature"]

Floats = NDArray[np.float64]


def fit_temperature(z: Floats, labels: Floats) -> Temperature:
    """Minimise the log loss of ``softmax(z / t)`` over ``t`` in [0.05, 20] (Guo et al., ICML 2017).

    Args:
        z: ``[m, K]`` raw scores, base included.
        labels: ``[m]`` class indices.
    """
    rows, classes = np.arange(len(z)), labels.astype(np.int64)

    def loss(log_t: float) -> float:
        scaled = z / np.exp(log_t)
        return float(np.mean(logsumexp(scaled, axis=1) - scaled[rows, classes]))

    best = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded", options={"xatol": 1e-6})
    return Temperature(t=float(np.exp(best.x)))
