"""The loss of each task type, with masks."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from teacher.inputs.layout import TaskLayout
from understudy.contracts._model import TaskType

__all__ = ["masked_mean", "row_losses", "task_losses"]


def row_losses(logits: Tensor, labels: Tensor, kind: TaskType, huber_delta: float) -> Tensor:
    """The loss of each member and row.

    binary: BCE with logits; multiclass: cross-entropy of the logits; regression: Huber
    ``0.5 r^2`` for ``|r| <= delta``, ``delta (|r| - delta / 2)`` beyond, ``r`` in standard deviations of the label.

    Shapes: logits ``[members, batch, outputs]``, labels ``[batch]`` without NaN -> ``[members, batch]``.
    """
    members = len(logits)
    if kind == "multiclass":
        target = labels.long().expand(members, -1)
        return functional.cross_entropy(logits.transpose(1, 2), target, reduction="none")
    target = labels.expand(members, -1)
    if kind == "binary":
        return functional.binary_cross_entropy_with_logits(logits.squeeze(-1), target, reduction="none")
    return functional.huber_loss(logits.squeeze(-1), target, reduction="none", delta=huber_delta)


def masked_mean(losses: Tensor, known: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean over the members and the known rows; 0 if no row of the batch is known.

    ``weights`` ``[batch]`` (mean 1 over all training rows) multiply the rows' losses. The divisor stays the number of
    known rows: dividing by the batch's own weights would make a heavy row count less in a heavy batch.

    Outputs are never averaged over: a task with many classes has the same weight as any other.
    """
    weighed = known if weights is None else known * weights
    return (losses * weighed).sum() / (known.sum() * len(losses)).clamp(min=1.0)


def task_losses(
    logits: list[Tensor], labels: Tensor, tasks: list[TaskLayout], huber_delta: float, weights: Tensor | None = None
) -> Tensor:
    """``[T]`` losses of a batch; ``labels`` ``[batch, T]``, NaN = masked. No task weight is applied here.

    ``weights`` ``[batch, T]`` weigh the rows of each task; see `masked_mean`.
    """
    known = torch.isfinite(labels)
    filled = torch.where(known, labels, torch.zeros_like(labels))
    return torch.stack(
        [
            masked_mean(
                row_losses(logits[i], filled[:, i], task.type, huber_delta),
                known[:, i].to(labels.dtype),
                None if weights is None else weights[:, i],
            )
            for i, task in enumerate(tasks)
        ]
    )
