"""What a student is asked to learn: labels, teacher, or a blend of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.contracts.spec import TaskSpec
from understudy.errors import UserError

__all__ = ["Targets", "TaskData", "prepare_task"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Targets:
    """Targets of the rows to learn from.

    Attributes:
        rows: Positions within the split, increasing.
        values: ``[m]`` or ``[m, K]`` targets.
        weights: ``[m]`` row weights, or None for all ones.
    """

    rows: Rows
    values: Floats
    weights: Floats | None


@dataclass(frozen=True)
class TaskData:
    """Labels and soft labels of one task on one split, in the units that the student learns.

    Attributes:
        hard: ``[m]`` (0/1, or the standardised label) or ``[m, K]`` one-hot; rows without a label are NaN.
        soft: The teacher's predictions, same shape, no NaN.
        weights: ``[m]`` what the spec says each row counts, or None for all ones.
    """

    hard: Floats
    soft: Floats
    weights: Floats | None = None

    @property
    def known(self) -> NDArray[np.bool_]:
        """``[m]`` True where the label is known."""
        return ~np.isnan(self.hard.reshape(len(self.hard), -1)[:, 0])

    def blend(self, alpha: float, temperature: float = 1.0) -> Targets:
        """``alpha * soft + (1 - alpha) * hard``; the teacher's logits are first divided by ``temperature``.

        A row without a label has the teacher's target alone at weight ``alpha``, so that its say fades with the
        teacher's; at ``alpha`` 0 it is left out.
        """
        known = self.known
        if alpha == 0.0:
            rows = np.flatnonzero(known)
            return Targets(rows, self.hard[rows], None if self.weights is None else self.weights[rows])
        labelled = known if self.hard.ndim == 1 else known[:, None]
        soft = self.soft if temperature == 1.0 else _tempered(self.soft, temperature)
        values = np.where(labelled, alpha * soft + (1 - alpha) * np.nan_to_num(self.hard), soft)
        weights = None if known.all() else np.where(known, 1.0, alpha)
        if self.weights is not None:
            weights = self.weights if weights is None else weights * self.weights
        return Targets(np.arange(len(values)), values, weights)


def prepare_task(
    task: TaskSpec,
    labels: tuple[Floats, Floats],
    soft: tuple[Floats, Floats],
    weights: tuple[Floats, Floats] | tuple[None, None] = (None, None),
) -> tuple[TaskData, TaskData, float, float]:
    """Training and validation data of one task, and the scale and shift of a regression label.

    Args:
        task: Type and classes.
        labels: Training and validation labels ``[m]``; NaN = masked, class index for a multiclass task.
        soft: The teacher's predictions of the same rows.
        weights: What each row counts; None for all ones.

    Raises:
        UserError: no training or no validation row has a label, or the training labels do not vary, or a soft label is
            not finite (exit code 4).
    """
    for split, values in zip(("training", "validation"), labels, strict=True):
        if np.isnan(values).all():
            raise UserError(f"no {split} row has a label", where=f"task {task.name}", fix="Check its label and mask.")
    if not all(np.isfinite(values).all() for values in soft):
        raise UserError("a soft label is not finite", where=f"task {task.name}", fix="Label again.", exit_code=4)
    known = labels[0][~np.isnan(labels[0])]
    if np.all(known == known[0]):
        raise UserError(
            f"every training label is {known[0]:g}: there is nothing to learn",
            where=f"task {task.name}",
            fix="Check the label expression, or drop the task.",
        )
    if weights[0] is not None and weights[1] is not None:
        # Mean 1 over the known training rows: what regularises a tree is in units of rows.
        mean = float(weights[0][~np.isnan(labels[0])].mean())
        weights = (weights[0] / mean, weights[1] / mean)
    scale, shift = (float(known.std()), float(known.mean())) if task.type == "regression" else (1.0, 0.0)
    parts = [
        TaskData(_one_hot(y, task.width) if task.type == "multiclass" else (y - shift) / scale, (s - shift) / scale, w)
        for y, s, w in zip(labels, soft, weights, strict=True)
    ]
    return parts[0], parts[1], scale, shift


def _tempered(soft: Floats, temperature: float) -> Floats:
    """Probabilities whose logits were divided by ``temperature``."""
    if soft.ndim == 2:
        powered = soft ** (1 / temperature)
        return np.asarray(powered / powered.sum(axis=1, keepdims=True), dtype=np.float64)
    yes, no = soft ** (1 / temperature), (1 - soft) ** (1 / temperature)
    return np.asarray(yes / (yes + no), dtype=np.float64)


def _one_hot(labels: Floats, classes: int) -> Floats:
    known = ~np.isnan(labels)
    matrix = np.full((len(labels), classes), np.nan)
    matrix[known] = np.eye(classes)[labels[known].astype(np.int64)]
    return matrix
