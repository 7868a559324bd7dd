from __future__ import annotations

import ot
import pytest
import torch
from torch import Tensor

from teacher.experts.sinkhorn import potentials, sinkhorn_divergence, transport_cost

EPSILON = 0.1


def histograms(rows: int, bins: int = 7, seed: int = 0) -> Tensor:
    logits = torch.randn(rows, bins, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.softmax(logits, dim=1)


def ground(bins: int = 7) -> Tensor:
    line = torch.linspace(0, 1, bins, dtype=torch.float64)
    return (line.unsqueeze(0) - line.unsqueeze(1)).square()


def plan(p: Tensor, q: Tensor, cost: Tensor) -> Tensor:
    f, g = potentials(p, q, cost, EPSILON, iterations=200)
    return p.unsqueeze(-1) * q.unsqueeze(-2) * torch.exp((f.unsqueeze(-1) + g.unsqueeze(-2) - cost) / EPSILON)


def test_both_marginals_hold() -> None:
    p, q = histograms(4, seed=1), histograms(4, seed=2)
    moved = plan(p, q, ground())
    torch.testing.assert_close(moved.sum(dim=-1), p, atol=1e-8, rtol=1e-6)
    torch.testing.assert_close(moved.sum(dim=-2), q, atol=1e-8, rtol=1e-6)


def test_plan_is_pot_s_plan() -> None:
    p, q, cost = histograms(1, seed=1)[0], histograms(1, seed=2)[0], ground()
    oracle = ot.sinkhorn(p.numpy(), q.numpy(), cost.numpy(), EPSILON, method="sinkhorn_log", stopThr=1e-12)
    torch.testing.assert_close(plan(p, q, cost), torch.from_numpy(oracle), atol=1e-8, rtol=1e-5)


def pot_cost(p: Tensor, q: Tensor) -> float:
    solution = ot.solve(ground().numpy(), p.numpy(), q.numpy(), reg=EPSILON, reg_type="KL", tol=1e-12, max_iter=20_000)
    return float(solution.value)


def test_divergence_is_pot_s_divergence() -> None:
    p, q = histograms(3, seed=1), histograms(2, seed=2)
    ours = sinkhorn_divergence(p, q, ground(), EPSILON, iterations=300)
    for i in range(3):
        for j in range(2):
            oracle = pot_cost(p[i], q[j]) - 0.5 * pot_cost(p[i], p[i]) - 0.5 * pot_cost(q[j], q[j])
            assert float(ours[i, j]) == pytest.approx(oracle, abs=1e-6)


def test_zero_at_itself_positive_elsewhere_and_growing_with_the_distance_moved() -> None:
    peaks = torch.eye(7, dtype=torch.float64) * 0.94 + 0.01 * torch.ones(7, 7)
    peaks = peaks / peaks.sum(dim=1, keepdim=True)
    row = sinkhorn_divergence(peaks[:1], peaks, ground(), EPSILON)[0]
    assert abs(float(row[0])) < 1e-6
    assert (row[1:] > row[:-1]).all()


def test_empty_bins_are_no_obstacle_in_single_precision() -> None:
    corners = torch.eye(7)[[0, 6]]
    out = sinkhorn_divergence(corners, corners, ground().float(), EPSILON)
    assert torch.isfinite(out).all()
    torch.testing.assert_close(out, torch.tensor([[0.0, 1.0], [1.0, 0.0]]), atol=1e-3, rtol=0)


def test_gradients_are_those_of_the_converged_value() -> None:
    logits = torch.randn(2, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64).requires_grad_()
    places = torch.rand(5, 2, generator=torch.Generator().manual_seed(4), dtype=torch.float64).requires_grad_()

    def cost_of(logits: Tensor, places: Tensor) -> Tensor:
        ground = (places.unsqueeze(0) - places.unsqueeze(1)).square().sum(dim=-1)
        p, q = torch.softmax(logits, dim=1)
        return transport_cost(p, q, ground, EPSILON, iterations=300)

    assert torch.autograd.gradcheck(cost_of, (logits, places), atol=1e-5)
