from __future__ import annotations

import pytest
import torch

from teacher.inputs.layout import TaskLayout
from teacher.weighting import Famo

TASKS = [
    TaskLayout.model_validate({"name": f"t{i}", "type": "binary", "group": "g", "width": 1, "weight": 1.0})
    for i in range(3)
]


def test_total_and_weights_are_those_of_the_reference_implementation() -> None:
    scalarization = pytest.importorskip("torchjd.scalarization")
    mine, theirs = Famo(TASKS), scalarization.FAMO(3)
    draws = torch.Generator().manual_seed(0)
    for _ in range(25):
        before = torch.rand(3, generator=draws) + 0.1
        after = before * (0.5 + torch.rand(3, generator=draws))
        assert mine(before).item() == pytest.approx(theirs(before).item(), rel=1e-5)
        mine.after_step(before, after)
        theirs.update(after)
    torch.testing.assert_close(mine.logits, theirs._w.detach(), rtol=1e-5, atol=1e-6)


def test_the_task_that_gains_least_gets_more_weight() -> None:
    weighting = Famo(TASKS)
    for _ in range(20):
        weighting.after_step(torch.ones(3), torch.tensor([0.5, 0.8, 1.0]))
    quick, slow, still = weighting.factors().tolist()
    assert quick < slow < still


def test_the_step_is_a_convex_combination_of_the_tasks_gradients() -> None:
    losses = torch.tensor([0.2, 3.0, 1.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(Famo(TASKS)(losses), losses)
    assert gradient.sum().item() == pytest.approx(1.0, rel=1e-6)
    assert (gradient > 0).all()
    # Losses fall at one *relative* rate: the pull on a loss is in inverse proportion to it.
    assert (gradient * losses).tolist() == pytest.approx([(gradient * losses)[0].item()] * 3, rel=1e-5)
