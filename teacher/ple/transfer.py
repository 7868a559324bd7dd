"""Logit transfer: what one task's tower says may move another's logits."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from teacher.inputs.layout import TaskLayout
from understudy.errors import UserError

__all__ = ["LogitTransfer"]


class LogitTransfer(nn.Module):
    """``logits_target += A squash(logits_source)`` for each pair, ``A`` learned from zero.

    ``squash`` is what the source says in bounded numbers: log-odds and standard units through ``3 tanh(x / 3)``,
    classes through their probabilities. The source's logits are detached: a target may listen, it cannot bend its
    source. Sources are read as their towers left them: the order of the pairs does not matter, there are no cycles.

    Shapes: per task ``[members, batch, outputs]`` -> the same.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], tasks: list[TaskLayout]) -> None:
        super().__init__()
        place = {task.name: index for index, task in enumerate(tasks)}
        for name in (name for pair in pairs for name in pair):
            if name not in place:
                raise UserError(
                    f"transfer names a task {name!r} that the dataset does not have",
                    where="teacher config, transfer",
                    fix=f"The tasks are {', '.join(place)}.",
                )
        self.pairs = [(place[source], place[target]) for source, target in pairs]
        self.kinds = [tasks[source].type for source, _ in self.pairs]
        self.maps = nn.ModuleList(
            nn.Linear(tasks[source].width, tasks[target].width, bias=False) for source, target in self.pairs
        )
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()

    def forward(self, logits: list[Tensor]) -> list[Tensor]:
        moved = list(logits)
        for (source, target), kind, layer in zip(self.pairs, self.kinds, self.maps, strict=True):
            said = logits[source].detach()
            bounded = torch.softmax(said, dim=-1) if kind == "multiclass" else 3.0 * torch.tanh(said / 3.0)
            moved[target] = moved[target] + layer(bounded)
        return moved
