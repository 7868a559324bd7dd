"""Loss weighting, one method per file."""

from collections.abc import Callable

from teacher.config import Weighting
from teacher.inputs.layout import TaskLayout
from teacher.weighting.dwa import DynamicWeightAverage
from teacher.weighting.famo import Famo
from teacher.weighting.gradient_scale import GradientScale
from teacher.weighting.gradnorm import GradNorm
from teacher.weighting.uncertainty import Uncertainty
from teacher.weighting.uniform import Uniform
from teacher.weighting.weighting import TaskWeighting

__all__ = [
    "DynamicWeightAverage",
    "Famo",
    "GradNorm",
    "GradientScale",
    "TaskWeighting",
    "Uncertainty",
    "Uniform",
    "build_weighting",
]


def build_weighting(name: Weighting, tasks: list[TaskLayout]) -> TaskWeighting:
    """The weighting of that name."""
    methods: dict[Weighting, Callable[[list[TaskLayout]], TaskWeighting]] = {
        "uniform": Uniform,
        "uncertainty": Uncertainty,
        "gradient_scale": GradientScale,
        "gradnorm": GradNorm,
        "dwa": DynamicWeightAverage,
        "famo": Famo,
    }
    return methods[name](tasks)
