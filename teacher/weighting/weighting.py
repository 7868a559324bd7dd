"""Combining the task losses into the one number that is minimised."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from teacher.inputs.layout import TaskLayout

__all__ = ["TaskWeighting"]


class TaskWeighting(nn.Module, ABC):
    """``total = sum_t w_t term_t(L_t) / sum_t w_t``; the spec's task weights ``w_t`` are applied here, nowhere else.

    A subclass gives ``terms``, and says in ``factors`` by which closed form each loss enters. All that a method has
    learned is in parameters and buffers, so that an interrupted run goes on with it.
    """

    compares_losses = False
    """Whether the method asks for the losses of the same batch after the step (``after_step``)."""

    def __init__(self, tasks: list[TaskLayout]) -> None:
        super().__init__()
        weights = torch.tensor([task.weight for task in tasks])
        self.share: Tensor
        self.register_buffer("share", weights / weights.sum())

    @abstractmethod
    def terms(self, losses: Tensor) -> Tensor:
        """``[T]`` losses -> ``[T]`` terms, without task weights."""

    @abstractmethod
    def factors(self) -> Tensor:
        """``[T]``: d term / d loss by the closed form of the method, at losses of 1."""

    def observe(self, gradient: Tensor, losses: Tensor) -> None:
        """See the total's gradient at each task's state ``[T, ...]`` and the losses ``[T]`` after a backward pass."""

    def after_step(self, before: Tensor, after: Tensor) -> None:
        """See the losses ``[T]`` of one batch before and after the step; called if ``compares_losses``."""

    def end_epoch(self, losses: Tensor) -> None:
        """See the mean training losses ``[T]`` of a finished epoch."""

    @property
    def waits_for(self) -> dict[str, tuple[float, float]]:
        """What must happen before the method does anything: in words -> (how often, how often it has happened)."""
        return {}

    def parts(self, losses: Tensor) -> Tensor:
        """``[T]`` losses -> ``[T]``: what each task adds to the total."""
        return self.share * self.terms(losses)

    def forward(self, losses: Tensor) -> Tensor:
        """``[T]`` losses -> total (scalar)."""
        return self.parts(losses).sum()
