"""Dynamic weight average: tasks whose loss falls slowly count more."""

from __future__ import annotations

import torch
from torch import Tensor

from teacher.inputs.layout import TaskLayout
from teacher.weighting.weighting import TaskWeighting

__all__ = ["DynamicWeightAverage"]

_TEMPERATURE = 2.0


class DynamicWeightAverage(TaskWeighting):
    """``term_t = lambda_t L_t``, ``lambda = T softmax(rate / 2)``, ``rate_t = L_t(e - 1) / L_t(e - 2)``.

    Liu, Johns and Davison (CVPR 2019): ``L_t(e)`` is the mean training loss of epoch ``e``; in the first two epochs all
    weights are 1. The state lives in buffers (TorchJD's ``DWA``, the oracle of the test, keeps it in attributes, which
    an interrupted run would lose).
    """

    def __init__(self, tasks: list[TaskLayout]) -> None:
        super().__init__(tasks)
        self.older: Tensor
        self.newer: Tensor
        self.epochs: Tensor
        self.register_buffer("older", torch.ones(len(tasks)))
        self.register_buffer("newer", torch.ones(len(tasks)))
        self.register_buffer("epochs", torch.zeros(()))

    def factors(self) -> Tensor:
        rates = torch.where(self.epochs >= 2, self.newer / self.older.clamp(min=1e-12), 1.0)
        return len(rates) * torch.softmax(rates / _TEMPERATURE, dim=0)

    def terms(self, losses: Tensor) -> Tensor:
        return self.factors() * losses

    @property
    def waits_for(self) -> dict[str, tuple[float, float]]:
        # Two epochs to compare, and a third in which the comparison counts.
        return {"an epoch after two to compare": (3.0, float(self.epochs))}

    @torch.no_grad()
    def end_epoch(self, losses: Tensor) -> None:
        self.older.copy_(self.newer)
        self.newer.copy_(losses)
        self.epochs += 1
