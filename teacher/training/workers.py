"""Several training processes, one GPU each: every step's batch is dealt out, and the gradients are averaged.

Data-parallel training (Li et al., "PyTorch Distributed", VLDB 2020) without its wrapper: the data lie on every device,
all processes draw the same permutation, and one all-reduce a step carries all gradients.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.distributed
from torch import Tensor, nn

__all__ = ["ALONE", "Workers"]


@dataclass(frozen=True)
class Workers:
    """This process among those that train one teacher. One process alone communicates with nobody."""

    rank: int = 0
    world: int = 1

    @classmethod
    def join(cls, device: torch.device) -> Workers:
        """Join the processes that torchrun started (``RANK``, ``WORLD_SIZE``, ``MASTER_ADDR``, ``MASTER_PORT``)."""
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))

    @property
    def first(self) -> bool:
        """Whether this process writes what all of them made."""
        return self.rank == 0

    def part(self, rows: Tensor) -> Tensor:
        """This process's rows of a batch."""
        return rows if self.world == 1 else rows[self.rank :: self.world]

    def shares(self, mine: Tensor, all_rows: Tensor) -> Tensor | None:
        """``[T]`` factors for this process's losses, so that their mean over the processes is the whole batch's loss.

        A loss is a mean over known labels, and the parts of a batch do not know equally many: ``world * n_mine / n``.
        Labels ``[rows, T]``, NaN = masked; None for one process.
        """
        if self.world == 1:
            return None
        known, everybody = (torch.isfinite(labels).sum(dim=0) for labels in (mine, all_rows))
        return self.world * known / everybody.clamp(min=1)

    def average(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes, in one message."""
        if self.world == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
        flat /= self.world
        for gradient, mean in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, values: Tensor) -> Tensor:
        """The mean of ``values`` over the processes."""
        if self.world == 1:
            return values
        torch.distributed.all_reduce(values)
        return values / self.world

    def agreed(self, values: list[float]) -> list[float]:
        """The first process's ``values``: what all decide by must not differ in a last digit."""
        if self.world == 1:
            return values
        shared = torch.tensor(values, dtype=torch.float64)
        if torch.distributed.get_backend() == "nccl":
            shared = shared.cuda()
        torch.distributed.broadcast(shared, src=0)
        return [float(value) for value in shared]


ALONE = Workers()
