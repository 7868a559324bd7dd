from __future__ import annotations

import torch

from teacher.experts.members import MemberLinear


def test_each_member_is_the_shared_product_scaled_and_shifted() -> None:
    torch.manual_seed(0)
    layer = MemberLinear(3, 5, members=4)
    x = torch.randn(2, 3)
    out = layer(x).view(4, 2, 5)
    for member in range(4):
        expected = x @ layer.shared.weight.T * layer.scale[member] + layer.bias[member]
        torch.testing.assert_close(out[member], expected)


def test_scales_start_as_signs_and_a_single_member_is_a_plain_layer() -> None:
    torch.manual_seed(0)
    assert set(MemberLinear(3, 64, members=4).scale.flatten().tolist()) == {-1.0, 1.0}
    assert set(MemberLinear(3, 64, members=1).scale.flatten().tolist()) == {1.0}
