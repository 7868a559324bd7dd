"""Conflict-averse gradient descent."""

from __future__ import annotations

from torch import Tensor

from teacher.surgery.operation import Operation, torchjd_weighting

__all__ = ["CAGrad"]

_RADIUS = 0.5


class CAGrad(Operation):
    """The step within ``c |g_0|`` of the mean gradient ``g_0`` that serves the worst-off task best, ``c = 0.5``.

    Liu et al. (NeurIPS 2021), by TorchJD (cvxpy). Multiplied by T, so that ``c = 0`` is the plain sum.
    """

    def __init__(self, radius: float = _RADIUS) -> None:
        self._solve = torchjd_weighting("CAGradWeighting", radius)

    def weigh(self, gramian: Tensor) -> Tensor:
        weights: Tensor = self._solve(gramian)
        return len(gramian) * weights
