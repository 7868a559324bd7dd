from __future__ import annotations

import torch
from ncps.torch.cfc_cell import CfCCell

from teacher.experts.liquid import LiquidCell, LiquidNetwork


def test_cell_equals_ncps() -> None:
    torch.manual_seed(0)
    oracle = CfCCell(3, 4, mode="default", backbone_units=6, backbone_layers=1)
    cell = LiquidCell(3, 4, backbone=6)
    with torch.no_grad():
        cell.backbone.load_state_dict(oracle.backbone[0].state_dict())
        heads = [oracle.ff1, oracle.ff2, oracle.time_a, oracle.time_b]
        cell.heads.weight.copy_(torch.cat([head.weight for head in heads]))
        cell.heads.bias.copy_(torch.cat([head.bias for head in heads]))
    x, h, elapsed = torch.randn(5, 3), torch.randn(5, 4), torch.rand(5, 1) * 3
    torch.testing.assert_close(cell(x, h, elapsed), oracle(x, h, elapsed)[0])


def test_padding_leaves_the_state_alone() -> None:
    torch.manual_seed(0)
    network = LiquidNetwork(4, backbone=6)
    steps, mask = torch.randn(3, 5, 4), torch.ones(3, 5, dtype=torch.bool)
    longer = torch.cat([torch.randn(3, 2, 4), steps], dim=1)
    longer_mask = torch.cat([torch.zeros(3, 2, dtype=torch.bool), mask], dim=1)
    torch.testing.assert_close(network(longer, longer_mask), network(steps, mask))


def test_the_order_of_steps_counts() -> None:
    torch.manual_seed(0)
    network = LiquidNetwork(4, backbone=6)
    steps, mask = torch.randn(3, 5, 4), torch.ones(3, 5, dtype=torch.bool)
    assert not torch.allclose(network(steps, mask), network(steps.flip(1), mask))
