"""The Lorentz model of hyperbolic space of curvature -1: points ``x`` with ``<x, x> = -1`` and ``x_0 > 0``."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["centroid", "distance", "exp_origin", "inner", "log_origin"]

# Under this length a tangent vector's direction is numerically meaningless.
_TINY = 1e-7


def inner(x: Tensor, y: Tensor) -> Tensor:
    """``<x, y> = -x_0 y_0 + sum_i x_i y_i`` over the last dimension."""
    products = x * y
    result: Tensor = products[..., 1:].sum(dim=-1) - products[..., 0]
    return result


def exp_origin(tangent: Tensor) -> Tensor:
    """From the tangent space of the origin ``(1, 0, ..., 0)``: ``[..., d] -> [..., d + 1]``."""
    length = tangent.norm(dim=-1, keepdim=True).clamp(min=_TINY)
    return torch.cat([torch.cosh(length), torch.sinh(length) * tangent / length], dim=-1)


def log_origin(point: Tensor) -> Tensor:
    """The inverse of ``exp_origin``: ``[..., d + 1] -> [..., d]``.

    By ``arsinh`` of the space part, which keeps its digits near the origin; ``arcosh`` of the time part loses them.
    """
    space = point[..., 1:]
    length = space.norm(dim=-1, keepdim=True).clamp(min=_TINY)
    tangent: Tensor = torch.asinh(length) * space / length
    return tangent


def distance(x: Tensor, y: Tensor) -> Tensor:
    """``arcosh(-<x, y>)`` over the last dimension, by ``2 arsinh(|x - y|_L / 2)``: exact for near points too."""
    gap = x - y
    return 2.0 * torch.asinh(0.5 * inner(gap, gap).clamp(min=1e-12).sqrt())


def centroid(weights: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """The points that minimise the weighted squared Lorentzian distance (Law et al., ICML 2019, equation 13).

    ``s = sum_j w_j x_j``, then ``s / sqrt(-<s, s>)``. The divisor, 1 when all weight lies on one point and larger the
    farther the points lie apart, says how dispersed they are.

    Shapes: ``[rows, n]`` (rows sum to 1), ``[n, d + 1]`` -> ``[rows, d + 1]``, ``[rows]``.
    """
    total = weights @ points
    divisor = (-inner(total, total)).clamp(min=_TINY).sqrt()
    return total / divisor.unsqueeze(-1), divisor
