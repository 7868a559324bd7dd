from __future__ import annotations

import math

import pytest
import torch

from teacher.inputs.layout import TaskLayout
from teacher.losses.tasks import row_losses, task_losses

NAN = math.nan


def task(kind: str, width: int = 1) -> TaskLayout:
    return TaskLayout.model_validate({"name": "t", "type": kind, "group": "g", "width": width, "weight": 1.0})


def test_binary_is_the_negative_log_likelihood_of_the_logit() -> None:
    loss = row_losses(torch.tensor([[[0.0], [2.0]]]), torch.tensor([1.0, 0.0]), "binary", 1.0)
    assert loss[0].tolist() == pytest.approx([math.log(2), math.log1p(math.exp(2))])


def test_multiclass_is_the_cross_entropy_of_the_logits() -> None:
    logits = torch.tensor([[[2.0, 0.0, -1.0]]])
    expected = math.log(sum(math.exp(v) for v in (2.0, 0.0, -1.0))) - 0.0
    assert row_losses(logits, torch.tensor([1.0]), "multiclass", 1.0).item() == pytest.approx(expected)


@pytest.mark.parametrize(("residual", "expected"), [(0.5, 0.125), (1.0, 0.5), (3.0, 2.5), (-3.0, 2.5)])
def test_regression_is_quadratic_inside_delta_and_linear_outside(residual: float, expected: float) -> None:
    loss = row_losses(torch.tensor([[[residual]]]), torch.tensor([0.0]), "regression", 1.0)
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_masked_rows_have_neither_loss_nor_gradient(kind: str) -> None:
    width = 3 if kind == "multiclass" else 1
    logits = torch.randn(2, 4, width, requires_grad=True)
    labels = torch.tensor([[1.0], [NAN], [0.0], [NAN]])
    loss = task_losses([logits], labels, [task(kind, width)], 1.0)
    kept = task_losses([logits[:, [0, 2]]], labels[[0, 2]], [task(kind, width)], 1.0)
    torch.testing.assert_close(loss, kept)
    loss.sum().backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert not logits.grad[:, [1, 3]].any()
    assert logits.grad[:, [0, 2]].abs().min() > 0


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_a_row_of_weight_two_counts_like_two_rows(kind: str) -> None:
    width = 3 if kind == "multiclass" else 1
    logits, labels = torch.randn(2, 3, width), torch.tensor([[1.0], [NAN], [0.0]])
    weights = torch.tensor([[2.0], [5.0], [1.0]])
    weighed = task_losses([logits], labels, [task(kind, width)], 1.0, weights)
    twice = [0, 0, 1, 2]
    repeated = task_losses([logits[:, twice]], labels[twice], [task(kind, width)], 1.0)
    torch.testing.assert_close(weighed * 2, repeated * 3)  # divided by known rows: two, and three


def test_a_batch_without_any_label_has_loss_zero() -> None:
    logits = torch.randn(1, 2, 1, requires_grad=True)
    loss = task_losses([logits], torch.full((2, 1), NAN), [task("binary")], 1.0)
    loss.sum().backward()
    assert loss.item() == 0.0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_many_classes_do_not_dilute_the_gradient() -> None:
    norms = []
    for classes in (3, 300):
        logits = torch.zeros(1, 8, classes, requires_grad=True)
        task_losses([logits], torch.zeros(8, 1), [task("multiclass", classes)], 1.0).sum().backward()
        assert logits.grad is not None
        norms.append(float(logits.grad.norm()))
    assert norms[1] > norms[0]


def test_the_loss_of_members_is_the_mean_of_their_losses() -> None:
    logits = torch.randn(3, 4, 1)
    labels = torch.tensor([[1.0], [0.0], [1.0], [0.0]])
    each = [task_losses([logits[m : m + 1]], labels, [task("binary")], 1.0) for m in range(3)]
    torch.testing.assert_close(task_losses([logits], labels, [task("binary")], 1.0), torch.stack(each).mean(dim=0))
