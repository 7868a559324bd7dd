from __future__ import annotations

import math
from typing import Any

import pytest

from teacher.health.progress import (
    average_moved,
    finite,
    gradients_balanced,
    schedule_followed,
    thresholds_reached,
)


def history(*losses: float) -> list[dict[str, Any]]:
    return [{"epoch": index + 1, "train_loss": {"buys": loss}} for index, loss in enumerate(losses)]


def test_finite_losses_pass() -> None:
    assert finite(history(0.7, 0.5)).status == "pass"


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_fails_and_names_its_epoch(bad: float) -> None:
    check = finite(history(0.7, bad))
    assert check.status == "fail"
    assert "epoch 2" in check.detail


def test_the_scheduled_rate_passes() -> None:
    assert schedule_followed([0.9, 0.1], [0.9, 0.1], 20, 20).status == "pass"


def test_a_scheduler_that_did_not_step_fails() -> None:
    check = schedule_followed([1.0, 1.0], [0.9, 0.1], 20, 20)
    assert check.status == "fail"
    assert "epoch 1 ended at a learning rate of 1" in check.detail


def test_missing_optimiser_steps_fail() -> None:
    assert schedule_followed([0.9], [0.9], 19, 20).status == "fail"


def test_an_average_that_follows_passes() -> None:
    assert average_moved(10.0, 9.5, updates=100, horizon=5).status == "pass"


@pytest.mark.parametrize(
    ("weights", "average", "updates", "horizon"),
    [
        (10.0, 0.0, 100, 5.0),
        (10.0, 0.5, 100, 5.0),
        (0.0, 0.0, 100, 5.0),
        (math.nan, 1.0, 100, 5.0),
        (10.0, 9.0, 4, 5.0),
    ],
)
def test_a_stale_average_or_an_unreachable_horizon_fails(
    weights: float, average: float, updates: int, horizon: float
) -> None:
    assert average_moved(weights, average, updates, horizon).status == "fail"


def test_gradients_of_like_size_pass() -> None:
    assert gradients_balanced(["a", "b", "c"], [[1.0, 0.5, 3.0], [0.8, 0.2, 2.0]]).status == "pass"


def test_a_head_averaged_over_its_outputs_fails() -> None:
    check = gradients_balanced(["a", "wide", "c"], [[1.0, 1.0 / 105, 1.2]])
    assert check.status == "fail"
    assert check.detail.startswith("wide:")


def test_a_gradient_that_is_no_number_fails() -> None:
    assert gradients_balanced(["a", "b"], [[1.0, math.nan]]).status == "fail"


def test_thresholds_that_the_run_passed_pass() -> None:
    check = thresholds_reached({"a first step": (1.0, 1.0)}, {"an epoch": (2.0, 5.0)})
    assert check.status == "pass"
    assert check.detail == "reached: a first step, an epoch"


def test_a_threshold_that_the_run_could_not_reach_fails() -> None:
    check = thresholds_reached({"a first step": (1.0, 1.0)}, {"the end of the warm-up": (1000.0, 500.0)})
    assert check.status == "fail"
    assert check.detail == "the end of the warm-up needs 1000, and this run had 500"
