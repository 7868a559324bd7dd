from __future__ import annotations

import pytest
import torch
from torch import Tensor

from teacher.experts.acyclicity import acyclicity


def drawn(size: int, seed: int) -> Tensor:
    return torch.randn(size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("seed", range(5))
def test_zero_on_dags_of_any_order_and_size_of_effect(seed: int) -> None:
    dag = torch.triu(drawn(6, seed), diagonal=1) * 10.0
    order = torch.randperm(6, generator=torch.Generator().manual_seed(seed))
    assert acyclicity(dag[order][:, order]).abs() < 1e-9


@pytest.mark.parametrize("length", [1, 2, 3, 6])
def test_positive_on_a_single_cycle_of_any_length(length: int) -> None:
    graph = torch.zeros(6, 6, dtype=torch.float64)
    for i in range(length):
        graph[i, (i + 1) % length] = 0.5
    assert acyclicity(graph) > 1e-5


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_stays_finite_and_positive_far_outside_the_unit_ball(scale: float) -> None:
    value = acyclicity(drawn(8, 1) * scale)
    assert torch.isfinite(value)
    assert value > 0


def test_gradient_points_away_from_cycles() -> None:
    graph = (torch.tensor([[0.0, 0.8], [0.3, 0.0]], dtype=torch.float64)).requires_grad_()
    acyclicity(graph).backward()
    assert graph.grad is not None
    assert graph.grad[1, 0] > 0
    assert graph.grad[0, 1] > 0
    assert torch.autograd.gradcheck(acyclicity, (0.3 * drawn(4, 2)).requires_grad_())
