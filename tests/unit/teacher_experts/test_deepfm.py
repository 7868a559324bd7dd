from __future__ import annotations

import itertools

import torch

from teacher.experts.deepfm import DeepFM, second_order
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs


def no_inputs() -> Inputs:
    empty = torch.zeros(3, 0)
    return Inputs(empty, empty, empty.long(), empty, {}, {}, {}, {}, empty)


def test_second_order_is_the_naive_double_sum_over_pairs() -> None:
    fields = torch.randn(5, 7, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    naive = torch.zeros(5, dtype=torch.float64)
    for i, j in itertools.combinations(range(7), 2):
        naive += (fields[:, i] * fields[:, j]).sum(dim=1)
    torch.testing.assert_close(second_order(fields).sum(dim=1), naive)


def test_second_order_keeps_each_dimension_apart() -> None:
    fields = torch.zeros(1, 2, 3)
    fields[0, 0, 1], fields[0, 1, 1] = 2.0, 5.0
    fields[0, 0, 2] = 7.0
    assert second_order(fields).tolist() == [[0.0, 10.0, 0.0]]


def test_only_routed_fields_are_read() -> None:
    torch.manual_seed(0)
    expert = DeepFM(Feed(fields=[0, 2], sequences=[], distributions=[]), 4, 8, 6, members=2, dropout=0.0)
    fields = torch.randn(3, 3, 4, requires_grad=True)
    value = expert(fields, no_inputs()).value
    assert value.shape == (6, 6)
    value.square().sum().backward()
    assert fields.grad is not None
    used = fields.grad.abs().sum(dim=(0, 2))
    assert used[1] == 0
    assert used[0] > 0
    assert used[2] > 0


def test_members_differ() -> None:
    torch.manual_seed(0)
    expert = DeepFM(Feed(fields=[0, 1], sequences=[], distributions=[]), 4, 8, 6, members=2, dropout=0.0)
    first, second = expert(torch.randn(3, 2, 4), no_inputs()).value.chunk(2)
    assert not torch.allclose(first, second)
