from __future__ import annotations

import pytest
import torch

from teacher.experts.patches import PatchTransformer


def transformer(length: int) -> PatchTransformer:
    torch.manual_seed(0)
    return PatchTransformer(8, length, heads=2, dropout=0.0).eval()


@pytest.mark.parametrize("real", [1, 5, 6, 11])
def test_padding_and_what_stands_in_it_change_nothing(real: int) -> None:
    model = transformer(12)
    assert model.patch == 2
    steps, mask = torch.randn(3, 12, 8), torch.arange(12).expand(3, -1) >= 12 - real
    other = torch.where(mask.unsqueeze(-1), steps, torch.randn(3, 12, 8))
    torch.testing.assert_close(model(other, mask), model(steps, mask))
    shorter = steps[:, 12 - real :], mask[:, 12 - real :]
    torch.testing.assert_close(model(*shorter), model(steps, mask))


def test_the_order_of_steps_counts() -> None:
    model = transformer(12)
    with torch.no_grad():
        model.position.mul_(50)
    steps, mask = torch.randn(3, 12, 8), torch.ones(3, 12, dtype=torch.bool)
    assert not torch.allclose(model(steps, mask), model(steps.flip(1), mask), atol=1e-4)


def test_a_customer_without_steps_has_a_finite_output() -> None:
    model = transformer(12)
    out = model(torch.randn(2, 12, 8), torch.zeros(2, 12, dtype=torch.bool))
    assert torch.isfinite(out).all()
    torch.testing.assert_close(out[0], out[1])
