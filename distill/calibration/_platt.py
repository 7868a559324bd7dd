"""Platt scaling of binary raw scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.contracts.manifest import Platt

__all__ = ["fit_platt"]

Floats = NDArray[np.float64]


def fit_platt(z: Floats, labels: Floats) -> Platt | None:
    """Fit ``sigmoid(a * z + b)`` by maximum likelihood.

    Targets are Platt's (1999): ``(N+ + 1) / (N+ + 2)`` for positives, ``1 / (N- + 2)`` for negatives, which keeps the
    optimum finite on separable data. Newton steps with halving (Lin, Lin and Weng, 2007).

    Args:
        z: ``[m]`` raw scores, the logit of the uncalibrated probability.
        labels: ``[m]`` 0 or 1.

    Returns:
        The calibrator, or None where ``a`` would not be positive: scores that do not rank cannot be calibrated by a
        monotone map.
    """
    positives = float(labels.sum())
    targets = np.where(labels > 0, (positives + 1) / (positives + 2), 1 / (len(labels) - positives + 2))
    theta = np.array([1.0, 0.0])
    design = np.column_stack([z, np.ones_like(z)])
    loss = _loss(design @ theta, targets)
    for _ in range(50):
        step = _newton_step(design, design @ theta, targets)
        scale = 1.0
        while scale > 1e-8 and _loss(design @ (theta - scale * step), targets) > loss:
            scale /= 2
        theta = theta - scale * step
        previous, loss = loss, _loss(design @ theta, targets)
        if previous - loss < 1e-12:
            break
    a, b = (float(value) for value in theta)
    return Platt(a=a, b=b) if a > 0 else None


def _loss(margin: Floats, targets: Floats) -> float:
    return float(np.mean(np.logaddexp(0, margin) - targets * margin))


def _newton_step(design: Floats, margin: Floats, targets: Floats) -> Floats:
    p = 1 / (1 + np.exp(-np.clip(margin, -700, 700)))
    gradient = design.T @ (p - targets)
    # The ridge keeps the matrix regular where all scores are equal.
    hessian = design.T @ (design * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
    return np.asarray(np.linalg.solve(hessian, gradient), dtype=np.float64)
