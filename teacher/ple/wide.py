"""A linear path from the fields to the logits of tasks with many classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.inputs.layout import TaskLayout

__all__ = ["WidePath"]


class WidePath(nn.Module):
    """``logits_t += V_t fields`` for every task of at least ``classes`` classes, ``V_t`` learned from zero.

    Cheng et al., "Wide & Deep Learning" (2016), for these tasks alone. With fifty classes each class's direction gets a
    fiftieth of the rows: experts and head start small in all of them, and a training of some hundred steps does not
    leave that saddle (the head learns the class shares and nothing else). The linear path has no saddle. Tasks of few
    classes are better without it. What it says goes past the gates: the gate weights of such a task tell of the rest.

    Shapes: fields ``[batch, inputs]``, logits per task ``[members, batch, outputs]`` -> the same.
    """

    def __init__(self, inputs: int, tasks: list[TaskLayout], classes: int) -> None:
        super().__init__()
        chosen = [index for index, task in enumerate(tasks) if classes and task.width >= classes]
        self.maps = nn.ModuleDict({str(index): nn.Linear(inputs, tasks[index].width, bias=False) for index in chosen})
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()

    def forward(self, fields: Tensor, logits: list[Tensor]) -> list[Tensor]:
        return [
            said + self.maps[str(index)](fields) if str(index) in self.maps else said
            for index, said in enumerate(logits)
        ]
