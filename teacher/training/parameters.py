"""Parameter groups of the optimiser."""

from __future__ import annotations

from typing import Any

from torch import nn

from teacher.config import TeacherConfig
from teacher.experts.causal import StructuralLayer
from teacher.ple import Network
from teacher.weighting import TaskWeighting

__all__ = ["parameter_groups"]

# A handful of scalars, or one matrix, that must travel far in few steps.
_FAST = 5.0


def parameter_groups(network: Network, weighting: TaskWeighting, config: TeacherConfig) -> list[dict[str, Any]]:
    """Groups with ``lr``, ``weight_decay`` and ``clip`` (whether the group shares the clipped gradient norm).

    Weight decay falls on weight matrices only: not on biases, scales and embeddings. The structural graph and the
    weighting's own parameters learn faster and have objectives of their own scale: they are not clipped with the rest.
    """
    plain: list[nn.Parameter] = []
    decayed: list[nn.Parameter] = []
    fast: list[nn.Parameter] = list(weighting.parameters())
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(module, StructuralLayer):
                fast.append(parameter)
            elif name == "weight" and parameter.dim() > 1 and not isinstance(module, nn.Embedding):
                decayed.append(parameter)
            else:
                plain.append(parameter)
    groups = [
        {"params": decayed, "lr": config.learning_rate, "weight_decay": config.weight_decay, "clip": True},
        {"params": plain, "lr": config.learning_rate, "weight_decay": 0.0, "clip": True},
        {"params": fast, "lr": config.learning_rate * _FAST, "weight_decay": 0.0, "clip": False},
    ]
    return [{**group, "peak": group["lr"]} for group in groups if group["params"]]
