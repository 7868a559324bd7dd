"""FAMO: all losses fall at one rate, seen from the losses alone."""

from __future__ import annotations

import torch
from torch import Tensor

from teacher.inputs.layout import TaskLayout
from teacher.weighting.weighting import TaskWeighting

__all__ = ["Famo"]

_RATE, _DECAY = 0.025, 1e-3
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8


class Famo(TaskWeighting):
    """``term_t = T c z_t log(L_t)``, ``z = softmax(logits)``, ``c = 1 / sum_t z_t / L_t`` (held fixed).

    Liu et al., "FAMO" (NeurIPS 2023). After each step the losses of the same batch say how much each task gained,
    ``delta_t = log L_t before - log L_t after``, and Adam moves the logits against ``sum_t z_t delta_t``: tasks that
    gained least get more. With equal task weights the total is the paper's.

    Logits and Adam's moments are buffers here, so that an interrupted run goes on with them; TorchJD's ``FAMO`` is the
    oracle of the test.
    """

    compares_losses = True

    def __init__(self, tasks: list[TaskLayout]) -> None:
        super().__init__(tasks)
        self.logits: Tensor
        self.mean: Tensor
        self.square: Tensor
        self.steps: Tensor
        for name in ("logits", "mean", "square"):
            self.register_buffer(name, torch.zeros(len(tasks)))
        self.register_buffer("steps", torch.zeros(()))

    def factors(self) -> Tensor:
        return len(self.logits) * torch.softmax(self.logits, dim=0)

    def terms(self, losses: Tensor) -> Tensor:
        z = torch.softmax(self.logits, dim=0)
        positive = losses + _EPSILON
        level = 1.0 / (z / positive).sum().detach()
        return len(z) * level * z * torch.log(positive)

    @property
    def waits_for(self) -> dict[str, tuple[float, float]]:
        return {"a first gain to learn from": (1.0, float(self.steps))}

    @torch.no_grad()
    def after_step(self, before: Tensor, after: Tensor) -> None:
        """One step of Adam on the logits, with the paper's decay."""
        delta = torch.log(before + _EPSILON) - torch.log(after + _EPSILON)
        z = torch.softmax(self.logits, dim=0)
        gradient = z * (delta - (z * delta).sum()) + _DECAY * self.logits
        self.steps += 1
        self.mean.lerp_(gradient, 1.0 - _BETA1)
        self.square.lerp_(gradient.square(), 1.0 - _BETA2)
        mean = self.mean / (1.0 - _BETA1**self.steps)
        square = self.square / (1.0 - _BETA2**self.steps)
        self.logits -= _RATE * mean / (square.sqrt() + _EPSILON)
