"""Who holds what: propagation on the customer-product graph, for customers of any day."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.experts.expert import Expert, ExpertOutput, flat_fields
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs

__all__ = ["LightGcn", "Propagation"]


class Propagation(nn.Module):
    """LightGCN (He et al., SIGIR 2020) whose customers have no embedding of their own.

    With degrees ``D`` of the graph of the training customers, a hop is ``D^-1/2 A D^-1/2``. A customer starts at 0, so
    every layer of theirs is a hop from the products they hold, and a product returns to its own kind after two hops:
    ``e^(k+2) = S e^(k)``, ``S = D_p^-1/2 A' D_u^-1 A D_p^-1/2`` (``two_hop``, computed once from the training rows).
    Layers are averaged as in the paper. A new customer takes one multiplication and no training.

    Shapes: holdings ``[batch, products]`` of 0 and 1 -> ``[batch, dim]``.
    """

    def __init__(self, degrees: Tensor, two_hop: Tensor, dim: int, hops: int = 3) -> None:
        super().__init__()
        self.hops = hops
        self.root_degree: Tensor
        self.two_hop: Tensor
        self.register_buffer("root_degree", degrees.clamp(min=1.0).rsqrt())
        self.register_buffer("two_hop", two_hop)
        self.products = nn.Parameter(0.3 * torch.randn(len(degrees), dim))

    def forward(self, holdings: Tensor) -> Tensor:
        hop = holdings * holdings.sum(dim=1, keepdim=True).clamp(min=1.0).rsqrt() * self.root_degree
        layer: Tensor = self.products
        total = torch.zeros_like(layer)
        for _ in range((self.hops + 1) // 2):  # a customer's odd layers; the even ones start at 0 and stay there
            total = total + layer
            layer = self.two_hop @ layer
        return hop @ total / (self.hops + 1)


class LightGcn(Expert):
    """The customer's place among products, and how much their products belong together, read by a network.

    Beside the propagated embedding stands the mean product of the embeddings of two different held products, by
    ``((sum e)^2 - sum e^2) / pairs``: whether a portfolio is of one kind is a property of pairs.
    """

    def __init__(
        self, feed: Feed, degrees: Tensor, two_hop: Tensor, dim: int, hidden: int, width: int, dropout: float
    ) -> None:
        super().__init__()
        self.feed = feed
        self.graph = Propagation(degrees, two_hop, width)
        joined = 2 * width + 1 + dim * len(feed.fields)
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
        held = inputs.holdings
        count = held.sum(dim=1, keepdim=True)
        total, squares = held @ self.graph.products, held @ self.graph.products.square()
        kinship = (total.square() - squares) / (count * (count - 1.0)).clamp(min=1.0)
        parts = [self.graph(held), kinship, count]
        if self.feed.fields:
            parts.append(flat_fields(fields, self.feed))
        return ExpertOutput(self.read(torch.cat(parts, dim=1)))
