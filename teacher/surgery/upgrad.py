"""Unconflicting projection of gradients."""

from __future__ import annotations

from torch import Tensor

from teacher.surgery.operation import Operation, torchjd_weighting

__all__ = ["UPGrad"]


class UPGrad(Operation):
    """Each task's gradient is projected onto the cone of directions that harm no task; the projections are added.

    Quinton and Rey, "Jacobian Descent for Multi-Objective Optimization" (2024), by TorchJD (quadprog). Multiplied by
    T, so that tasks without conflict keep a weight of 1.
    """

    def __init__(self) -> None:
        self._solve = torchjd_weighting("UPGradWeighting")

    def weigh(self, gramian: Tensor) -> Tensor:
        weights: Tensor = self._solve(gramian)
        return len(gramian) * weights
