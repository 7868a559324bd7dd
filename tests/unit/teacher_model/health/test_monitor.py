from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch

from teacher.config import TeacherConfig
from teacher.health.monitor import Monitor, entropy
from teacher.inputs import TeacherInputs
from teacher.losses import TargetScale
from teacher.ple import Network
from teacher.weighting import build_weighting


def test_entropy_is_one_for_uniform_and_zero_for_a_single_expert() -> None:
    weights = torch.tensor([[0.25] * 4, [1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0]])
    assert entropy(weights).tolist() == pytest.approx([1.0, 0.0, 0.5], abs=1e-5)
    assert entropy(3.0 * weights).tolist() == pytest.approx([1.0, 0.0, 0.5], abs=1e-5)


def test_watching_changes_nothing_and_covers_every_task_and_layer(toy: Any, small_config: TeacherConfig) -> None:
    fitted = TeacherInputs.fit(toy, np.arange(200), small_config)
    rows = np.arange(100)
    labels = TargetScale.fit(toy, np.arange(200)).encode(toy, rows)
    network = Network(fitted.layout, small_config, torch.from_numpy(fitted.quantiles.edges), fitted.graph).train()
    weighting = build_weighting("uncertainty", fitted.layout.tasks)
    before, generator = {k: v.clone() for k, v in network.state_dict().items()}, torch.get_rng_state()
    record = Monitor(network, weighting, fitted.layout.tasks, small_config).observe(fitted.encode(toy, rows), labels)
    assert torch.equal(torch.get_rng_state(), generator)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert [len(layer) for layer in record["gate_entropy"]] == [3, 3]
    assert len(record["gradient_norm"]) == 3
    assert all(math.isfinite(norm) and norm > 0 for norm in record["gradient_norm"])
    shares = np.array(list(record["expert_weight"].values()))
    assert shares.sum(axis=0) == pytest.approx([1.0, 1.0, 1.0])
    json.dumps(record, allow_nan=False)
