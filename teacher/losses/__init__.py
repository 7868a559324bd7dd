"""Targets and losses of the tasks."""

from teacher.losses.targets import TargetScale
from teacher.losses.tasks import task_losses

__all__ = ["TargetScale", "task_losses"]
