"""Order and rhythm in time: three sequence models under a regime gate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.experts.expert import Expert, ExpertOutput, flat_fields
from teacher.experts.liquid import LiquidNetwork
from teacher.experts.patches import PatchTransformer
from teacher.experts.scan import SelectiveStateSpace
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs

__all__ = ["SequenceEnsemble", "Temporal", "regime"]


def regime(steps: Tensor, mask: Tensor) -> Tensor:
    """What kind of series it is: mean, deviation, mean absolute change and latest value per channel, and the fill.

    Shapes: ``[batch, length, channels]``, ``[batch, length]`` -> ``[batch, 4 * channels + 1]``.
    """
    real = mask.unsqueeze(-1).to(steps.dtype)
    count = real.sum(dim=1).clamp(min=1.0)
    mean = (steps * real).sum(dim=1) / count
    spread = (((steps - mean.unsqueeze(1)) * real).square().sum(dim=1) / count + 1e-6).sqrt()
    pair = real[:, 1:] * real[:, :-1]
    change = ((steps[:, 1:] - steps[:, :-1]).abs() * pair).sum(dim=1) / pair.sum(dim=1).clamp(min=1.0)
    return torch.cat([mean, spread, change, steps[:, -1], real.sum(dim=1).log1p()], dim=1)


class SequenceEnsemble(nn.Module):
    """Selective scan, liquid cell and patch transformer over one sequence, mixed by a softmax over its regime.

    Shapes: ``[batch, length, channels]``, ``[batch, length]`` -> ``[batch, dim]``.
    """

    def __init__(self, length: int, channels: int, dim: int, dropout: float) -> None:
        super().__init__()
        self.embed = nn.Linear(channels, dim)
        self.scan = SelectiveStateSpace(dim)
        self.liquid = LiquidNetwork(dim, backbone=dim)
        self.patches = PatchTransformer(dim, length, heads=4, dropout=dropout)
        self.gate = nn.Linear(4 * channels + 1, 3)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        embedded = self.embed(steps)
        branches = [self.scan(embedded, mask), self.liquid(embedded, mask), self.patches(embedded, mask)]
        stacked = torch.stack([norm(branch) for norm, branch in zip(self.norms, branches, strict=True)], dim=1)
        weights = torch.softmax(self.gate(regime(steps, mask)), dim=1)
        return torch.einsum("bm,bmd->bd", weights, stacked)


class Temporal(Expert):
    """One ensemble per routed sequence, joined with the flat fields routed here (if any)."""

    def __init__(
        self, feed: Feed, shapes: dict[str, tuple[int, int]], dim: int, hidden: int, width: int, dropout: float
    ) -> None:
        super().__init__()
        self.feed = feed
        inner = max(8, width - width % 4)
        self.encoders = nn.ModuleDict(
            {name: SequenceEnsemble(*shapes[name], inner, dropout) for name in feed.sequences}
        )
        joined = inner * len(feed.sequences) + dim * len(feed.fields)
        self.join = nn.Sequential(nn.Linear(joined, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, width))

    def forward(self, fields: Tensor, inputs: Inputs) -> ExpertOutput:
        parts = [encoder(inputs.sequences[name], inputs.masks[name]) for name, encoder in self.encoders.items()]
        if self.feed.fields:
            parts.append(flat_fields(fields, self.feed))
        return ExpertOutput(self.join(torch.cat(parts, dim=1)))
