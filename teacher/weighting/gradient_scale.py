"""Equal pull: each loss is divided by the size of the gradient that it sends into the network."""

from __future__ import annotations

import torch
from torch import Tensor

from teacher.inputs.layout import TaskLayout
from teacher.weighting.weighting import TaskWeighting

__all__ = ["LARGEST", "GradientScale"]

_MEMORY = 0.9
LARGEST = 20.0


class GradientScale(TaskWeighting):
    """``term_t = s_t L_t`` with ``s_t = geometric mean of n / n_t``, bounded by 1/20 and 20.

    ``n_t`` is a moving average of the norm of the gradient of ``L_t`` at the task's state above the named experts.
    Tasks then pull at the shared experts with equal force; without it a task that is easy or loud (spending) sets the
    direction of every adaptive step, and quiet ones stay where they began.

    The aim is GradNorm's (Chen et al., ICML 2018) with its rate-balancing exponent at zero. GradNorm learns the weights
    by gradient descent and needs a backward pass per task; here the norms are read off the one backward pass, and the
    weights follow from them directly.
    """

    def __init__(self, tasks: list[TaskLayout]) -> None:
        super().__init__(tasks)
        self.norms: Tensor
        self.seen: Tensor
        self.register_buffer("norms", torch.zeros(len(tasks)))
        self.register_buffer("seen", torch.zeros(()))

    def factors(self) -> Tensor:
        # Before the first observation all norms are equal, and so are the factors.
        logs = torch.log(self.norms + 1e-12)
        return torch.exp(logs.mean() - logs).clamp(1.0 / LARGEST, LARGEST)

    def terms(self, losses: Tensor) -> Tensor:
        return self.factors() * losses

    @property
    def waits_for(self) -> dict[str, tuple[float, float]]:
        return {"a first gradient to scale by": (1.0, float(self.seen))}

    @torch.no_grad()
    def observe(self, gradient: Tensor, losses: Tensor) -> None:
        """Take in the total's gradient at each task's state, ``[T, ...]``, from a step under the present factors."""
        del losses
        norms = gradient.flatten(1).norm(dim=1) / (self.share * self.factors())
        memory = torch.where(self.seen > 0, _MEMORY, 0.0)
        self.norms.copy_(memory * self.norms + (1.0 - memory) * norms)
        self.seen += 1
