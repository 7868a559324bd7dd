from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from teacher.config import TeacherConfig
from teacher.inputs import TeacherInputs
from teacher.ple import Network


def built(toy: Any, config: TeacherConfig) -> tuple[Network, Any]:
    torch.manual_seed(0)
    fitted = TeacherInputs.fit(toy, np.arange(200), config)
    network = Network(fitted.layout, config, torch.from_numpy(fitted.quantiles.edges), fitted.graph).eval()
    return network, fitted.encode(toy, np.arange(200, 220))


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_logits_and_gates_have_their_shapes(toy: Any, small_config: TeacherConfig, layers: int) -> None:
    config = small_config.model_copy(update={"layers": layers})
    network, rows = built(toy, config)
    output = network(rows)
    assert [tuple(logit.shape) for logit in output.logits] == [(2, 20, 1), (2, 20, 3), (2, 20, 1)]
    assert len(output.layers) == layers
    assert output.layers[0].weights.shape == (20, 3, 4 + 1)
    assert output.named.shape == (4, 2 * 20, config.width)
    assert output.layers[-1].shared is None


def test_towers_emit_logits_not_probabilities(toy: Any, small_config: TeacherConfig) -> None:
    network, rows = built(toy, small_config)
    with torch.no_grad():
        for head in network.towers.heads:
            head.weight.mul_(100.0)
    logits = network(rows).logits
    assert logits[0].min() < 0
    assert logits[0].abs().max() > 1
    assert logits[1].min() < 0
    assert (logits[1].sum(dim=-1) - 1).abs().max() > 0.1


def test_every_parameter_can_learn(toy: Any, small_config: TeacherConfig) -> None:
    network, rows = built(toy, small_config.model_copy(update={"layers": 3}))
    output = network.train()(rows)  # experts have objectives of their own in training only
    (sum(logit.square().sum() for logit in output.logits) + output.objective).backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


def test_a_customer_s_output_does_not_depend_on_the_batch(toy: Any, small_config: TeacherConfig) -> None:
    network, rows = built(toy, small_config)
    together = network(rows).logits
    alone = network(rows.take(slice(3, 4))).logits
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one[:, 3:4], other, atol=1e-5, rtol=1e-4)


def test_named_experts_reach_the_gates_at_one_scale(toy: Any, small_config: TeacherConfig) -> None:
    network, rows = built(toy, small_config)
    scale = network(rows).named.square().mean(dim=(1, 2)).sqrt()
    torch.testing.assert_close(scale, torch.ones(4), atol=0.05, rtol=0)
