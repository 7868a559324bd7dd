from __future__ import annotations

import torch

from teacher.ple.batched import BatchedLinear, BatchedMLP


def test_each_slice_goes_through_its_own_layer() -> None:
    layer = BatchedLinear(3, 4, 5)
    x = torch.randn(3, 7, 4)
    out = layer(x)
    for index in range(3):
        torch.testing.assert_close(out[index], x[index] @ layer.weight[index] + layer.bias[index])


def test_layers_can_be_picked_per_slice() -> None:
    layer = BatchedLinear(2, 4, 5)
    x = torch.randn(3, 7, 4)
    out = layer(x, torch.tensor([1, 1, 0]))
    torch.testing.assert_close(out[0], x[0] @ layer.weight[1] + layer.bias[1])
    torch.testing.assert_close(out[2], x[2] @ layer.weight[0] + layer.bias[0])


def test_all_networks_have_one_output_scale() -> None:
    mlp = BatchedMLP(3, 4, 8, 16, dropout=0.0)
    with torch.no_grad():
        mlp.leave.weight[1].mul_(100.0)
    scale = mlp(torch.randn(3, 50, 4)).std(dim=(1, 2))
    torch.testing.assert_close(scale, torch.ones(3), atol=0.05, rtol=0)
