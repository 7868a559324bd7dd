"""Is a weighted graph free of cycles? A smooth function that is zero exactly then."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["acyclicity"]


def acyclicity(weights: Tensor) -> Tensor:
    """``h(W) = -log det(s I - W o W) + d log s``: zero if and only if ``W`` is a DAG, else positive.

    DAGMA (Bello et al., NeurIPS 2022). There ``s`` is fixed and a line search keeps the spectral radius of ``W o W``
    below it; here ``s`` is 1.1 times a norm of ``W o W`` that bounds the radius (at least 1, not differentiated), so
    that any step of any optimiser stays inside the domain.

    Shapes: ``[d, d]`` -> scalar.
    """
    squared = weights * weights
    bound = torch.minimum(squared.detach().sum(dim=0).max(), squared.detach().sum(dim=1).max())
    s = torch.clamp(1.1 * bound, min=1.0)
    eye = torch.eye(len(weights), dtype=weights.dtype, device=weights.device)
    log_det: Tensor = torch.linalg.slogdet(s * eye - squared).logabsdet
    return len(weights) * torch.log(s) - log_det
