"""Refuse thresholds that no model could reach."""

from __future__ import annotations

from collections.abc import Iterable

from understudy.contracts.gates import GateConfig
from understudy.contracts.spec import TaskSpec
from understudy.errors import UserError

__all__ = ["require_reachable"]


def require_reachable(config: GateConfig, tasks: Iterable[TaskSpec]) -> None:
    """Check the thresholds that depend on the tasks, and those that contradict each other.

    The contract refuses values outside a metric's range; only here is the number of classes known: the macro-F1 that
    skill asks for, ``skill_f1_times_random / K``, must lie below 1.

    Raises:
        UserError: naming the threshold and the task.
    """
    for floor, threshold in (("skill_auc_floor", "skill_auc"), ("skill_r2_floor", "skill_r2")):
        if getattr(config, floor) > getattr(config, threshold):
            raise UserError(f"{floor} is above {threshold}", where="gates", fix="Lower the floor.")
    for task in tasks:
        needed = config.skill_f1_times_random / task.width
        if task.type == "multiclass" and needed >= 1:
            raise UserError(
                f"skill_f1_times_random {config.skill_f1_times_random:g} asks a macro-F1 of {needed:.2f} of task "
                f"{task.name!r} with {task.width} classes: no model passes it",
                where="gates",
                fix=f"Give a value below {task.width}.",
            )
