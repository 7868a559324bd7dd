"""Projecting conflicting gradients."""

from __future__ import annotations

from torch import Tensor

from teacher.surgery.operation import Operation, torchjd_weighting

__all__ = ["PCGrad"]


class PCGrad(Operation):
    """Each task's gradient loses what points against another's: ``g_i -= (g_i . g_j) / |g_j|^2 g_j`` where negative.

    Yu et al. (NeurIPS 2020), Algorithm 1, by TorchJD; the order of the other tasks is drawn from torch's generator.
    """

    def __init__(self) -> None:
        self._solve = torchjd_weighting("PCGradWeighting")

    def weigh(self, gramian: Tensor) -> Tensor:
        weights: Tensor = self._solve(gramian)
        return weights
