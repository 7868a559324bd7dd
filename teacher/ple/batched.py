"""Several small networks of one shape in one batched product."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["BatchedLinear", "BatchedMLP", "SharedDropout"]


class BatchedLinear(nn.Module):
    """``count`` linear layers: ``[count, rows, inputs]`` -> ``[count, rows, outputs]``."""

    def __init__(self, count: int, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(count, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(count, 1, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor, which: Tensor | None = None) -> Tensor:
        """``which`` picks the layer of each of the leading slices of ``x`` (default: the layers in order)."""
        weight, bias = (self.weight, self.bias) if which is None else (self.weight[which], self.bias[which])
        return torch.baddbmm(bias, x, weight)


class SharedDropout(nn.Module):
    """Dropout whose mask is the same for all slices of the first dimension: on a CPU, drawing masks is what costs."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        return x * functional.dropout(torch.ones_like(x[:1]), self.rate) if self.training and self.rate else x


class BatchedMLP(nn.Module):
    """``count`` networks linear - ReLU - dropout - linear, with a layer norm (no affine part) on their output.

    The norm gives every expert the same scale, without which gate weights could not be compared.
    """

    def __init__(self, count: int, inputs: int, hidden: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.enter = BatchedLinear(count, inputs, hidden)
        self.leave = BatchedLinear(count, hidden, outputs)
        self.dropout = SharedDropout(dropout)

    def forward(self, x: Tensor, which: Tensor | None = None) -> Tensor:
        h = self.dropout(torch.relu(self.enter(x, which)))
        y = self.leave(h, which)
        return functional.layer_norm(y, y.shape[-1:])
