from __future__ import annotations

import pytest
import torch
from torch import Tensor

from teacher.config import Gate
from teacher.ple.extraction import Extraction, FirstExtraction, Mixed

GROUPS = [0, 0, 1]


def first(gate: Gate = "softmax", *, top: bool = False, per_group: int = 2) -> FirstExtraction:
    torch.manual_seed(0)
    return FirstExtraction(
        inputs=5,
        named=3,
        groups=GROUPS,
        per_group=per_group,
        width=8,
        hidden=6,
        members=2,
        gate=gate,
        dropout=0.0,
        top=top,
    )


def above(gate: Gate = "softmax", *, top: bool = False, per_group: int = 2) -> Extraction:
    torch.manual_seed(1)
    return Extraction(
        groups=GROUPS, shared_experts=2, per_group=per_group, width=8, hidden=6, gate=gate, dropout=0.0, top=top
    )


def example() -> tuple[Tensor, Tensor]:
    torch.manual_seed(2)
    return torch.randn(4, 5), torch.randn(3, 8, 8)


def test_task_state_is_the_weighted_sum_of_named_and_own_group_s_experts() -> None:
    layer, (flat, named) = first(), example()
    mixed = layer(flat, named)
    own = layer._task_experts(flat, named).view(2, 2, 8, 8)
    for task, group in enumerate(GROUPS):
        for row in range(8):
            weights = mixed.weights[row % 4, task]
            expected = weights[:3] @ named[:, row] + weights[3:] @ own[group, :, row]
            torch.testing.assert_close(mixed.tasks[task, row], expected)


def test_below_the_top_the_shared_gate_selects_over_all_experts() -> None:
    layer, (flat, named) = first(), example()
    mixed = layer(flat, named)
    assert mixed.shared is not None
    assert mixed.shared_weights is not None
    own = layer._task_experts(flat, named)
    every = torch.cat([named, own])
    assert mixed.shared_weights.shape == (4, len(every)) == (4, 3 + 2 * 2)
    torch.testing.assert_close(mixed.shared[1], mixed.shared_weights[1] @ every[:, 1])
    mixed.shared.square().sum().backward()
    assert layer.leave.weight.grad is not None
    assert (layer.leave.weight.grad.abs().sum(dim=(1, 2)) > 0).all()


def test_in_the_layers_above_too() -> None:
    layer = above()
    below = Mixed(torch.randn(3, 8, 8, requires_grad=True), torch.randn(8, 8, requires_grad=True), torch.empty(0), None)
    mixed = layer(below)
    assert mixed.shared is not None
    assert mixed.shared_weights is not None
    assert mixed.shared_weights.shape == (8, 2 + 3 * 2)
    mixed.shared.square().sum().backward()
    assert below.tasks.grad is not None
    assert (below.tasks.grad.abs().sum(dim=(1, 2)) > 0).all()
    assert below.shared is not None
    assert below.shared.grad is not None
    assert below.shared.grad.abs().sum() > 0


def test_a_task_above_sees_only_its_own_state_and_the_shared_one() -> None:
    layer = above()
    below = Mixed(torch.randn(3, 8, 8, requires_grad=True), torch.randn(8, 8), torch.empty(0), None)
    layer(below).tasks[1].square().sum().backward()
    assert below.tasks.grad is not None
    seen = below.tasks.grad.abs().sum(dim=(1, 2))
    assert seen[1] > 0
    assert seen[0] == seen[2] == 0


def test_the_top_has_no_shared_module() -> None:
    flat, named = example()
    assert first(top=True)(flat, named).shared is None
    assert not [name for name, _ in first(top=True).named_parameters() if "shared_gate" in name]
    below = first()(flat, named)
    assert above(top=True)(below).shared is None


@pytest.mark.parametrize("build", [first, above])
def test_the_gate_switch_changes_every_layer(build: object) -> None:
    flat, named = example()
    below = first()(flat, named)
    softmax, sigmoid = (
        first(gate)(flat, named) if build is first else above(gate)(below) for gate in ("softmax", "sigmoid")
    )
    assert not torch.allclose(softmax.tasks, sigmoid.tasks)
    assert not torch.allclose(softmax.shared, sigmoid.shared)
    torch.testing.assert_close(softmax.weights.sum(dim=-1), torch.ones(softmax.weights.shape[:-1]))
    assert not torch.allclose(sigmoid.weights.sum(dim=-1), torch.ones(sigmoid.weights.shape[:-1]))


def test_without_task_experts_only_shared_ones_are_mixed() -> None:
    flat, named = example()
    mixed = first(per_group=0)(flat, named)
    assert mixed.weights.shape == (4, 3, 3)
    assert above(per_group=0, top=True)(mixed).weights.shape == (8, 3, 2)
