"""Combining the task losses into the one number that is minimised."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from teacher.inputs.layout import TaskLayout

__all__ = ["TaskWeighting"]


class TaskWeighting(nn.Module, ABC):
    """``total = sum_t w_t term_t(L_t) / sum_t w_t``; the spec's task weights ``w_t`` are applied here, nowhere else.

    A subclass gives ``terms``, and says in ``factors`` by which closed form each loss enters.
    """

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
        """``[T]``: d term / d loss by the closed form of the method."""

    def observe(self, gradient: Tensor) -> None:
        """See the total's gradient at each task's state ``[T, ...]`` after a backward pass (most methods need not)."""

    def forward(self, losses: Tensor) -> Tensor:
        """``[T]`` losses -> total (scalar)."""
        return (self.share * self.terms(losses)).sum()
