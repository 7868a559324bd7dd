"""Checks on the course of the training: numbers, schedule, moving average, gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from teacher.health.check import Check, verdict

__all__ = [
    "GRADIENT_FLOOR",
    "average_moved",
    "finite",
    "gradients_balanced",
    "schedule_followed",
    "thresholds_reached",
]

# A task below this share of the median gradient is not being trained. A head averaged over its ~100 outputs has 0.01.
GRADIENT_FLOOR = 0.05


def finite(history: list[dict[str, Any]]) -> Check:
    """No loss is NaN or infinite in any epoch."""
    faults = [
        f"epoch {record['epoch']}: the training loss of {task} is {loss}"
        for record in history
        for task, loss in record["train_loss"].items()
        if not math.isfinite(loss)
    ]
    return verdict("finite", faults[:3], f"{len(history)} epochs without NaN or infinity")


def schedule_followed(rates: list[float], expected: list[float], steps_taken: int, steps_expected: int) -> Check:
    """The learning rate at the end of every epoch is the schedule's, and the optimiser took every step."""
    faults = [
        f"epoch {index + 1} ended at a learning rate of {rate:.3g}, the schedule says {wanted:.3g}"
        for index, (rate, wanted) in enumerate(zip(rates, expected, strict=True))
        if not math.isclose(rate, wanted, rel_tol=1e-6)
    ]
    if steps_taken != steps_expected:
        faults.append(f"the optimiser took {steps_taken} of {steps_expected} steps")
    return verdict("schedule_followed", faults[:3], f"{steps_taken} steps, learning rate as scheduled")


def thresholds_reached(*awaited: Mapping[str, tuple[float, float]]) -> Check:
    """Everything that had to happen before some part of the training takes effect did happen in this run.

    A part that waits for its 1000th step in a run of 500 is a part in name only, and says nothing about its worth.

    Args:
        awaited: in words -> (how much was needed, how much there was).
    """
    every = {words: counts for part in awaited for words, counts in part.items()}
    faults = [
        f"{words} needs {needed:.0f}, and this run had {there:.0f}"
        for words, (needed, there) in every.items()
        if not there >= needed
    ]
    return verdict("thresholds_reached", faults, f"reached: {', '.join(every)}")


def average_moved(weights_moved: float, average_moved: float, updates: int, horizon: float) -> Check:
    """The moving average left its start together with the weights, and the run was long enough for its horizon.

    Args:
        weights_moved: Distance of the trained weights from their start.
        average_moved: Distance of the averaged weights from the same start.
        updates: Updates of the average.
        horizon: Steps over which it averages.
    """
    faults = []
    if not weights_moved > 0:
        faults.append("the weights are where they started")
    elif not average_moved > 0.1 * weights_moved:
        faults.append(f"the average moved {average_moved:.3g} where the weights moved {weights_moved:.3g}")
    if updates < horizon:
        faults.append(f"the average looks back {horizon:.0f} steps, but there were only {updates}")
    return verdict("average_moved", faults, f"the average moved {average_moved:.3g}, the weights {weights_moved:.3g}")


def gradients_balanced(tasks: list[str], norms: list[list[float]]) -> Check:
    """No task's mean gradient at its state above the named experts is under ``GRADIENT_FLOOR`` of the median task's.

    Args:
        tasks: Their names.
        norms: Per epoch, the gradient norm of each task's term, without task weights.
    """
    mean = np.mean(np.array(norms), axis=0)
    median = float(np.median(mean))
    faults = [
        f"{task}: gradient {value:.2g} against a median of {median:.2g}"
        for task, value in zip(tasks, mean, strict=True)
        if not value >= GRADIENT_FLOOR * median
    ]
    return verdict("gradients_balanced", faults, f"gradients from {mean.min():.2g} to {mean.max():.2g}")
