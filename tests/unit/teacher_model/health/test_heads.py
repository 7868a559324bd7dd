"""The gradient that reaches a head against its closed form, for every loss, with masks."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from teacher.health.heads import head_shares, heads_heard
from teacher.inputs.layout import TaskLayout


def task(kind: str, width: int = 1) -> TaskLayout:
    return TaskLayout.model_validate({"name": kind, "type": kind, "group": "g", "width": width, "weight": 1.0})


TASKS = [task("binary"), task("multiclass", 105), task("regression")]


def batch(seed: int = 0) -> tuple[list[Tensor], Tensor]:
    draw = torch.Generator().manual_seed(seed)
    logits = [torch.randn(2, 40, one.width, generator=draw) * 2 for one in TASKS]
    labels = torch.stack(
        [
            (torch.rand(40, generator=draw) < 0.3).float(),
            torch.randint(0, 105, (40,), generator=draw).float(),
            torch.randn(40, generator=draw) * 3,
        ],
        dim=1,
    )
    labels[torch.rand(40, 3, generator=draw) < 0.2] = math.nan
    return logits, labels


def test_the_product_s_losses_hand_their_whole_gradient_over() -> None:
    shares = head_shares(*batch(), TASKS, 1.0)
    assert shares == pytest.approx([1, 1, 1], abs=1e-4)
    assert heads_heard(["a", "b", "c"], shares).status == "pass"


@pytest.mark.parametrize("share", [1 / 105, 0.5, 2.0, math.nan])
def test_a_head_that_is_averaged_or_counted_twice_is_named(share: float) -> None:
    check = heads_heard(["a", "b"], [1.0, share])
    assert check.status == "fail"
    assert check.detail.startswith("b: ")


def test_a_task_without_labels_is_unknown() -> None:
    logits, labels = batch()
    labels[:, 1] = math.nan
    shares = head_shares(logits, labels, TASKS, 1.0)
    assert shares[1] is None
    assert heads_heard(["a", "b", "c"], shares).status == "unknown"
