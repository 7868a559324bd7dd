from __future__ import annotations

import sys
from typing import get_args

import pytest
import torch
from torch import Tensor

from teacher.config import Surgery, TeacherConfig
from teacher.surgery import CAGrad, PCGrad, UPGrad, build_surgery
from teacher.surgery.operation import Operation, gramian_of
from understudy.errors import UserError

METHODS = [name for name in get_args(Surgery) if name != "none"]


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> Operation:
    pytest.importorskip("torchjd")
    built = build_surgery(request.param)
    assert built is not None
    return built


def combined(method: Operation, jacobian: Tensor) -> Tensor:
    return method.weigh(jacobian @ jacobian.T) @ jacobian


def random_jacobian(seed: int) -> Tensor:
    return torch.randn(4, 6, generator=torch.Generator().manual_seed(seed))


def test_without_conflict_projections_leave_every_task_its_weight() -> None:
    pytest.importorskip("torchjd")
    jacobian = torch.eye(3, 5) + 0.1
    for method in (PCGrad(), UPGrad()):
        torch.testing.assert_close(method.weigh(jacobian @ jacobian.T), torch.ones(3), rtol=1e-3, atol=1e-3)


def test_a_radius_of_zero_is_the_plain_sum() -> None:
    pytest.importorskip("torchjd")
    jacobian = random_jacobian(0)
    torch.testing.assert_close(CAGrad(0.0).weigh(jacobian @ jacobian.T), torch.ones(4), rtol=1e-4, atol=1e-4)


def test_two_opposed_tasks_meet_where_the_closed_form_says() -> None:
    """``g_1 = (1, 0)``, ``g_2 = (-1, 1)``: each loses its part against the other, and the sum is (1/2, 3/2)."""
    pytest.importorskip("torchjd")
    jacobian = torch.tensor([[1.0, 0.0], [-1.0, 1.0]])
    for method in (PCGrad(), UPGrad()):
        torch.testing.assert_close(combined(method, jacobian), torch.tensor([0.5, 1.5]), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_upgrad_harms_no_task(seed: int) -> None:
    pytest.importorskip("torchjd")
    jacobian = random_jacobian(seed) - 0.5
    assert (jacobian @ combined(UPGrad(), jacobian) > -1e-2).all()


@pytest.mark.parametrize("seed", range(5))
def test_cagrad_stays_in_its_ball_and_serves_the_worst_off_better_than_the_sum(seed: int) -> None:
    pytest.importorskip("torchjd")
    jacobian = random_jacobian(seed)
    mean, found = jacobian.mean(dim=0), combined(CAGrad(), jacobian) / 4
    assert (found - mean).norm() <= 0.5 * mean.norm() * (1 + 1e-3)
    assert (jacobian @ found).min() >= (jacobian @ mean).min() - 1e-4


def test_the_order_of_the_tasks_does_not_matter(method: Operation) -> None:
    if isinstance(method, PCGrad):
        pytest.skip("PCGrad draws an order")
    jacobian, order = random_jacobian(3), torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(combined(method, jacobian[order]), combined(method, jacobian), rtol=1e-3, atol=1e-3)


def test_gradients_are_taken_at_the_shared_representation() -> None:
    shared = torch.tensor([1.0, 2.0], requires_grad=True)
    parts = torch.stack([3.0 * shared[0], shared[0] + shared[1]])
    torch.testing.assert_close(gramian_of(parts, shared), torch.tensor([[9.0, 3.0], [3.0, 2.0]]))


def test_small_gradients_are_operated_on_like_large_ones(method: Operation) -> None:
    """TorchJD takes a Gramian under 1e-4 for zero; those of a training are far smaller."""
    shared = torch.zeros(2, requires_grad=True)
    slopes = torch.tensor([[1.0, 0.0], [-1.0, 1.0]])
    large = method.weights(slopes @ shared, shared)
    assert (large - 1.0).abs().max() > 0.1
    torch.testing.assert_close(method.weights(1e-5 * slopes @ shared, shared), large, rtol=1e-3, atol=1e-3)


def test_without_gradients_there_is_nothing_to_operate_on(method: Operation) -> None:
    shared = torch.zeros(2, requires_grad=True)
    assert method.weights(0.0 * (torch.ones(3, 2) @ shared), shared).tolist() == [1.0, 1.0, 1.0]


def test_no_surgery_builds_nothing() -> None:
    assert build_surgery("none") is None


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchjd", None)
    with pytest.raises(UserError, match="UPGradWeighting needs a package"):
        build_surgery("upgrad")


@pytest.mark.parametrize("weighting", ["gradient_scale", "gradnorm"])
def test_two_ways_of_reading_one_gradient_are_refused(weighting: str) -> None:
    with pytest.raises(ValueError, match="cannot be combined"):
        TeacherConfig.model_validate({"surgery": "pcgrad", "weighting": weighting})
