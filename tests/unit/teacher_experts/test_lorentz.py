from __future__ import annotations

import geoopt
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher.experts.lorentz import centroid, distance, exp_origin, inner, log_origin

LORENTZ = geoopt.Lorentz()


def tangents(seed: int, rows: int = 6, dim: int = 5, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1e-3, 0.5, 3.0]))
def test_exp_and_log_are_inverse_and_points_lie_on_the_hyperboloid(seed: int, scale: float) -> None:
    v = tangents(seed, scale=scale)
    x = exp_origin(v)
    # The two squares are as large as x_0^2; their difference is 1.
    assert ((inner(x, x) + 1).abs() / x[:, 0].square()).max() < 1e-12
    torch.testing.assert_close(log_origin(x), v, atol=1e-7, rtol=1e-6)


def test_maps_and_distances_are_those_of_geoopt() -> None:
    v, w = tangents(0), tangents(1)
    origin_tangent = torch.cat([torch.zeros(len(v), 1, dtype=v.dtype), v], dim=1)
    torch.testing.assert_close(exp_origin(v), LORENTZ.expmap0(origin_tangent), atol=1e-9, rtol=1e-9)
    x, y = exp_origin(v), exp_origin(w)
    torch.testing.assert_close(distance(x, y), LORENTZ.dist(x, y), atol=1e-6, rtol=1e-6)


def test_near_points_keep_their_distance_in_single_precision() -> None:
    v = torch.tensor([[1.0, 0.5]])
    near = distance(exp_origin(v), exp_origin(v + 1e-3)).item()
    exact = distance(exp_origin(v.double()), exp_origin(v.double() + 1e-3)).item()
    assert abs(near / exact - 1) < 0.05


def test_a_centroid_is_nearer_in_total_than_any_of_its_neighbours() -> None:
    points = exp_origin(tangents(3))
    weights = torch.softmax(tangents(4, rows=1, dim=6), dim=1)
    middle, dispersion = centroid(weights, points)

    def total(point: torch.Tensor) -> float:
        # squared Lorentzian distance, -2 - 2 <x, y>
        return float((weights * (-2.0 - 2.0 * inner(point, points))).sum())

    moved = [exp_origin(log_origin(middle) + 0.05 * tangents(seed, rows=1)) for seed in range(5, 25)]
    assert all(total(middle) < total(other) for other in moved)
    assert dispersion.item() > 1


def test_one_point_alone_is_its_own_centroid_without_dispersion() -> None:
    points = exp_origin(tangents(6))
    middle, dispersion = centroid(torch.eye(6, dtype=torch.float64), points)
    torch.testing.assert_close(middle, points)
    torch.testing.assert_close(dispersion, torch.ones(6, dtype=torch.float64))
