"""A tree laid out in hyperbolic space, so that distances between points follow those along its edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from teacher.experts.lorentz import distance, exp_origin

__all__ = ["adjacency", "distortion", "lay_out", "tree_distances"]


def adjacency(parents: Sequence[int]) -> Tensor:
    """``[nodes, nodes]`` symmetric, with self-loops; rows sum to 1. ``parents[i]`` is -1 for the root."""
    links = torch.eye(len(parents))
    for node, parent in enumerate(parents):
        if parent >= 0:
            links[node, parent] = links[parent, node] = 1.0
    return links / links.sum(dim=1, keepdim=True)


def tree_distances(parents: Sequence[int]) -> Tensor:
    """Edges on the way between each two nodes, ``[nodes, nodes]``."""
    paths = [_path(node, parents) for node in range(len(parents))]
    made: NDArray[np.float32] = np.zeros((len(parents), len(parents)), dtype=np.float32)
    for i, one in enumerate(paths):
        for j, other in enumerate(paths[:i]):
            shared = len(set(one) & set(other))
            made[i, j] = made[j, i] = len(one) + len(other) - 2 * shared
    return torch.from_numpy(made)


def _path(node: int, parents: Sequence[int]) -> list[int]:
    path = [node]
    while parents[path[-1]] >= 0:
        path.append(parents[path[-1]])
    return path


def distortion(found: Tensor, wanted: Tensor) -> float:
    """Mean of ``|found / wanted - 1|`` over pairs, at the best common scale."""
    above = torch.triu_indices(len(wanted), len(wanted), offset=1)
    f, w = found[above[0], above[1]], wanted[above[0], above[1]]
    ratio = f / w
    return float(((ratio / ratio.median()) - 1.0).abs().mean())


def lay_out(
    parents: Sequence[int], dim: int, *, steps: int = 250, space: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """Tangent vectors ``[nodes, dim]`` whose points keep the tree's distances (an edge has length 1).

    Minimises the relative stress by Adam from a small random start, drawn from torch's generator.

    Args:
        space: tangent vectors -> pairwise distances (default: hyperbolic).
    """
    wanted = tree_distances(parents)
    above = torch.triu_indices(len(wanted), len(wanted), offset=1)
    target = wanted[above[0], above[1]]
    pairwise = space or hyperbolic
    with torch.enable_grad():
        tangent = (0.5 * torch.randn(len(parents), dim)).requires_grad_()
        optimiser = torch.optim.Adam([tangent], lr=0.05)
        for _ in range(steps):
            optimiser.zero_grad()
            found = pairwise(tangent)[above[0], above[1]]
            stress = ((found / target) - 1.0).square().mean()
            stress.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return tangent.detach()


def hyperbolic(tangent: Tensor) -> Tensor:
    """Distances ``[nodes, nodes]`` of the points over ``tangent``."""
    points = exp_origin(tangent)
    return distance(points.unsqueeze(0), points.unsqueeze(1))
