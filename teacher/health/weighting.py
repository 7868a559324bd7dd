"""Checks on the loss weighting, each against a closed form and none against its code."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from teacher.health.check import Check, verdict
from teacher.inputs.layout import TaskLayout
from teacher.weighting import DynamicWeightAverage, Famo, GradientScale, GradNorm, TaskWeighting, Uncertainty
from teacher.weighting.gradient_scale import LARGEST

__all__ = ["SIGMA_SQUARED", "sigma_in_range", "sigma_settles", "weights_applied_once"]

SIGMA_SQUARED = (1e-4, 1e2)


def sigma_in_range(weighting: TaskWeighting, tasks: list[TaskLayout]) -> Check:
    """Every sigma^2 lies within ``SIGMA_SQUARED``."""
    if not isinstance(weighting, Uncertainty):
        return Check(name="sigma_in_range", status="pass", detail="this weighting has no sigma")
    squared = torch.exp(2.0 * weighting.log_sigma.detach()).tolist()
    low, high = SIGMA_SQUARED
    faults = [
        f"{task.name}: sigma^2 = {value:.3g} is outside [{low:g}, {high:g}]"
        for task, value in zip(tasks, squared, strict=True)
        if not low <= value <= high
    ]
    return verdict("sigma_in_range", faults, f"sigma^2 from {min(squared):.3g} to {max(squared):.3g}")


def sigma_settles(weighting: TaskWeighting, tasks: list[TaskLayout], losses: Tensor) -> Check:
    """For fixed losses the total falls towards sigma^2 = L (regression) or 2 L (classification) from both sides.

    A regulariser with the wrong sign has no such minimum, however its code reads.
    """
    if not isinstance(weighting, Uncertainty):
        return Check(name="sigma_settles", status="pass", detail="this weighting has no sigma")
    factor = torch.tensor([1.0 if task.type == "regression" else 2.0 for task in tasks], device=losses.device)
    settled = 0.5 * torch.log(factor * losses.clamp(min=1e-6))
    below, above = (_slopes(weighting, losses, settled + shift) for shift in (-0.5, 0.5))
    faults = [
        f"{task.name}: the total does not have its minimum at sigma^2 = {factor[i] * losses[i]:.3g}"
        for i, task in enumerate(tasks)
        if not (below[i] < 0 < above[i])
    ]
    return verdict("sigma_settles", faults, "every sigma is drawn to its closed form")


def _slopes(weighting: Uncertainty, losses: Tensor, log_sigma: Tensor) -> Tensor:
    kept = weighting.log_sigma.detach().clone()
    with torch.no_grad():
        weighting.log_sigma.copy_(log_sigma)
    (slopes,) = torch.autograd.grad(weighting(losses), weighting.log_sigma)
    with torch.no_grad():
        weighting.log_sigma.copy_(kept)
    return slopes


def weights_applied_once(weighting: TaskWeighting, tasks: list[TaskLayout]) -> Check:
    """The measured effect of each loss on the total, against ``w_t / sum w`` times the method's closed form.

    That is 1 (uniform), 1/sigma^2 or 1/(2 sigma^2) (uncertainty), geometric mean / norm (gradient scale), the learned
    weights (GradNorm), or T times a softmax of the rates or logits (DWA, FAMO; the latter at losses of 1).
    """
    probe = torch.ones(len(tasks), device=weighting.share.device, requires_grad=True)
    (measured,) = torch.autograd.grad(weighting(probe), probe)
    total = sum(task.weight for task in tasks)
    faults = []
    for task, value, factor in zip(tasks, measured.tolist(), _closed_form(weighting, tasks), strict=True):
        expected = task.weight / total * factor
        if not abs(value - expected) <= 1e-4 * expected:
            faults.append(f"{task.name}: its loss counts {value:.4g} and should count {expected:.4g}")
    return verdict("weights_applied_once", faults, "every task weight counts once")


def _closed_form(weighting: TaskWeighting, tasks: list[TaskLayout]) -> list[float]:
    if isinstance(weighting, Uncertainty):
        squared = torch.exp(2.0 * weighting.log_sigma.detach()).tolist()
        return [1.0 / (2.0 * s if task.type == "regression" else s) for task, s in zip(tasks, squared, strict=True)]
    if isinstance(weighting, GradientScale) and bool(weighting.seen > 0):
        norms = [max(norm, 1e-12) for norm in weighting.norms.tolist()]
        mean = math.exp(sum(map(math.log, norms)) / len(norms))
        return [min(max(mean / norm, 1.0 / LARGEST), LARGEST) for norm in norms]
    if isinstance(weighting, GradNorm):
        weights: list[float] = weighting.weights.tolist()
        return weights
    if isinstance(weighting, DynamicWeightAverage) and bool(weighting.epochs >= 2):
        rates = [new / old for new, old in zip(weighting.newer.tolist(), weighting.older.tolist(), strict=True)]
        return _shares([rate / 2.0 for rate in rates])
    if isinstance(weighting, Famo):
        return _shares(weighting.logits.tolist())
    return [1.0] * len(tasks)


def _shares(logits: list[float]) -> list[float]:
    """Softmax times the number of tasks: the mean is 1."""
    powers = [math.exp(value) for value in logits]
    return [len(powers) * power / sum(powers) for power in powers]
