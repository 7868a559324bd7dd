"""Loss weighting, one method per file."""

from teacher.config import Weighting
from teacher.inputs.layout import TaskLayout
from teacher.weighting.uncertainty import Uncertainty
from teacher.weighting.uniform import Uniform
from teacher.weighting.weighting import TaskWeighting

__all__ = ["TaskWeighting", "Uncertainty", "Uniform", "build_weighting"]


def build_weighting(name: Weighting, tasks: list[TaskLayout]) -> TaskWeighting:
    """The weighting of that name."""
    return Uncertainty(tasks) if name == "uncertainty" else Uniform(tasks)
