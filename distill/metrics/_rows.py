"""Per-row losses and divergences; their means are the metrics. All logarithms are natural (nats)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

__all__ = ["EPSILON", "as_distribution", "jsd_rows", "kl_rows", "log_loss_rows"]

Floats = NDArray[np.float64]

# Probabilities are kept this far from 0 and 1 before a logarithm.
EPSILON = 1e-7


def as_distribution(p: Floats) -> Floats:
    """``[m]`` probabilities of the positive class become ``[m, 2]``; rows are clipped and sum to 1."""
    full = np.column_stack([1 - p, p]) if p.ndim == 1 else p
    clipped = np.clip(full, EPSILON, None)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True), dtype=np.float64)


def log_loss_rows(labels: Floats, p: Floats) -> Floats:
    """Negative log likelihood ``[m]`` of the label: ``-log p[label]``, with ``p`` ``[m]`` (binary) or ``[m, K]``."""
    q = as_distribution(p)
    return np.asarray(-np.log(q[np.arange(len(q)), labels.astype(np.int64)]), dtype=np.float64)


def kl_rows(teacher: Floats, student: Floats) -> Floats:
    """Kullback-Leibler divergence ``[m]``: ``sum_k t_k log(t_k / s_k)``."""
    t, s = as_distribution(teacher), as_distribution(student)
    return np.asarray((xlogy(t, t) - xlogy(t, s)).sum(axis=1), dtype=np.float64)


def jsd_rows(teacher: Floats, student: Floats) -> Floats:
    """Jensen-Shannon divergence ``[m]``: ``KL(t || m) / 2 + KL(s || m) / 2`` with ``m = (t + s) / 2``; at most ln 2."""
    t, s = as_distribution(teacher), as_distribution(student)
    m = (t + s) / 2
    halves = (xlogy(t, t) - xlogy(t, m) + xlogy(s, s) - xlogy(s, m)).sum(axis=1)
    return np.asarray(halves / 2, dtype=np.float64)
