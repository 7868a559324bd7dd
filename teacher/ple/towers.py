"""One tower per task: a hidden layer, then a head per ensemble member that emits logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.ple.batched import BatchedLinear, SharedDropout

__all__ = ["Towers"]


class Towers(nn.Module):
    """``[T, members * batch, width]`` -> per task ``[members, batch, outputs]``: logits, never probabilities.

    The output is one logit (binary), K logits (multiclass) or a mean in standardised units (regression). Members have
    heads of their own (TabM): averaging what they say is the ensemble.
    """

    def __init__(self, outputs: list[int], width: int, hidden: int, members: int, dropout: float) -> None:
        super().__init__()
        self.members = members
        self.enter = BatchedLinear(len(outputs), width, hidden)
        self.dropout = SharedDropout(dropout)
        self.heads = nn.ModuleList(BatchedLinear(members, hidden, count) for count in outputs)

    def forward(self, states: Tensor) -> list[Tensor]:
        hidden = self.dropout(torch.relu(self.enter(states))).view(
            len(states), self.members, -1, self.enter.weight.shape[2]
        )
        return [head(mine) for head, mine in zip(self.heads, hidden.unbind(0), strict=True)]
