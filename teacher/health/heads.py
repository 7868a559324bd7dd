"""Is any head averaged into silence? Each loss's gradient at its logits has a closed form."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from teacher.health.check import Check, verdict
from teacher.inputs.layout import TaskLayout
from teacher.losses import task_losses

__all__ = ["head_shares", "heads_heard"]

_TOLERANCE = 0.05


def head_shares(
    logits: list[Tensor], labels: Tensor, tasks: list[TaskLayout], huber_delta: float
) -> list[float | None]:
    """Per task, how much of the gradient that its loss owes to the logits arrives there: 1, or 1/K if averaged over K.

    The closed forms, per member and row and divided by their number: ``p - y`` (binary, multiclass with one-hot ``y``),
    ``clip(r, -delta, delta)`` (regression). None where no row is known.

    Shapes: logits per task ``[members, batch, outputs]``, labels ``[batch, T]``, NaN = masked.
    """
    free = [one.detach().float().requires_grad_() for one in logits]
    found = torch.autograd.grad(task_losses(free, labels, tasks, huber_delta, None).sum(), free)
    shares: list[float | None] = []
    for index, (task, gradient) in enumerate(zip(tasks, found, strict=True)):
        owed = _owed(free[index].detach(), labels[:, index], task, huber_delta)
        size = float((owed * owed).sum())
        shares.append(float((gradient * owed).sum()) / size if size > 0 else None)
    return shares


def _owed(logits: Tensor, labels: Tensor, task: TaskLayout, huber_delta: float) -> Tensor:
    known = torch.isfinite(labels)
    target = labels.nan_to_num()
    if task.type == "multiclass":
        rows = torch.softmax(logits, dim=-1) - functional.one_hot(target.long(), task.width).to(logits.dtype)
    elif task.type == "binary":
        rows = torch.sigmoid(logits) - target[:, None]
    else:
        rows = (logits - target[:, None]).clamp(-huber_delta, huber_delta)
    return rows * known[:, None] / (known.sum() * len(logits)).clamp(min=1)


def heads_heard(tasks: list[str], shares: list[float | None]) -> Check:
    """Every head gets the whole gradient of its loss: none is averaged over its outputs or its masked rows."""
    faults = [
        f"{task}: {share:.3g} of the gradient of its loss arrives at its head"
        for task, share in zip(tasks, shares, strict=True)
        if share is not None and not abs(share - 1) <= _TOLERANCE
    ]
    unseen = [task for task, share in zip(tasks, shares, strict=True) if share is None]
    if unseen and not faults:
        return Check(name="heads_heard", status="unknown", detail=f"no known label to tell by: {', '.join(unseen)}")
    return verdict("heads_heard", faults, "every head gets the whole gradient of its loss")
