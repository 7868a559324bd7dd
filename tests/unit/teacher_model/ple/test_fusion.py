from __future__ import annotations

import pytest
import torch

from teacher.config import Gate, TeacherConfig
from teacher.ple.extraction import Mixed
from teacher.ple.fusion import AdaptiveFusion


def layer(gate: Gate = "softmax", top: bool = False) -> AdaptiveFusion:
    torch.manual_seed(0)
    return AdaptiveFusion(
        groups=[0, 0, 1], shared_experts=2, per_group=2, width=8, hidden=12, gate=gate, dropout=0.0, top=top
    )


def below() -> Mixed:
    torch.manual_seed(1)
    return Mixed(torch.randn(3, 5, 8), torch.randn(5, 8), torch.empty(0), None)


@pytest.mark.parametrize("gate", ["softmax", "sigmoid"])
def test_a_state_is_the_gated_sum_of_all_experts_and_the_task_s_own(gate: Gate) -> None:
    fusion, states = layer(gate), below()
    found = fusion(states)
    shared = [fusion.shared(states.shared.expand(2, -1, -1))[i] for i in range(2)]  # type: ignore[union-attr]
    own = fusion.own(states.tasks.repeat_interleave(2, dim=0), fusion.which)
    assert found.weights.shape == (5, 3, 2 + 3 * 2)
    for task in range(3):
        every = [*shared, *own]
        mixed = sum(found.weights[:, task, e, None] * every[e] for e in range(8))
        residual = 0.5 * own[2 * task] + 0.5 * own[2 * task + 1]
        torch.testing.assert_close(found.tasks[task], mixed + residual, rtol=1e-4, atol=1e-5)


def test_a_task_can_hear_a_task_of_another_group() -> None:
    """The customised gate control of PLE cannot: there the state of task 0 does not depend on that of task 2."""
    states = below()
    tasks = states.tasks.requires_grad_()
    (gradient,) = torch.autograd.grad(layer()(states._replace(tasks=tasks)).tasks[0].sum(), tasks)
    assert gradient[2].abs().max() > 0


def test_the_top_layer_has_no_shared_state() -> None:
    assert layer(top=True)(below()).shared is None


def test_fusion_without_task_experts_is_refused() -> None:
    with pytest.raises(ValueError, match="adatt needs task_experts"):
        TeacherConfig.model_validate({"fusion": "adatt", "task_experts": 0})
