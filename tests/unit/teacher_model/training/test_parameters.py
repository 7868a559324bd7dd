from __future__ import annotations

from typing import Any

import numpy as np
import torch

from teacher.config import TeacherConfig
from teacher.inputs import TeacherInputs
from teacher.ple import Network
from teacher.training.parameters import parameter_groups
from teacher.weighting import build_weighting


def test_every_parameter_is_in_exactly_one_group(toy: Any, small_config: TeacherConfig) -> None:
    fitted = TeacherInputs.fit(toy, np.arange(100), small_config)
    network = Network(fitted.layout, small_config, torch.from_numpy(fitted.quantiles.edges), fitted.graph)
    weighting = build_weighting("uncertainty", fitted.layout.tasks)
    groups = parameter_groups(network, weighting, small_config)
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    every = [*network.parameters(), *weighting.parameters()]
    assert sorted(grouped) == sorted(id(parameter) for parameter in every)

    decayed = {id(parameter) for group in groups if group["weight_decay"] for parameter in group["params"]}
    names = {name for name, parameter in network.named_parameters() if id(parameter) in decayed}
    assert "first.task_gate.weight" in names
    assert not any(name.endswith(("bias", "table.weight", "graph", "scale")) for name in names)

    unclipped = {id(parameter) for group in groups if not group["clip"] for parameter in group["params"]}
    assert {name for name, p in network.named_parameters() if id(p) in unclipped} == {"experts.causal.structure.graph"}
    assert {id(parameter) for parameter in weighting.parameters()} <= unclipped
