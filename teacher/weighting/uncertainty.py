"""Homoscedastic uncertainty: each task learns the noise by which its loss is divided."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.inputs.layout import TaskLayout
from teacher.weighting.weighting import TaskWeighting

__all__ = ["Uncertainty"]


class Uncertainty(TaskWeighting):
    """Kendall, Gal and Cipolla (CVPR 2018), with ``sigma_t`` held as its logarithm.

    regression: ``term = L / (2 sigma^2) + log sigma``, least at ``sigma^2 = L``;
    classification: ``term = L / sigma^2 + log sigma``, least at ``sigma^2 = 2 L``.

    The logarithm is added: it keeps sigma from growing without bound. (With the sign turned there is no minimum.) The
    task weight multiplies the whole term; inside the loss sigma would absorb it and it would have no effect.
    """

    def __init__(self, tasks: list[TaskLayout]) -> None:
        super().__init__(tasks)
        self.log_sigma = nn.Parameter(torch.zeros(len(tasks)))
        self.scale: Tensor
        self.register_buffer("scale", torch.tensor([0.5 if task.type == "regression" else 1.0 for task in tasks]))

    def factors(self) -> Tensor:
        return self.scale * torch.exp(-2.0 * self.log_sigma)

    def terms(self, losses: Tensor) -> Tensor:
        return self.factors() * losses + self.log_sigma
