from __future__ import annotations

import pytest
import torch

from teacher.inputs.layout import TaskLayout
from teacher.ple.transfer import LogitTransfer
from understudy.errors import UserError

TASKS = [
    TaskLayout.model_validate({"name": name, "type": kind, "group": "g", "width": width, "weight": 1.0})
    for name, kind, width in (("buys", "binary", 1), ("next", "multiclass", 3), ("spend", "regression", 1))
]


def logits() -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.randn(2, 4, width, requires_grad=True) for width in (1, 3, 1)]


def test_it_starts_as_the_identity() -> None:
    transfer, given = LogitTransfer([("next", "buys"), ("buys", "next")], TASKS), logits()
    for one, other in zip(transfer(given), given, strict=True):
        torch.testing.assert_close(one, other)


def test_a_target_hears_its_source_and_cannot_bend_it() -> None:
    transfer, given = LogitTransfer([("next", "buys")], TASKS), logits()
    with torch.no_grad():
        transfer.maps[0].weight.copy_(torch.tensor([[1.0, 0.0, -1.0]]))
    moved = transfer(given)
    shares = torch.softmax(given[1], dim=-1)
    torch.testing.assert_close(moved[0], given[0] + shares[..., :1] - shares[..., 2:])
    torch.testing.assert_close(moved[1], given[1])
    to_target, to_source = torch.autograd.grad(moved[0].sum(), given[:2], allow_unused=True)
    assert (to_target == 1).all()
    assert to_source is None


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(UserError, match="'nothing' that the dataset does not have"):
        LogitTransfer([("nothing", "buys")], TASKS)
