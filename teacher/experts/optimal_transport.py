"""Movement of a spending distribution: its transport distance to learned reference measures."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.experts.expert import Expert, ExpertOutput, flat_fields
from teacher.experts.sinkhorn import sinkhorn_divergence
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs

__all__ = ["OptimalTransport", "ReferenceMeasures"]


class ReferenceMeasures(nn.Module):
    """Sinkhorn divergences of histograms to ``references`` learned measures over bins at learned places.

    Bins have learned positions in the plane, at first in a line in their order; the ground cost is the squared distance
    divided by its maximum. The measures are softmaxes of free logits.

    Shapes: ``[batch, bins]`` -> ``[batch, references]``.
    """

    def __init__(self, bins: int, references: int, epsilon: float = 0.1) -> None:
        super().__init__()
        self.epsilon = epsilon
        line = torch.linspace(-1.0, 1.0, bins)
        self.places = nn.Parameter(torch.stack([line, 0.1 * torch.randn(bins)], dim=1))
        self.logits = nn.Parameter(torch.randn(references, bins))

    @property
    def cost(self) -> Tensor:
        """``[bins, bins]``, in [0, 1]."""
        squared = (self.places.unsqueeze(0) - self.places.unsqueeze(1)).square().sum(dim=-1)
        return squared / squared.flatten().amax(dim=0).clamp(min=1e-6)

    @property
    def measures(self) -> Tensor:
        """``[references, bins]``, rows sum to 1."""
        return torch.softmax(self.logits, dim=1)

    def forward(self, histogram: Tensor) -> Tensor:
        return sinkhorn_divergence(histogram, self.measures, self.cost, self.epsilon)


class OptimalTransport(Expert):
    """Divergences of every routed distribution to its references, with the flat fields routed here, read by an MLP."""

    exact = True

    def __init__(
        self, feed: Feed, bins: dict[str, int], dim: int, hidden: int, width: int, dropout: float, references: int = 16
    ) -> None:
        super().__init__()
        self.feed = feed
        self.measures = nn.ModuleDict({name: ReferenceMeasures(bins[name], references) for name in feed.distributions})
        joined = references * len(feed.distributions) + dim * len(feed.fields)
        self.read = nn.Sequential(
            nn.Linear(joined, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, width),
        )

    def forward(self, fields: Tensor, inputs: Inputs) -> ExpertOutput:
        divergences = [measure(inputs.distributions[name]) for name, measure in self.measures.items()]
        # The root of the divergence behaves like a distance: small movements are told apart as well as large ones.
        parts = [(divergence.clamp(min=0.0) + 1e-4).sqrt() for divergence in divergences]
        if self.feed.fields:
            parts.append(flat_fields(fields, self.feed))
        return ExpertOutput(self.read(torch.cat(parts, dim=1)))
