"""Embeddings of flat fields: piecewise-linear for numbers, a table for categories."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.inputs.layout import Layout
from teacher.inputs.tensors import Inputs

__all__ = ["CategoryEmbedding", "FieldEmbedding", "PiecewiseLinearEmbedding"]


class PiecewiseLinearEmbedding(nn.Module):
    """Embeds each number through the bins it has filled.

    Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning" (NeurIPS 2022). With bin edges
    ``b_0 < ... < b_T`` the encoding of ``x`` is ``e_t = clip((x - b_{t-1}) / (b_t - b_{t-1}), 0, 1)``, and the
    embedding ``x v + e W + bias``, plus a learned vector where the number is missing (``e`` and ``x`` are then 0).

    As in the authors' later code (version B of ``rtdl_num_embeddings``) ``W`` starts at zero beside the linear term,
    and there is no activation. The outer bins are clipped too: the quantile transform has bounded them already.

    Shapes: numeric and missing ``[batch, N]`` -> ``[batch, N, dim]``. ``edges`` is ``[N, T + 1]``, padded with +inf.
    """

    def __init__(self, edges: Tensor, dim: int) -> None:
        super().__init__()
        lower, upper = edges[:, :-1], edges[:, 1:]
        real = torch.isfinite(upper)
        self.lower: Tensor
        self.scale: Tensor
        self.register_buffer("lower", torch.where(real, lower, torch.zeros_like(lower)))
        self.register_buffer("scale", torch.where(real, 1.0 / (upper - lower), torch.zeros_like(lower)))
        columns, bins = lower.shape
        self.bins_weight = nn.Parameter(torch.zeros(columns, bins, dim))
        self.linear = nn.Parameter(torch.empty(columns, dim).uniform_(-1, 1) * dim**-0.5)
        self.bias = nn.Parameter(torch.empty(columns, dim).uniform_(-1, 1) * dim**-0.5)
        self.missing = nn.Parameter(torch.zeros(columns, dim))

    def encode(self, numeric: Tensor) -> Tensor:
        """The encoding ``[batch, N, T]``."""
        return ((numeric.unsqueeze(-1) - self.lower) * self.scale).clamp(0.0, 1.0)

    def forward(self, numeric: Tensor, missing: Tensor) -> Tensor:
        encoded = self.encode(numeric) * (1.0 - missing).unsqueeze(-1)
        piecewise = torch.einsum("bnt,ntd->bnd", encoded, self.bins_weight)
        linear = numeric.unsqueeze(-1) * self.linear + missing.unsqueeze(-1) * self.missing
        return piecewise + linear + self.bias


class CategoryEmbedding(nn.Module):
    """One table for all categorical columns; row 0 of each column stands for missing or unseen.

    That row starts at zero, the centre of the others: a category never seen in training then says nothing.

    Shapes: codes ``[batch, C]`` in ``0 .. K_c`` -> ``[batch, C, dim]``.
    """

    def __init__(self, cardinalities: list[int], dim: int) -> None:
        super().__init__()
        sizes = torch.tensor([0, *(size + 1 for size in cardinalities)])
        self.offsets: Tensor
        self.register_buffer("offsets", sizes.cumsum(0)[:-1])
        self.table = nn.Embedding(int(sizes.sum()), dim)
        with torch.no_grad():
            self.table.weight.uniform_(-1, 1).mul_(dim**-0.5)
            self.table.weight[self.offsets] = 0.0

    def forward(self, codes: Tensor) -> Tensor:
        embedded: Tensor = self.table(codes + self.offsets)
        return embedded


class FieldEmbedding(nn.Module):
    """All flat fields as vectors of one width: ``[batch, N + C, dim]``, numeric columns first."""

    def __init__(self, layout: Layout, edges: Tensor, dim: int) -> None:
        super().__init__()
        self.numbers = PiecewiseLinearEmbedding(edges, dim) if layout.numeric else None
        self.categories = CategoryEmbedding(layout.cardinalities, dim) if layout.categorical else None

    def forward(self, inputs: Inputs) -> Tensor:
        parts = []
        if self.numbers is not None:
            parts.append(self.numbers(inputs.numeric, inputs.missing))
        if self.categories is not None:
            parts.append(self.categories(inputs.codes))
        return torch.cat(parts, dim=1)
