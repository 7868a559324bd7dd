"""A linear layer shared by the members of an ensemble, with cheap per-member scales."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["MemberLinear"]


class MemberLinear(nn.Module):
    """``y_m = (x W) * s_m + b_m`` for the members ``m``: one product, then a scale and a bias per member.

    TabM (Gorishniy et al., "TabM", 2024) after BatchEnsemble (Wen et al., 2020): members share ``W`` and are told apart
    by sign scales drawn at random. TabM scales the layer's input; here its output is scaled, so that the product, the
    dearest of the network, is computed once for all members: a flipped sign makes a ReLU pass the opposite half.

    Shapes: ``[batch, inputs]`` -> ``[members * batch, outputs]``, member-major.
    """

    def __init__(self, inputs: int, outputs: int, members: int) -> None:
        super().__init__()
        self.shared = nn.Linear(inputs, outputs, bias=False)
        bound = inputs**-0.5
        self.bias = nn.Parameter(torch.empty(members, 1, outputs).uniform_(-bound, bound))
        signs = torch.randint(0, 2, (members, 1, outputs)).mul_(2).sub_(1).float()
        self.scale = nn.Parameter(signs if members > 1 else torch.ones_like(signs))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.shared(x) * self.scale + self.bias
        return y.flatten(0, 1)
