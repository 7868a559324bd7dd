"""Which categories: graph convolution over their tree in hyperbolic space, where trees fit."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.experts.expert import Expert, ExpertOutput, flat_fields
from teacher.experts.lorentz import centroid, distance, exp_origin, log_origin
from teacher.experts.tree_embedding import adjacency, lay_out
from teacher.inputs.layout import Feed, TreeLayout
from teacher.inputs.tensors import Inputs

__all__ = ["HyperbolicGcn", "TreeReader"]


class HyperbolicGcn(nn.Module):
    """Convolution over a graph of points (Chami et al., NeurIPS 2019; centroids as Zhang et al., WWW 2021).

    A layer maps each node in the tangent space of the origin, ``x' = exp(x_t + relu(W log(x)))`` (the residual keeps
    the laid-out tree), and moves it to the Lorentz centroid of itself and its neighbours.

    Shape: tangent vectors ``[nodes, dim]`` -> points ``[nodes, dim + 1]``.
    """

    def __init__(self, links: Tensor, dim: int, layers: int = 2) -> None:
        super().__init__()
        self.links: Tensor
        self.register_buffer("links", links)
        self.maps = nn.ModuleList(nn.Linear(dim, dim) for _ in range(layers))

    def forward(self, tangent: Tensor) -> Tensor:
        points = exp_origin(tangent)
        for layer in self.maps:
            inside = log_origin(points)
            moved = exp_origin(inside + 0.1 * torch.relu(layer(inside)))
            points, _ = centroid(self.links, moved)
        return points


class TreeReader(nn.Module):
    """A customer is the weighted centroid of the leaves of their histogram: its place, dispersion and distances.

    The dispersion ``log sqrt(-<s, s>)`` is a quadratic form of the histogram with the tree's metric, so concentration
    within a branch and within a leaf are told apart.

    Shapes: ``[batch, leaves]`` -> ``[batch, dim + 1 + references]``.
    """

    def __init__(self, tree: TreeLayout, dim: int, references: int = 16) -> None:
        super().__init__()
        self.leaves: Tensor
        self.register_buffer("leaves", torch.tensor(tree.leaves))
        self.nodes = nn.Parameter(lay_out(tree.parents, dim))
        self.convolve = HyperbolicGcn(adjacency(tree.parents), dim)
        self.references = nn.Parameter(0.5 * torch.randn(references, dim))
        self.width = dim + 1 + references

    def forward(self, histogram: Tensor) -> Tensor:
        leaves = self.convolve(self.nodes)[self.leaves]
        place, dispersion = centroid(histogram, leaves)
        apart = distance(place.unsqueeze(1), exp_origin(self.references))
        return torch.cat([log_origin(place), dispersion.log().unsqueeze(1), apart], dim=1)


class Hgcn(Expert):
    """One reader per routed histogram over a tree, with the flat fields routed here, read by a network."""

    exact = True

    def __init__(
        self,
        feed: Feed,
        trees: dict[str, TreeLayout],
        dim: int,
        hidden: int,
        width: int,
        dropout: float,
        tree_dim: int = 8,
    ) -> None:
        super().__init__()
        self.feed = feed
        readers = {name: TreeReader(trees[name], tree_dim) for name in feed.distributions if name in trees}
        self.readers = nn.ModuleDict(readers)
        joined = sum(reader.width for reader in readers.values()) + dim * len(feed.fields)
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
        parts = [reader(inputs.distributions[name]) for name, reader in self.readers.items()]
        if self.feed.fields:
            parts.append(flat_fields(fields, self.feed))
        return ExpertOutput(self.read(torch.cat(parts, dim=1)))
