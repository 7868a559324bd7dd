from __future__ import annotations

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher.experts.perslay import PersLay, PersLayVector
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs


def diagram(seed: int, points: int = 7, present: int = 5) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    birth = torch.randn(2, 1, points, generator=generator)
    length = torch.rand(2, 1, points, generator=generator)
    there = (torch.arange(points) < present).float().expand_as(birth)
    return torch.stack([birth * there, (birth + length) * there, there], dim=-1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.permutations(range(7)))
def test_the_order_of_the_points_does_not_matter(seed: int, order: list[int]) -> None:
    torch.manual_seed(0)
    vector = PersLayVector()
    found = diagram(seed)
    torch.testing.assert_close(vector(found[:, :, order]), vector(found), atol=1e-5, rtol=1e-5)


def test_the_sum_is_the_papers_formula() -> None:
    torch.manual_seed(1)
    vector = PersLayVector(gaussians=3, lines=2)
    found = diagram(2)
    out = vector(found)[0]
    power = math.log1p(math.exp(vector.power.item()))
    for k in range(3):
        expected = 0.0
        for birth, death, present in found[0, 0].tolist():
            if present:
                place, width = vector.places[k].tolist(), math.exp(vector.log_width[k].item())
                gap = (birth - place[0]) ** 2 + (death - place[1]) ** 2
                expected += (death - birth) ** power * math.exp(-gap / (2 * width**2))
        assert abs(out[k].item() - expected) < 1e-5


def test_absent_points_do_not_count_and_an_empty_diagram_is_zero() -> None:
    torch.manual_seed(0)
    vector = PersLayVector()
    found = diagram(3)
    torch.testing.assert_close(vector(found[:, :, :5]), vector(found))
    assert not vector(torch.zeros(2, 1, 7, 3)).any()


def test_every_part_of_the_expert_learns() -> None:
    torch.manual_seed(0)
    feed = Feed(fields=[], sequences=["spend"], distributions=[])
    expert = PersLay(feed, {"spend": (15, 1)}, dim=3, hidden=8, width=5, dropout=0.0)
    empty = torch.zeros(2, 0)
    inputs = Inputs(empty, empty, empty.long(), empty, {}, {}, {}, {"spend": diagram(4)}, empty)
    value = expert(torch.zeros(2, 0, 3), inputs).value
    assert value.shape == (2, 5)
    value.square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in expert.parameters())
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in expert.vectors.parameters())
