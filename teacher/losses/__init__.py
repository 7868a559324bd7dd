"""Targets and losses of the tasks."""

from teacher.losses.targets import TargetScale, row_weights
from teacher.losses.tasks import task_losses

__all__ = ["TargetScale", "row_weights", "task_losses"]
