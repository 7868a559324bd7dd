"""All checks on a finished run, written down and enforced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from teacher.health.alignment import SHIFTS, labels_aligned
from teacher.health.check import Check, HealthReport, TrainingHealthError
from teacher.health.epochs import epochs_of
from teacher.health.gates import experts_alive, gates_vary
from teacher.health.heads import head_shares, heads_heard
from teacher.health.progress import (
    average_moved,
    finite,
    gradients_balanced,
    schedule_followed,
    thresholds_reached,
)
from teacher.health.weighting import sigma_in_range, sigma_settles, weights_applied_once
from teacher.losses.tasks import row_losses
from teacher.training.schedule import one_cycle
from understudy.atomic import write_json

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset
    from teacher.ple import Network, Output
    from teacher.training.teacher import Teacher
    from teacher.training.trainer import Trainer

__all__ = ["examine", "watch"]

_ALIGNMENT_ROWS = 2000
_HEAD_ROWS = 256


def examine(teacher: Teacher, trainer: Trainer, dataset: Dataset, train: NDArray[np.int64], path: Path) -> HealthReport:
    """Check the run and write ``path``.

    Raises:
        TrainingHealthError: a check failed.
    """
    checks = _checks(teacher, trainer, dataset, train)
    failed = any(check.status == "fail" for check in checks)
    report = _write(trainer, "fail" if failed else "pass", checks, path)
    if failed:
        raise TrainingHealthError(report, str(path))
    return report


def watch(trainer: Trainer, path: Path) -> HealthReport:
    """Write ``path`` while the training goes on: what was watched so far, and no verdict yet."""
    return _write(trainer, "training", [], path)


def _write(
    trainer: Trainer, status: Literal["training", "pass", "fail"], checks: list[Check], path: Path
) -> HealthReport:
    names = [task.name for task in trainer.tasks]
    epochs = epochs_of(trainer.history, trainer.weighting.share.tolist())
    report = HealthReport(status=status, checks=checks, tasks=names, epochs=epochs)
    write_json(path, report.model_dump(mode="json"))
    return report


def _checks(teacher: Teacher, trainer: Trainer, dataset: Dataset, train: NDArray[np.int64]) -> list[Check]:
    numbers = finite(trainer.history)
    if numbers.status == "fail":
        return [numbers]
    names = [task.name for task in trainer.tasks]
    last = trainer.history[-1]
    losses = torch.tensor(list(last["train_loss"].values()), device=trainer.device)
    choices = len(teacher.experts) + trainer.config.task_experts
    return [
        numbers,
        _schedule(trainer),
        thresholds_reached(_awaited(trainer), trainer.weighting.waits_for),
        average_moved(*trainer.moved(), trainer.average.updates, trainer.horizon),
        sigma_in_range(trainer.weighting, trainer.tasks),
        sigma_settles(trainer.weighting, trainer.tasks, losses),
        weights_applied_once(trainer.weighting, trainer.tasks),
        _balance_behind_gates(trainer, names),
        heads_heard(names, _head_shares(trainer)),
        experts_alive(last["expert_weight"], last["expert_variation"]),
        gates_vary(last["gate_variation"] if choices > 1 else last["gate_variation"][1:], names),
        labels_aligned(_losses_by_shift(teacher, trainer.network.eval(), dataset, train[:_ALIGNMENT_ROWS])),
    ]


def _balance_behind_gates(trainer: Trainer, names: list[str]) -> Check:
    """Of the tasks that have nothing but their gated path: a linear path beside it leaves it as little as it likes."""
    gated = [index for index in range(len(names)) if str(index) not in trainer.network.wide.maps]
    norms = [[record["gradient_norm"][index] for index in gated] for record in trainer.history]
    if not gated:
        return Check(name="gradients_balanced", status="unknown", detail="every task has a linear path")
    return gradients_balanced([names[index] for index in gated], norms)


@torch.no_grad()
def _first_logits(trainer: Trainer, labels: Tensor) -> list[Tensor]:
    output: Output = trainer.network.eval()(trainer.train.inputs.take(slice(0, len(labels))))
    return output.logits


def _head_shares(trainer: Trainer) -> list[float | None]:
    labels = trainer.train.labels[:_HEAD_ROWS]
    return head_shares(_first_logits(trainer, labels), labels, trainer.tasks, trainer.config.huber_delta)


def _awaited(trainer: Trainer) -> dict[str, tuple[float, float]]:
    """What the run as configured waits for, in steps, against the steps that it can have."""
    warmup = trainer.config.warmup * trainer.steps
    return {
        "the end of the learning rate's rise": (warmup, trainer.steps_taken),
        "the horizon of the moving average": (trainer.horizon, trainer.average.updates),
    }


def _schedule(trainer: Trainer) -> Check:
    config, ends = trainer.config, [(index + 1) * trainer.batches for index in range(trainer.epoch)]
    return schedule_followed(
        [record["learning_rate"] for record in trainer.history],
        [config.learning_rate * one_cycle(end - 1, trainer.steps, config.warmup) for end in ends],
        trainer.steps_taken,
        ends[-1],
    )


@torch.no_grad()
def _losses_by_shift(
    teacher: Teacher, network: Network, dataset: Dataset, positions: NDArray[np.int64]
) -> dict[str, dict[int, NDArray[np.float64]]]:
    """By the weights at the end of the run: they fit the training rows more closely than the averaged ones kept."""
    labels = teacher.targets.encode(dataset, positions)
    output = network(teacher.inputs.encode(dataset, positions).to(teacher.device))
    result: dict[str, dict[int, NDArray[np.float64]]] = {}
    for index, task in enumerate(teacher.inputs.layout.tasks):
        logits = output.logits[index].cpu()
        result[task.name] = {}
        for shift in (0, *SHIFTS):
            rolled = labels[:, index].roll(shift)
            loss = row_losses(logits, rolled.nan_to_num(), task.type, teacher.config.huber_delta).mean(dim=0)
            result[task.name][shift] = torch.where(rolled.isnan(), rolled, loss).double().numpy()
    return result
