"""Closed-form continuous-time (liquid) recurrent cell."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["LiquidCell", "LiquidNetwork"]


class LiquidCell(nn.Module):
    """One step of CfC (Hasani et al., "Closed-form continuous-time neural networks", 2022).

    With ``z = 1.7159 tanh(0.666 (W [x, h] + b))``: ``h' = tanh(f1 z) (1 - s) + tanh(f2 z) s`` where
    ``s = sigmoid((a z) t + (b z))`` interpolates by the elapsed time ``t``.

    The four heads are one product: ``heads`` stacks f1, f2, a, b.

    Shapes: x ``[batch, inputs]``, h ``[batch, hidden]``, elapsed ``[batch, 1]`` -> ``[batch, hidden]``.
    """

    def __init__(self, inputs: int, hidden: int, backbone: int) -> None:
        super().__init__()
        self.backbone = nn.Linear(inputs + hidden, backbone)
        self.heads = nn.Linear(backbone, 4 * hidden)

    def forward(self, x: Tensor, h: Tensor, elapsed: Tensor) -> Tensor:
        z = 1.7159 * torch.tanh(0.666 * self.backbone(torch.cat([x, h], dim=1)))
        first, second, rate, offset = self.heads(z).chunk(4, dim=1)
        share = torch.sigmoid(rate * elapsed + offset)
        return torch.tanh(first) * (1.0 - share) + torch.tanh(second) * share


class LiquidNetwork(nn.Module):
    """The cell run over a left-padded sequence; a padded step leaves the state as it was.

    Steps are one period apart; ``elapsed`` is therefore 1.

    Shapes: steps ``[batch, length, dim]``, mask ``[batch, length]`` -> ``[batch, dim]``.
    """

    def __init__(self, dim: int, backbone: int) -> None:
        super().__init__()
        self.dim = dim
        self.cell = LiquidCell(dim, dim, backbone)

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        h = steps.new_zeros(steps.shape[0], self.dim)
        elapsed = steps.new_ones(steps.shape[0], 1)
        for t in range(steps.shape[1]):
            h = torch.where(mask[:, t : t + 1], self.cell(steps[:, t], h, elapsed), h)
        return h
