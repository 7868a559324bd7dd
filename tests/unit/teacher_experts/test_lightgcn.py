from __future__ import annotations

import numpy as np
import torch
from torch_geometric.nn import LGConv

from teacher.experts.lightgcn import LightGcn, Propagation
from teacher.inputs.graph import ProductGraph, is_flag
from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs


def bank(seed: int = 0, customers: int = 40, products: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(customers, products, generator=generator) < 0.4).float()


def propagation(held: torch.Tensor, hops: int) -> Propagation:
    graph = ProductGraph.fit(held.numpy())
    return Propagation(torch.from_numpy(graph.degrees), torch.from_numpy(graph.two_hop), dim=5, hops=hops)


def test_training_customers_get_what_the_reference_propagates_over_the_whole_graph() -> None:
    held = bank()
    customers = len(held)
    for hops in (1, 2, 3, 4):
        torch.manual_seed(1)
        layer = propagation(held, hops)
        who, what = held.nonzero(as_tuple=True)
        edges = torch.stack([torch.cat([who, what + customers]), torch.cat([what + customers, who])])
        state = torch.cat([torch.zeros(customers, 5), layer.products])
        total, convolve = state, LGConv()
        for _ in range(hops):
            state = convolve(state, edges)
            total = total + state
        torch.testing.assert_close(layer(held), (total / (hops + 1))[:customers], atol=1e-5, rtol=1e-5)


def test_a_new_customer_is_embedded_without_training_like_a_known_one_with_the_same_products() -> None:
    held = bank()
    layer = propagation(held, hops=3)
    known = layer(held)[3]
    torch.testing.assert_close(layer(held[3:4].clone())[0], known)


def test_nobody_holds_nothing_and_a_lonely_product_divides_by_nothing() -> None:
    held = bank()
    held[:, 2] = 0.0
    out = propagation(held, hops=3)(torch.zeros(1, 6))
    assert out.isfinite().all()
    assert not out.any()


def test_portfolios_of_one_kind_are_told_apart_and_every_part_learns() -> None:
    torch.manual_seed(0)
    held = bank()
    graph = ProductGraph.fit(held.numpy())
    feed = Feed(fields=[], sequences=[], distributions=[], products=list(range(6)))
    degrees, two_hop = torch.from_numpy(graph.degrees), torch.from_numpy(graph.two_hop)
    expert = LightGcn(feed, degrees, two_hop, dim=3, hidden=8, width=4, dropout=0.0)
    empty = torch.zeros(len(held), 0)
    inputs = Inputs(empty, empty, empty.long(), empty, {}, {}, {}, {}, held)
    value = expert(torch.zeros(len(held), 0, 3), inputs).value
    assert value.shape == (40, 4)
    value.square().sum().backward()
    assert expert.graph.products.grad is not None
    assert expert.graph.products.grad.abs().sum() > 0


def test_a_flag_is_zero_and_one_both_and_nothing_else() -> None:
    assert is_flag(np.array([0.0, 1.0, np.nan]))
    assert not is_flag(np.array([0.0, 2.0]))
    assert not is_flag(np.array([1.0, 1.0]))
    assert not is_flag(np.array([np.nan]))
