"""Gates that weigh experts."""

from __future__ import annotations

import torch
from torch import Tensor

from teacher.config import Gate

__all__ = ["gate_weights", "reported"]


def gate_weights(logits: Tensor, gate: Gate) -> Tensor:
    """Weights of the experts (last dimension): a softmax, or a sigmoid each.

    Sigmoid weights are independent of each other and do not sum to 1; they are used as they are.
    """
    return torch.softmax(logits, dim=-1) if gate == "softmax" else torch.sigmoid(logits)


def reported(weights: Tensor, experts: int) -> Tensor:
    """The weights of the first ``experts`` experts, renormalised to sum 1 over them."""
    named = weights[..., :experts]
    return named / named.sum(dim=-1, keepdim=True).clamp(min=1e-12)
