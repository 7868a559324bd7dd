from __future__ import annotations

import pytest
import torch
from torch import nn

from teacher.training.average import MovingAverage


def test_average_follows_with_its_horizon() -> None:
    network = nn.Linear(2, 2)
    average = MovingAverage(network, horizon=10.0)
    with torch.no_grad():
        network.weight.fill_(1.0)
    for _ in range(200):
        average.update()
    gap = (average.network.weight - 1.0).abs().max().item()
    assert gap < 1e-6
    with torch.no_grad():
        network.weight.fill_(2.0)
    average.update()
    assert average.network.weight[0, 0].item() == pytest.approx(1.1, abs=1e-3)


def test_the_random_start_is_forgotten_at_once() -> None:
    network = nn.Linear(2, 2)
    average = MovingAverage(network, horizon=1e9)
    with torch.no_grad():
        network.weight.fill_(7.0)
    average.update()
    torch.testing.assert_close(average.network.weight, network.weight)


def test_average_is_a_copy_that_takes_no_gradient() -> None:
    network = nn.Linear(2, 2)
    average = MovingAverage(network, horizon=10.0)
    assert not any(parameter.requires_grad for parameter in average.network.parameters())
    kept = average.state_dict()
    with torch.no_grad():
        network.weight.add_(1.0)
    average.update()
    assert not torch.equal(kept["weight"], average.network.weight)
