"""Every task counts by its own weight alone."""

from __future__ import annotations

import torch
from torch import Tensor

from teacher.weighting.weighting import TaskWeighting

__all__ = ["Uniform"]


class Uniform(TaskWeighting):
    """``term_t = L_t``."""

    def terms(self, losses: Tensor) -> Tensor:
        return losses

    def factors(self) -> Tensor:
        return torch.ones_like(self.share)
