from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from mambapy.mamba import MambaBlock
from torch import Tensor

from teacher.experts.scan import SelectiveStateSpace, linear_scan, selective_scan


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("length", [1, 2, 3, 8, 13])
def test_scan_equals_the_step_by_step_recurrence(length: int) -> None:
    a, b = torch.sigmoid(drawn(3, length, 4, seed=1)), drawn(3, length, 4, seed=2)
    state, states = torch.zeros(3, 4, dtype=torch.float64), []
    for t in range(length):
        state = a[:, t] * state + b[:, t]
        states.append(state)
    torch.testing.assert_close(linear_scan(a, b), torch.stack(states, dim=1))


def test_scan_has_the_recurrence_s_gradient() -> None:
    a, b = torch.sigmoid(drawn(2, 5, 3, seed=1)).requires_grad_(), drawn(2, 5, 3, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(linear_scan, (a, b))


def test_selective_scan_equals_mambapy() -> None:
    x, delta = drawn(2, 7, 6, seed=3), torch.nn.functional.softplus(drawn(2, 7, 6, seed=4))
    a, d = -torch.exp(drawn(6, 5, seed=5)), drawn(6, seed=6)
    b, c = drawn(2, 7, 5, seed=7), drawn(2, 7, 5, seed=8)
    oracle = SimpleNamespace(config=SimpleNamespace(d_inner=6, d_state=5))
    expected = MambaBlock.selective_scan_seq(oracle, x, delta, a, b, c, d)
    torch.testing.assert_close(selective_scan(x, delta, a, b, c, d), expected)


def test_a_step_of_size_zero_leaves_the_state_alone() -> None:
    x, delta = drawn(1, 4, 2, seed=1), torch.full((1, 4, 2), 0.5, dtype=torch.float64)
    a, b, c, d = (
        -torch.ones(2, 3).double(),
        drawn(1, 4, 3, seed=2),
        torch.ones(1, 4, 3).double(),
        torch.zeros(2).double(),
    )
    delta[:, 1] = 0.0
    keep = [0, 2, 3]
    with_pause = selective_scan(x, delta, a, b, c, d)[:, keep]
    without = selective_scan(x[:, keep], delta[:, keep], a, b[:, keep], c[:, keep], d)
    torch.testing.assert_close(with_pause, without)


def test_block_ignores_padding_and_what_stands_in_it() -> None:
    torch.manual_seed(0)
    block = SelectiveStateSpace(8)
    steps, mask = torch.randn(3, 5, 8), torch.ones(3, 5, dtype=torch.bool)
    longer = torch.cat([torch.randn(3, 4, 8), steps], dim=1)
    longer_mask = torch.cat([torch.zeros(3, 4, dtype=torch.bool), mask], dim=1)
    torch.testing.assert_close(block(longer, longer_mask), block(steps, mask))


def test_block_is_silent_without_any_step() -> None:
    block = SelectiveStateSpace(8)
    assert not block(torch.randn(2, 4, 8), torch.zeros(2, 4, dtype=torch.bool)).any()
