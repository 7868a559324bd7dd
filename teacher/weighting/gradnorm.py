"""GradNorm: tasks that have learned less pull harder."""

from __future__ import annotations

import torch
from torch import Tensor

from teacher.inputs.layout import TaskLayout
from teacher.weighting.weighting import TaskWeighting

__all__ = ["GradNorm"]

_ALPHA = 1.5
_RATE = 0.025
_MEMORY = 0.9


class GradNorm(TaskWeighting):
    """``term_t = v_t L_t``, with ``v`` drawn to where ``v_t n_t`` is proportional to ``r_t^alpha``; ``sum_t v_t = T``.

    Chen et al. (ICML 2018). ``n_t`` is the norm of the gradient of ``L_t`` at the task's state above the named experts
    (a moving average), ``r_t`` the loss relative to its first value, divided by the mean of that over the tasks:
    a task that lags has ``r_t > 1``. ``alpha = 1.5`` as in the paper's main experiments.

    Departures: the norms are read off the one backward pass instead of one pass per task, at the task states instead of
    the last shared layer's weights. The distance is taken between logarithms, ``|log(v_t n_t) - log target_t|``, and
    its minimising step is the proximal one: towards the target by at most ``_RATE``. The weights settle instead of
    oscillating, and the fixed point is the paper's.
    """

    def __init__(self, tasks: list[TaskLayout]) -> None:
        super().__init__(tasks)
        self.weights: Tensor
        self.norms: Tensor
        self.first: Tensor
        self.seen: Tensor
        self.register_buffer("weights", torch.ones(len(tasks)))
        self.register_buffer("norms", torch.zeros(len(tasks)))
        self.register_buffer("first", torch.ones(len(tasks)))
        self.register_buffer("seen", torch.zeros(()))

    def factors(self) -> Tensor:
        return self.weights

    def terms(self, losses: Tensor) -> Tensor:
        return self.weights * losses

    @property
    def waits_for(self) -> dict[str, tuple[float, float]]:
        return {"a first gradient to balance": (1.0, float(self.seen))}

    @torch.no_grad()
    def observe(self, gradient: Tensor, losses: Tensor) -> None:
        """Move the weights by one step."""
        norms = gradient.flatten(1).norm(dim=1) / (self.share * self.weights)
        started = self.seen > 0
        memory = torch.where(started, _MEMORY, 0.0)
        self.norms.copy_(memory * self.norms + (1.0 - memory) * norms)
        self.first.copy_(torch.where(started, self.first, losses.clamp(min=1e-6)))
        self.seen += 1
        ratio = losses / self.first
        lag = (ratio / ratio.mean().clamp(min=1e-12)).clamp(min=1e-6)
        pull = torch.log(self.weights * self.norms + 1e-12)
        # The common level is free (the weights are rescaled below), so the mean of the logarithms stands for it.
        aim = _ALPHA * lag.log()
        step = ((aim - aim.mean()) - (pull - pull.mean())).clamp(-_RATE, _RATE)
        moved = self.weights * step.exp()
        self.weights.copy_(moved * len(moved) / moved.sum())
