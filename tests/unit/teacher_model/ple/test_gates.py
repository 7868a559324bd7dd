from __future__ import annotations

import pytest
import torch

from teacher.ple.gates import gate_weights, reported


def test_softmax_weights_compete_and_sigmoid_weights_do_not() -> None:
    logits = torch.tensor([[0.0, 2.0, -1.0]])
    raised = torch.tensor([[0.0, 3.0, -1.0]])
    assert gate_weights(logits, "softmax").sum().item() == pytest.approx(1.0)
    assert gate_weights(raised, "softmax")[0, 0] < gate_weights(logits, "softmax")[0, 0]
    assert gate_weights(raised, "sigmoid")[0, 0] == gate_weights(logits, "sigmoid")[0, 0] == 0.5


def test_reported_weights_sum_to_one_over_the_named_experts() -> None:
    weights = gate_weights(torch.randn(4, 3, 6), "sigmoid")
    named = reported(weights, 2)
    assert named.shape == (4, 3, 2)
    torch.testing.assert_close(named.sum(dim=-1), torch.ones(4, 3))
    torch.testing.assert_close(named[..., 0] / named[..., 1], weights[..., 0] / weights[..., 1])
