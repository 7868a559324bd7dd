from __future__ import annotations

import torch

from teacher.experts.optimal_transport import OptimalTransport, ReferenceMeasures
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs


def test_measures_are_distributions_and_the_cost_is_a_bounded_metric_cost() -> None:
    torch.manual_seed(0)
    reference = ReferenceMeasures(bins=6, references=4)
    torch.testing.assert_close(reference.measures.sum(dim=1), torch.ones(4))
    cost = reference.cost
    torch.testing.assert_close(cost, cost.T)
    assert not cost.diagonal().any()
    assert cost.max().item() == 1.0


def test_a_histogram_equal_to_a_reference_is_at_distance_zero() -> None:
    torch.manual_seed(0)
    reference = ReferenceMeasures(bins=6, references=4)
    out = reference(reference.measures.detach())
    assert out.diagonal().abs().max() < 1e-4
    assert out[~torch.eye(4, dtype=torch.bool)].min() > 1e-3


def test_references_and_bin_places_learn() -> None:
    torch.manual_seed(0)
    feed = Feed(fields=[], sequences=[], distributions=["spending"])
    expert = OptimalTransport(feed, {"spending": 6}, dim=4, hidden=8, width=5, dropout=0.0, references=3)
    empty = torch.zeros(7, 0)
    histogram = {"spending": torch.softmax(torch.randn(7, 6), dim=1)}
    inputs = Inputs(empty, empty, empty.long(), empty, {}, {}, histogram, {}, empty)
    value = expert(torch.zeros(7, 0, 4), inputs).value
    assert value.shape == (7, 5)
    value.square().sum().backward()
    measure = expert.measures["spending"]
    assert isinstance(measure, ReferenceMeasures)
    assert measure.logits.grad is not None
    assert measure.logits.grad.abs().sum() > 0
    assert measure.places.grad is not None
    assert measure.places.grad.abs().sum() > 0
