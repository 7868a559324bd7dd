from __future__ import annotations

from typing import get_args

import pytest
import torch

from teacher.config import Weighting
from teacher.inputs.layout import TaskLayout
from teacher.weighting import TaskWeighting, build_weighting
from teacher.weighting.uncertainty import Uncertainty


def tasks(*kinds: str, weights: tuple[float, ...] | None = None) -> list[TaskLayout]:
    given = weights or (1.0,) * len(kinds)
    return [
        TaskLayout.model_validate({"name": f"t{i}", "type": kind, "group": "g", "width": 1, "weight": weight})
        for i, (kind, weight) in enumerate(zip(kinds, given, strict=True))
    ]


def effective(weighting: TaskWeighting, count: int) -> list[float]:
    losses = torch.ones(count, requires_grad=True)
    (gradient,) = torch.autograd.grad(weighting(losses), losses)
    values: list[float] = gradient.tolist()
    return values


def test_uniform_gives_each_loss_its_own_weight_once() -> None:
    weighting = build_weighting("uniform", tasks("binary", "regression", weights=(3.0, 1.0)))
    assert effective(weighting, 2) == pytest.approx([0.75, 0.25])


def test_uncertainty_multiplies_the_task_weight_once() -> None:
    plain = build_weighting("uncertainty", tasks("binary", "regression"))
    weighted = build_weighting("uncertainty", tasks("binary", "regression", weights=(4.0, 1.0)))
    assert effective(plain, 2) == pytest.approx([0.5 * 1.0, 0.5 * 0.5])
    assert effective(weighted, 2) == pytest.approx([0.8 * 1.0, 0.2 * 0.5])


@pytest.mark.parametrize("weights", [(1.0, 1.0), (5.0, 0.2)])
def test_sigma_settles_at_its_closed_form(weights: tuple[float, float]) -> None:
    """sigma^2 = L for regression, 2 L for classification, whatever the task weights."""
    weighting = Uncertainty(tasks("regression", "multiclass", weights=weights))
    losses = torch.tensor([0.3, 1.7])
    optimizer = torch.optim.Adam(weighting.parameters(), lr=0.02)
    for _ in range(600):
        optimizer.zero_grad()
        weighting(losses).backward()
        optimizer.step()
    squared = torch.exp(2 * weighting.log_sigma.detach())
    assert squared.tolist() == pytest.approx([0.3, 3.4], rel=1e-2)


def test_gradient_scale_makes_every_task_pull_alike() -> None:
    """Each loss is ``a_t x`` in its own state: its gradient there has norm ``a_t``, whatever the weighting does."""
    slopes = torch.tensor([0.5, 1.0, 4.0])
    weighting = build_weighting("gradient_scale", tasks("binary", "regression", "binary", weights=(1.0, 1.0, 3.0)))
    for _ in range(5):
        states = torch.ones(3, 1, requires_grad=True)
        total = weighting(slopes * states[:, 0])
        (gradient,) = torch.autograd.grad(total, states)
        weighting.observe(gradient, torch.ones(3))
    pulls = slopes * weighting.factors()
    assert pulls.tolist() == pytest.approx([pulls[0].item()] * 3, rel=1e-5)
    assert weighting.factors().log().mean().item() == pytest.approx(0.0, abs=1e-6)
    assert effective(weighting, 3)[2] == pytest.approx(0.6 * weighting.factors()[2].item())


def test_gradient_scale_is_bounded_for_a_task_without_gradient() -> None:
    weighting = build_weighting("gradient_scale", tasks("binary", "binary"))
    weighting.observe(torch.tensor([[1.0], [0.0]]), torch.ones(2))
    assert weighting.factors().tolist() == pytest.approx([1 / 20, 20.0])


@pytest.mark.parametrize("name", get_args(Weighting))
def test_a_task_weight_counts_exactly_once(name: Weighting) -> None:
    """Four times the weight is four times the pull beside the other task's, however the method has learned."""
    pulls = []
    for weights in ((1.0, 1.0), (4.0, 1.0)):
        weighting = build_weighting(name, tasks("binary", "regression", weights=weights))
        weighting.observe(weighting.share[:, None] * torch.tensor([[0.5], [2.0]]), torch.tensor([0.9, 0.4]))
        for losses in ([0.9, 0.8], [0.7, 0.4]):
            weighting.end_epoch(torch.tensor(losses))
        weighting.after_step(torch.tensor([0.9, 0.4]), torch.tensor([0.8, 0.3]))
        one, other = effective(weighting, 2)
        pulls.append(one / other)
    assert pulls[1] == pytest.approx(4 * pulls[0], rel=1e-5)


def test_factors_are_the_measured_derivatives() -> None:
    for name in ("uniform", "uncertainty", "gradient_scale", "gradnorm", "dwa"):
        weighting = build_weighting(name, tasks("binary", "regression", "multiclass"))
        if isinstance(weighting, Uncertainty):
            with torch.no_grad():
                weighting.log_sigma.copy_(torch.tensor([0.3, -0.4, 0.1]))
        weighting.observe(torch.tensor([[0.1], [0.3], [2.0]]), torch.ones(3))
        losses = torch.rand(3, requires_grad=True)
        (gradient,) = torch.autograd.grad(weighting.terms(losses).sum(), losses)
        torch.testing.assert_close(gradient, weighting.factors())
