"""What every method of gradient surgery does: weigh the tasks anew in each step, by how their gradients stand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from understudy.errors import UserError

__all__ = ["Operation", "torchjd_weighting"]


class Operation(ABC):
    """``total = sum_t a_t part_t`` with ``a`` from the Gramian of the tasks' gradients; ``a = 1`` where none conflict.

    The gradients are taken at the named experts' outputs, the representation that all tasks share, as in MGDA-UB (Sener
    and Koltun, NeurIPS 2018): a short backward pass per task instead of a whole one. Departure from the papers: the
    weights found there count for all parameters, the upper layers' included, so the step stays one backward pass.
    """

    @abstractmethod
    def weigh(self, gramian: Tensor) -> Tensor:
        """``[T, T]`` inner products of the tasks' gradients -> ``[T]`` weights of the tasks."""

    def weights(self, parts: Tensor, shared: Tensor) -> Tensor:
        """``[T]`` weights for the tasks' ``parts`` ``[T]`` of the total, by their gradients at ``shared``."""
        gramian = gramian_of(parts, shared)
        # Weights do not depend on the gradients' scale, but TorchJD's solvers take a small Gramian for zero: the
        # gradients of a mean over a batch are small, and would silently go unoperated.
        level = gramian.diagonal().mean()
        return self.weigh(gramian / level) if level > 0 else torch.ones_like(parts)


def gramian_of(parts: Tensor, shared: Tensor) -> Tensor:
    """``[T, T]`` inner products of the gradients of ``parts`` ``[T]`` at ``shared``; the graph is kept."""
    rows = [torch.autograd.grad(part, shared, retain_graph=True)[0].flatten() for part in parts]
    jacobian = torch.stack(rows)
    return jacobian @ jacobian.T


def torchjd_weighting(name: str, *arguments: Any) -> Any:
    """The weighting ``name`` of TorchJD, which solves for weights from a Gramian.

    Raises:
        UserError: TorchJD or the solver is not installed.
    """
    try:
        from torchjd import aggregation

        return getattr(aggregation, name)(*arguments)
    except ImportError as error:
        raise UserError(
            f"gradient surgery by {name} needs a package that is not installed: {error}",
            where="teacher config, surgery",
            fix="Install understudy[surgery], or set surgery to none.",
        ) from error
