from __future__ import annotations

import pytest
import torch
from torch import Tensor

from teacher.health.weighting import sigma_in_range, sigma_settles, weights_applied_once
from teacher.inputs.layout import TaskLayout
from teacher.weighting import DynamicWeightAverage, Famo, GradientScale, GradNorm, TaskWeighting, Uniform
from teacher.weighting.uncertainty import Uncertainty

TASKS = [
    TaskLayout.model_validate({"name": name, "type": kind, "group": "g", "width": 1, "weight": weight})
    for name, kind, weight in (("buys", "binary", 2.0), ("spend", "regression", 1.0))
]
LOSSES = torch.tensor([0.4, 0.2])


class FlippedSign(Uncertainty):
    """The historical bug: the regulariser is subtracted, and sigma grows without bound."""

    def terms(self, losses: Tensor) -> Tensor:
        return self.factors() * losses - self.log_sigma


class DoubleWeight(Uncertainty):
    """The historical bug: the task weight is in the loss already and is applied again."""

    def terms(self, losses: Tensor) -> Tensor:
        return super().terms(losses * self.share * len(self.share))


class WrongFactor(Uniform):
    def terms(self, losses: Tensor) -> Tensor:
        return losses / len(losses)


def observed() -> GradientScale:
    weighting = GradientScale(TASKS)
    weighting.observe(torch.tensor([[0.1], [3.0]]), LOSSES)
    return weighting


def learned(weighting: TaskWeighting) -> TaskWeighting:
    """After two epochs in which the tasks did unlike."""
    for losses in ([0.9, 0.8], [0.5, 0.7]):
        weighting.observe(torch.tensor([[0.1], [3.0]]), torch.tensor(losses))
        weighting.after_step(torch.tensor([0.9, 0.8]), torch.tensor(losses))
        weighting.end_epoch(torch.tensor(losses))
    return weighting


@pytest.mark.parametrize(
    "weighting",
    [
        Uniform(TASKS),
        Uncertainty(TASKS),
        GradientScale(TASKS),
        observed(),
        *(learned(method(TASKS)) for method in (GradNorm, DynamicWeightAverage, Famo)),
    ],
)
def test_sound_weightings_pass(weighting: TaskWeighting) -> None:
    for check in (
        sigma_in_range(weighting, TASKS),
        sigma_settles(weighting, TASKS, LOSSES),
        weights_applied_once(weighting, TASKS),
    ):
        assert check.status == "pass", check.detail


def test_a_flipped_regulariser_fails_for_every_task() -> None:
    check = sigma_settles(FlippedSign(TASKS), TASKS, LOSSES)
    assert check.status == "fail"
    assert "buys" in check.detail
    assert "spend" in check.detail


def test_checking_leaves_sigma_where_it_was() -> None:
    weighting = Uncertainty(TASKS)
    with torch.no_grad():
        weighting.log_sigma.copy_(torch.tensor([0.3, -0.2]))
    sigma_settles(weighting, TASKS, LOSSES)
    assert weighting.log_sigma.tolist() == pytest.approx([0.3, -0.2])


class DoubleFamo(Famo):
    def terms(self, losses: Tensor) -> Tensor:
        return super().terms(losses) * self.share * len(self.share)


@pytest.mark.parametrize("weighting", [DoubleWeight(TASKS), WrongFactor(TASKS), learned(DoubleFamo(TASKS))])
def test_a_weight_applied_twice_fails(weighting: TaskWeighting) -> None:
    assert weights_applied_once(weighting, TASKS).status == "fail"


@pytest.mark.parametrize("log_sigma", [-6.0, 4.0, float("nan")])
def test_sigma_out_of_range_fails(log_sigma: float) -> None:
    weighting = Uncertainty(TASKS)
    with torch.no_grad():
        weighting.log_sigma[1] = log_sigma
    check = sigma_in_range(weighting, TASKS)
    assert check.status == "fail"
    assert "spend" in check.detail
    assert "buys" not in check.detail
