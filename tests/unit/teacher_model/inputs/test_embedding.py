from __future__ import annotations

import math

import pytest
import torch

from teacher.inputs.embedding import CategoryEmbedding, PiecewiseLinearEmbedding

EDGES = torch.tensor([[0.0, 1.0, 3.0, 4.0], [-1.0, 1.0, math.inf, math.inf]])


@pytest.mark.parametrize(
    ("x", "expected"),
    [(-2.0, [0, 0, 0]), (0.5, [0.5, 0, 0]), (1.0, [1, 0, 0]), (2.0, [1, 0.5, 0]), (9.0, [1, 1, 1])],
)
def test_encoding_fills_bins_from_the_left(x: float, expected: list[float]) -> None:
    encoded = PiecewiseLinearEmbedding(EDGES, 4).encode(torch.tensor([[x, 0.0]]))
    assert encoded[0, 0].tolist() == pytest.approx(expected)
    assert encoded[0, 1].tolist() == pytest.approx([0.5, 0, 0])


def test_embedding_is_linear_within_a_bin_and_bends_at_its_edges() -> None:
    torch.manual_seed(0)
    layer = PiecewiseLinearEmbedding(EDGES, 4)
    with torch.no_grad():
        layer.bins_weight.normal_()
    at = torch.tensor([[1.2, 0.0], [1.6, 0.0], [2.0, 0.0], [3.2, 0.0]])
    a, b, c, beyond = layer(at, torch.zeros(4, 2))[:, 0]
    torch.testing.assert_close(b - a, c - b)
    assert not torch.allclose(beyond - c, (c - b) * 3)


def test_a_missing_number_has_an_embedding_of_its_own() -> None:
    layer = PiecewiseLinearEmbedding(EDGES, 4)
    with torch.no_grad():
        layer.missing.fill_(1.0)
        layer.bins_weight.fill_(1.0)
    out = layer(torch.zeros(1, 2), torch.ones(1, 2))[0]
    torch.testing.assert_close(out, layer.bias + 1.0)


def test_categories_of_different_columns_do_not_share_rows() -> None:
    layer = CategoryEmbedding([2, 3], 4)
    assert layer.table.weight.shape == (7, 4)
    out = layer(torch.tensor([[1, 1]]))[0]
    torch.testing.assert_close(out, layer.table.weight[[1, 4]])


def test_an_unseen_category_starts_out_saying_nothing() -> None:
    assert not CategoryEmbedding([2, 3], 4)(torch.tensor([[0, 0]])).any()
