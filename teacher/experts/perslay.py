"""Shape of a series: a learned vectorisation of its persistence diagram."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from teacher.experts.expert import Expert, ExpertOutput, flat_fields
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs

__all__ = ["PersLay", "PersLayVector"]


class PersLayVector(nn.Module):
    """``PersLay(D) = op_{p in D} w(p) phi(p)`` (Carriere et al., AISTATS 2020, equation 4).

    ``phi`` are Gaussians ``exp(-|p - t_k|^2 / (2 s_k^2))`` at learned places and, beside them, learned lines
    ``a_k . p + b_k``; ``w(p) = persistence^q`` with a learned power ``q >= 0``. The operation is the sum, and for the
    lines also the maximum. No operation sees the order of the points.

    Shapes: ``[batch, channels, points, 3]`` (birth, death, present) -> ``[batch, channels * (gaussians + 2 lines)]``.
    """

    def __init__(self, gaussians: int = 24, lines: int = 8) -> None:
        super().__init__()
        births = torch.rand(gaussians) * 3.0 - 2.0
        self.places = nn.Parameter(torch.stack([births, births + torch.rand(gaussians) * 2.5], dim=1))
        self.log_width = nn.Parameter(torch.full((gaussians,), -0.7))
        self.lines = nn.Linear(2, lines)
        self.power = nn.Parameter(torch.tensor(-1.0))

    @property
    def width(self) -> int:
        """Numbers per channel."""
        return len(self.places) + 2 * self.lines.out_features

    def forward(self, diagram: Tensor) -> Tensor:
        points, present = diagram[..., :2], diagram[..., 2:]
        persistence = (points[..., 1:] - points[..., :1]).clamp(min=1e-6)
        weight = present * persistence ** functional.softplus(self.power)
        squared = (points.unsqueeze(-2) - self.places).square().sum(dim=-1)
        bumps = torch.exp(-0.5 * squared * torch.exp(-2.0 * self.log_width))
        lines = self.lines(points)
        # An empty diagram has no maximum; 0 is what its sum is, too.
        top = torch.where(present > 0, lines * weight, lines.new_tensor(-torch.inf)).amax(dim=-2)
        top = torch.where(torch.isfinite(top), top, torch.zeros_like(top))
        sums = torch.cat([bumps, lines], dim=-1) * weight
        return torch.cat([sums.sum(dim=-2), top], dim=-1).flatten(1)


class PersLay(Expert):
    """The vectors of every routed sequence's diagrams, with the flat fields routed here, read by a network."""

    def __init__(
        self, feed: Feed, shapes: dict[str, tuple[int, int]], dim: int, hidden: int, width: int, dropout: float
    ) -> None:
        super().__init__()
        self.feed = feed
        self.vectors = nn.ModuleDict({name: PersLayVector() for name in feed.sequences})
        joined = sum(PersLayVector().width * shapes[name][1] for name in feed.sequences) + dim * len(feed.fields)
        self.read = nn.Sequential(
            nn.LayerNorm(joined),
            nn.Linear(joined, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, width),
        )

    def forward(self, fields: Tensor, inputs: Inputs) -> ExpertOutput:
        parts = [vector(inputs.diagrams[name]) for name, vector in self.vectors.items()]
        if self.feed.fields:
            parts.append(flat_fields(fields, self.feed))
        return ExpertOutput(self.read(torch.cat(parts, dim=1)))
