from __future__ import annotations

import torch

from teacher.experts.hgcn import Hgcn, TreeReader
from teacher.experts.lorentz import inner
from teacher.inputs.layout import Feed, TreeLayout
from teacher.inputs.tensors import Inputs

TREE = TreeLayout(parents=[-1, 0, 0, 1, 1, 2, 2], leaves=[3, 4, 5, 6])


def test_every_node_stays_on_the_hyperboloid_through_the_convolutions() -> None:
    torch.manual_seed(0)
    reader = TreeReader(TREE, dim=4)
    points = reader.convolve(reader.nodes)
    torch.testing.assert_close(inner(points, points), -torch.ones(7), atol=1e-4, rtol=1e-4)


def test_siblings_are_less_dispersed_than_categories_of_different_branches() -> None:
    torch.manual_seed(0)
    reader = TreeReader(TREE, dim=4)
    one, siblings, strangers = reader(torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0]]))[
        :, 4
    ].tolist()
    assert abs(one) < 1e-4
    assert one < siblings < strangers


def test_histograms_with_equal_means_by_branch_differ_and_every_part_learns() -> None:
    torch.manual_seed(0)
    feed = Feed(fields=[0], sequences=[], distributions=["year"])
    expert = Hgcn(feed, {"year": TREE}, dim=3, hidden=8, width=5, dropout=0.0, tree_dim=4)
    histogram = torch.tensor([[0.5, 0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    empty = torch.zeros(2, 0)
    inputs = Inputs(empty, empty, empty.long(), empty, {}, {}, {"year": histogram}, {}, empty)
    value = expert(torch.zeros(2, 1, 3), inputs).value
    assert value.shape == (2, 5)
    assert not torch.allclose(value[0], value[1])
    value.square().sum().backward()
    reader = expert.readers["year"]
    assert isinstance(reader, TreeReader)
    for parameter in (reader.nodes, reader.references):
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0
