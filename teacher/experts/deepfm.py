"""Feature crosses: factorisation machine and a deep part over the same field embeddings."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.experts.expert import Expert, ExpertOutput, routed
from teacher.experts.members import MemberLinear
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs

__all__ = ["DeepFM", "second_order"]


def second_order(fields: Tensor) -> Tensor:
    """``sum_{i < j} v_i * v_j`` elementwise, by ``((sum_i v_i)^2 - sum_i v_i^2) / 2``: linear in the number of fields.

    Summed over the last dimension this is the factorisation machine's ``sum_{i < j} <v_i, v_j>`` (Rendle 2010).

    Shapes: ``[batch, fields, dim]`` -> ``[batch, dim]``.
    """
    total = fields.sum(dim=1)
    return 0.5 * (total * total - (fields * fields).sum(dim=1))


class DeepFM(Expert):
    """DeepFM (Guo et al., IJCAI 2017) with a vector output.

    first order: a linear map of the embedded fields; second order: ``second_order`` kept as a vector (the paper sums it
    to the click logit; PLE wants a representation); deep: two layers over the concatenated embeddings. Their sum is
    the output. The second-order vector is divided by the square root of the number of pairs, so that its scale does
    not grow with the number of fields.
    """

    def __init__(self, feed: Feed, dim: int, hidden: int, width: int, members: int, dropout: float) -> None:
        super().__init__()
        self.feed = feed
        self.members = members
        fields = len(feed.fields)
        self.pairs = max(1.0, fields * (fields - 1) / 2) ** 0.5
        self.first = nn.Linear(fields * dim, width, bias=False)
        self.second = nn.Linear(dim + 1, width)
        self.enter = MemberLinear(fields * dim, hidden, members)
        self.deep = nn.Sequential(
            nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, width)
        )

    def forward(self, fields: Tensor, inputs: Inputs) -> ExpertOutput:
        del inputs
        mine = routed(fields, self.feed)
        flat = mine.flatten(1)
        crosses = second_order(mine) / self.pairs
        shallow = self.first(flat) + self.second(torch.cat([crosses, crosses.sum(1, keepdim=True)], dim=1))
        return ExpertOutput(shallow.repeat(self.members, 1) + self.deep(self.enter(flat)))
