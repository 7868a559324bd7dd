from __future__ import annotations

import torch
from torch import Tensor

from teacher.experts.acyclicity import acyclicity
from teacher.experts.causal import Causal, StructuralLayer
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs

# 0 -> 1 -> 3, 0 -> 2 -> 3, 3 -> 4
EDGES = {(0, 1): 1.2, (0, 2): -0.9, (1, 3): 0.8, (2, 3): 1.1, (3, 4): 1.0}


def observations(rows: int = 1500) -> Tensor:
    noise = torch.randn(rows, 5, generator=torch.Generator().manual_seed(0))
    x = noise.clone()
    for target in range(5):
        for (source, end), effect in EDGES.items():
            if end == target:
                x[:, target] = x[:, target] + effect * x[:, source]
    return x - x.mean(dim=0)


def fitted(layer: StructuralLayer, x: Tensor, epochs: int = 12, steps: int = 60) -> StructuralLayer:
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    for _ in range(epochs):
        for _ in range(steps):
            optimizer.zero_grad()
            layer(x)[1].backward()
            optimizer.step()
        layer.tighten()
    return layer


def test_known_graph_is_recovered_acyclic_and_not_collapsed() -> None:
    torch.manual_seed(0)
    layer = fitted(StructuralLayer(5), observations())
    weights = layer.weights.detach()
    found = {(int(i), int(j)) for i, j in (weights.abs() > 0.3).nonzero()}
    assert found == set(EDGES)
    assert acyclicity(weights) < 1e-3
    assert all(abs(float(weights[edge]) - effect) < 0.25 for edge, effect in EDGES.items())


def test_no_variable_explains_itself() -> None:
    assert not StructuralLayer(4).weights.diagonal().any()


def test_tighten_raises_the_price_of_cycles() -> None:
    layer = StructuralLayer(3)
    with torch.no_grad():
        layer.graph.copy_(torch.full((3, 3), 0.5))
    prices = []
    for _ in range(3):
        prices.append(layer(torch.zeros(2, 3))[1].item())
        layer.tighten()
    assert prices[0] < prices[1] < prices[2]


def test_tasks_cannot_bend_the_graph() -> None:
    torch.manual_seed(0)
    expert = Causal(Feed(fields=[0, 1, 2], sequences=[], distributions=[]), 8, 6, members=2, dropout=0.0)
    scalars = torch.randn(5, 3)
    empty = torch.zeros(5, 0)
    output = expert(empty, Inputs(empty, empty, empty.long(), scalars, {}, {}, {}, {}, empty))
    assert output.value.shape == (10, 6)
    output.value.sum().backward(retain_graph=True)
    assert expert.structure.graph.grad is None
    assert output.objective is not None
    output.objective.backward()
    assert expert.structure.graph.grad is not None
