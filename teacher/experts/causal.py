"""Structure among features: a linear structural equation model whose graph is driven to be acyclic."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.experts.acyclicity import acyclicity
from teacher.experts.expert import Expert, ExpertOutput, routed
from teacher.experts.members import MemberLinear
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs

__all__ = ["Causal", "StructuralLayer"]


class StructuralLayer(nn.Module):
    """``X = X W + E`` with ``W`` acyclic, by the augmented Lagrangian of NOTEARS (Zheng et al., NeurIPS 2018).

    objective: ``(|X - X W|^2 / (2 batch) + l1 |W|_1 + alpha h(W) + rho h(W)^2 / 2) / d``, with DAGMA's ``h``.
    ``tighten`` is called once an epoch: ``alpha += rho h``, and ``rho`` grows tenfold where ``h`` did not fall to a
    quarter. The dual state lives in buffers, so a resumed run goes on with it.

    ``W`` learns from this objective alone. The reconstruction term keeps it from collapsing to zero, and a task cannot
    bend an arrow into a lie because it helps to predict a label.

    Shapes: ``[batch, d]`` -> explained part ``[batch, d]`` and objective (scalar).
    """

    def __init__(self, variables: int, l1: float = 0.02, rho_max: float = 1e6) -> None:
        super().__init__()
        self.l1, self.rho_max = l1, rho_max
        self.graph = nn.Parameter(torch.randn(variables, variables) * 0.01)
        self.off_diagonal: Tensor
        self.alpha: Tensor
        self.rho: Tensor
        self.last: Tensor
        self.register_buffer("off_diagonal", 1.0 - torch.eye(variables))
        self.register_buffer("alpha", torch.tensor(0.0))
        self.register_buffer("rho", torch.tensor(1.0))
        self.register_buffer("last", torch.tensor(float("inf")))

    @property
    def weights(self) -> Tensor:
        """``W [d, d]``: entry ``(i, j)`` is the direct effect of variable ``i`` on variable ``j``."""
        return self.graph * self.off_diagonal

    def explain(self, x: Tensor) -> Tensor:
        """The part of every variable that its causes explain; gradients do not reach ``W``."""
        return x @ self.weights.detach()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        weights = self.weights
        residual = x - x @ weights
        fit = 0.5 * residual.square().sum(dim=1).mean()
        cyclic = acyclicity(weights)
        penalty = self.l1 * weights.abs().sum() + self.alpha * cyclic + 0.5 * self.rho * cyclic * cyclic
        return self.explain(x), (fit + penalty) / len(weights)

    @torch.no_grad()
    def tighten(self) -> None:
        """One step of the dual ascent."""
        cyclic = acyclicity(self.weights)
        self.alpha += self.rho * cyclic
        grown = (self.rho * 10.0).clamp(max=self.rho_max)
        self.rho.copy_(torch.where(cyclic > 0.25 * self.last, grown, self.rho))
        self.last.copy_(cyclic)


class Causal(Expert):
    """Explained part and residual of every routed variable, read by a small network.

    A field enters as one standardised number (a category by its log frequency). Splitting each variable into what its
    causes explain and what is its own tells the towers whether a value is out of line with the customer's situation.
    """

    exact = True

    def __init__(self, feed: Feed, hidden: int, width: int, members: int, dropout: float) -> None:
        super().__init__()
        self.feed = feed
        self.structure = StructuralLayer(len(feed.fields))
        self.enter = MemberLinear(2 * len(feed.fields), hidden, members)
        self.read = nn.Sequential(nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, width))

    def forward(self, fields: Tensor, inputs: Inputs) -> ExpertOutput:
        del fields
        x = routed(inputs.scalars, self.feed)
        # The objective is for training alone, and a determinant is nothing that a scoring runtime knows.
        explained, objective = self.structure(x) if self.training else (self.structure.explain(x), None)
        return ExpertOutput(self.read(self.enter(torch.cat([explained, x - explained], dim=1))), objective)

    def end_epoch(self) -> None:
        self.structure.tighten()
